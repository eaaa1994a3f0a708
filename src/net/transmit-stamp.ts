import { LITTLE_ENDIAN, libc, SOL_SOCKET } from './libc.ts';
import { PROTOCOL_RAW, RawSocket } from './raw.ts';

const SO_TIMESTAMPING = 37;
const SOF_TIMESTAMPING_TX_SOFTWARE = 1 << 1;
const SOF_TIMESTAMPING_SOFTWARE = 1 << 4;
/** Without the datagram itself. */
const SOF_TIMESTAMPING_OPT_TSONLY = 1 << 11;
const MSG_ERRQUEUE = 0x2000;
const CONTROL_LENGTH = 256;

/**
 * Sends a datagram and looks whether the kernel tells when it left (linux/Documentation/networking/timestamping.rst).
 * @param destination dotted quad, on this host
 * @throws NetError, or an Error with the text of strerror, where it can't be sent
 */
export function stampsTransmissions(datagram: Uint8Array, destination: string): boolean {
  const socket = new RawSocket(PROTOCOL_RAW);
  try {
    const wanted = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;
    if (libc().setsockopt(socket.fd, SOL_SOCKET, SO_TIMESTAMPING, wanted) < 0) return false;
    socket.send(datagram, destination);
    return hasStamp(socket.fd);
  } finally {
    socket.close();
  }
}

/** Loopback stamps within the call that sends, so it is there or does not come. */
function hasStamp(fd: number): boolean {
  const { wordLength, addressOf, recvmsg } = libc();
  // struct msghdr in words: name, namelen, iov, iovlen, control, controllen, flags. The control messages follow it.
  const bytes = new Uint8Array(new ArrayBuffer(7 * wordLength + CONTROL_LENGTH));
  const words = new DataView(bytes.buffer);
  const control = 7 * wordLength;
  const write = (word: number, value: bigint): void => {
    if (wordLength === 8) words.setBigUint64(word * wordLength, value, LITTLE_ENDIAN);
    else words.setUint32(word * wordLength, Number(value), LITTLE_ENDIAN);
  };
  write(4, addressOf(bytes) + BigInt(control));
  write(5, BigInt(CONTROL_LENGTH));
  const result = recvmsg(fd, bytes, MSG_ERRQUEUE);
  if (result < 0) return false;
  // The first control message: its length in a word, then level and type.
  return (
    words.getInt32(control + wordLength, LITTLE_ENDIAN) === SOL_SOCKET &&
    words.getInt32(control + wordLength + 4, LITTLE_ENDIAN) === SO_TIMESTAMPING
  );
}
