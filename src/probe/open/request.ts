import { CONNECT_DEFAULTS, type ConnectRequest } from '../connect/request.ts';
import type { ConnectEvent } from '../events.ts';

/** A connection to make, and then to read from and write to: the choices of `connect` that are not about what is said in it. */
export interface OpenRequest extends Omit<ConnectRequest, 'data' | 'close' | 'idleMs' | 'deadlineMs' | 'holdMs'> {
  /** Is shown each step as it happens, as `connect` tells them; the start and the result left aside. */
  onEvent: ((event: ConnectEvent) => void) | undefined;
}

/** All that a program need not say. */
export const OPEN_DEFAULTS = { ...CONNECT_DEFAULTS, onEvent: undefined } as const satisfies Partial<OpenRequest>;
