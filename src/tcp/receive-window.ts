/** The receive window before a user who takes what has arrived when it likes (RFC 9293 §3.8.6.2.2). */
import type { Tcb } from './tcb.ts';

/** Bytes were handed to the user: they fill the buffer until it has taken them. The window's right edge stays where it is. */
export function delivered(tcb: Tcb, bytes: number): void {
  if (!tcb.config.userReads) return;
  tcb.rcvUser += bytes;
  tcb.rcvWnd -= bytes;
  widen(tcb);
}

/** The user has taken bytes. A peer that was told of a narrow window is told of the wider one. */
export function taken(tcb: Tcb, bytes: number): void {
  const wasNarrow = offered(tcb) < tcb.rcvBuffer / 2;
  tcb.rcvUser -= bytes;
  if (widen(tcb) && wasNarrow && mayReceive(tcb)) tcb.ackDue = true;
}

/** The peer may still send. */
const mayReceive = ({ state }: Tcb): boolean => state === 'ESTABLISHED' || state === 'FIN-WAIT-1' || state === 'FIN-WAIT-2';

/** As the field can say it: what is no whole unit is left out, and accepted all the same (RFC 7323 §2.4). */
function offered({ rcvWnd, rcvWscale }: Tcb): number {
  const unit = 2 ** rcvWscale;
  return Math.floor(rcvWnd / unit) * unit;
}

/** By a segment at the least, so that no peer sends crumbs (silly window syndrome). */
function widen(tcb: Tcb): boolean {
  const room = tcb.rcvBuffer - tcb.rcvUser;
  if (room - offered(tcb) < Math.min(tcb.rcvBuffer / 2, tcb.config.maxSegmentBytes)) return false;
  tcb.rcvWnd = Math.max(tcb.rcvWnd, room);
  return true;
}

/** As if the user had taken nothing of a full buffer. */
export function closeWindow(tcb: Tcb): void {
  tcb.rcvUser = tcb.rcvBuffer;
  tcb.rcvWnd = 0;
}
