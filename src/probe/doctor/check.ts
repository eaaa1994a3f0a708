/** How a check is told. */
import type { CheckEvent, CheckName } from '../events.ts';

/** All is well. */
export const works = (name: CheckName, detail: string): CheckEvent => ({
  type: 'check',
  name,
  ok: true,
  fatal: false,
  detail,
  remedy: undefined,
});

/** Something does not work, or not well, that `connect` can do without. */
export const limits = (name: CheckName, detail: string, remedy?: string): CheckEvent => ({
  type: 'check',
  name,
  ok: false,
  fatal: false,
  detail,
  remedy,
});

/** Without this `connect` does not work. */
export const breaks = (name: CheckName, detail: string, remedy?: string): CheckEvent => ({
  ...limits(name, detail, remedy),
  fatal: true,
});

/** Who is to run a remedy. */
export interface User {
  /** Effective user ID. */
  uid: number;
  hasSudo: boolean;
  /** Root in a user namespace is not root of the machine. */
  inUserNamespace: boolean;
  /** The words that start rawshake: Node.js and the script. */
  rawshake: readonly string[];
}
