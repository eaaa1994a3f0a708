/** What `doctor` tells. */
import type { NetError } from '../../net/errors.ts';
import type { Reason, Verdict } from './common.ts';

/** What `doctor` looks at. */
export type CheckName =
  | 'system'
  | 'capabilities'
  | 'koffi'
  | 'raw-socket'
  | 'socket'
  | 'loopback'
  | 'guard'
  | 'filter'
  | 'time-stamps'
  | 'checksums'
  | 'receive-buffer'
  | 'firewall'
  | 'ports'
  | 'open-files'
  | 'privileges';

/** Something of this machine that `doctor` has looked at. */
export interface CheckEvent {
  type: 'check';
  name: CheckName;
  ok: boolean;
  /** `connect` does not work for want of it. */
  fatal: boolean;
  /** What was found. */
  detail: string;
  /** What to do about it: a command to paste. Undefined where there is nothing to do, or no command that does it. */
  remedy: string | undefined;
}

/** The last event of `doctor`. */
export interface DoctorResult {
  type: 'result';
  checks: number;
  /** Those that are not ok. */
  failed: readonly CheckName[];
  /** Of a connection to a port on loopback that is open; undefined where it could not be tried. */
  verdict: Verdict | undefined;
  reason: Reason | undefined;
  /** Each step of that connection went as asked, and our kernel kept out of it. */
  completed: boolean;
  /** What keeps `connect` from working here. */
  error: NetError | undefined;
}

/** All that `doctor` tells, its result last. */
export type DoctorEvent = CheckEvent | DoctorResult;
