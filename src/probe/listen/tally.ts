/** What became of all that called. */

import { exitCodeBy } from '../connect/result.ts';
import type { ConnectResult, ListenResult } from '../events.ts';
import type { Served } from './served.ts';

export class Tally {
  connections = 0;
  completed = 0;
  resetByPeer = 0;
  timedOut = 0;
  interrupted = 0;
  halfOpen = 0;
  cookiesSent = 0;
  cookiesUsed = 0;
  refused = 0;
  strays = 0;
  sentBytes = 0;
  receivedBytes = 0;

  /** A conversation is over. */
  counts({ isHalfOpen, connection }: Served, result: ConnectResult): void {
    if (isHalfOpen) {
      this.halfOpen++;
      return;
    }
    const { sentBytes, receivedBytes } = connection.record;
    this.sentBytes += sentBytes;
    this.receivedBytes += receivedBytes;
    if (exitCodeBy(result) === 0) this.completed++;
    else if (result.ended === 'reset-by-peer') this.resetByPeer++;
    else if (result.ended === 'interrupted' || result.ended === 'deadline') this.interrupted++;
    else this.timedOut++;
  }
}

/**
 * 0: all that came was served as asked; who is still there at the end does not count. 2: connections were awaited and none
 * came. 3: one did not go as asked, or there were fewer than awaited.
 */
export function listenExitCode({ connections, completed, interrupted, countReached }: ListenResult): 0 | 2 | 3 {
  if (!countReached) return connections === 0 ? 2 : 3;
  return completed + interrupted === connections ? 0 : 3;
}
