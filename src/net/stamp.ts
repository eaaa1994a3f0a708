/** The kernel's stamps, of what comes and of what goes (linux/Documentation/networking/timestamping.rst). */
import { Batch } from './batch.ts';
import {
  IP_RECVERR,
  LITTLE_ENDIAN,
  libc,
  readInt64,
  SO_TIMESTAMPING_NEW,
  SO_TIMESTAMPNS_NEW,
  SOL_IP,
  SOL_SOCKET,
  type Timespec,
} from './libc.ts';

/** struct __kernel_timespec: seconds and nanoseconds of 64 bits on every machine. */
const TIMESPEC_LENGTH = 16;
/** struct sock_extended_err: errno, four bytes with the origin first, info, data. */
const EXTENDED_ERROR_LENGTH = 16;

const TX_SOFTWARE = 1 << 1;
const SOFTWARE = 1 << 4;
/** Each stamp with the number of its datagram, counted from 0 since this was switched on. */
const OPT_ID = 1 << 7;
/** Without the datagram itself. */
const OPT_TSONLY = 1 << 11;
const REPORT = SOFTWARE | OPT_TSONLY;

const MSG_ERRQUEUE = 0x2000;
const SO_EE_ORIGIN_TIMESTAMPING = 4;

/** When the kernel took in a datagram, by the wall clock; undefined where it does not say. */
export function receiveStamp(batch: Batch, index: number): Timespec | undefined {
  const at = batch.control(index, SOL_SOCKET, SO_TIMESTAMPNS_NEW, TIMESPEC_LENGTH);
  return at === undefined ? undefined : timespec(batch.view, at);
}

const timespec = (view: DataView, at: number): Timespec => ({ seconds: readInt64(view, at), nanoseconds: readInt64(view, at + 8) });

/** Where the stamps of what a socket sends come from. The kernel's (`ErrorQueue`) or a test's. */
export interface StampSource {
  /** Has the datagrams counted from 0 again. @returns whether the kernel stamps at all */
  restart(): boolean;
  /** Has no more datagrams stamped; stamps of those that have left still come. */
  stop(): void;
  /**
   * Gives some of the stamps that have come, each with the number of its datagram.
   * @param expected how many are awaited: to read more would be in vain
   * @returns 0 where there was nothing left to read
   */
  take(expected: number, each: (id: number, stamp: Timespec) => void): number;
}

/** The error queue of a socket: its stamps, and errors in between that the send itself has told of already. */
export class ErrorQueue implements StampSource {
  private static batch: Batch | undefined;
  private readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  restart(): boolean {
    return this.set(REPORT) && this.set(REPORT | OPT_ID | TX_SOFTWARE);
  }

  stop(): void {
    this.set(REPORT | OPT_ID);
  }

  private set(flags: number): boolean {
    return libc().setsockopt(this.fd, SOL_SOCKET, SO_TIMESTAMPING_NEW, flags) === 0;
  }

  take(expected: number, each: (id: number, stamp: Timespec) => void): number {
    // A stamp takes 64 bytes and its number 48; what other errors quote is cut off.
    ErrorQueue.batch ??= new Batch({ messages: 64, slotLength: 8, controlLength: 128 });
    const { batch } = ErrorQueue;
    const count = batch.receive(this.fd, MSG_ERRQUEUE, Math.min(expected, batch.messages));
    for (let i = 0; i < count; i++) {
      const stamp = batch.control(i, SOL_SOCKET, SO_TIMESTAMPING_NEW, TIMESPEC_LENGTH);
      const error = batch.control(i, SOL_IP, IP_RECVERR, EXTENDED_ERROR_LENGTH);
      if (stamp === undefined || error === undefined) continue;
      if (batch.view.getUint8(error + 4) !== SO_EE_ORIGIN_TIMESTAMPING) continue;
      each(batch.view.getUint32(error + 12, LITTLE_ENDIAN), timespec(batch.view, stamp));
    }
    return Math.max(0, count);
  }
}
