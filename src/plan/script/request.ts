import type { Ipv4Address } from '../../wire/address.ts';

/** Against whom a script runs. */
export interface ScriptTarget {
  /** As the user gave it; only shown. */
  host: string;
  address: Ipv4Address;
  port: number;
  /** Undefined: the one the kernel's route has. */
  source?: Ipv4Address | undefined;
  /** Undefined: any free one. */
  sourcePort?: number | undefined;
  interfaceName?: string | undefined;
}

/** A packet script to be run against a target. */
export interface ScriptRequest extends ScriptTarget, ScriptOptions {
  /** As docs/scripts.md has it. */
  text: string;
}

export interface ScriptOptions {
  /** The longest that all of it may take. */
  deadlineMs: number;
}

export const SCRIPT_DEFAULTS = { deadlineMs: 30_000 } as const satisfies ScriptOptions;
