/** Capture files (pcap, not pcapng) of this machine's byte order. */
import { readFileSync } from 'node:fs';

const MAGIC = 0xa1b2c3d4;
/** Of a file whose stamps are of nanoseconds. */
const MAGIC_NANO = 0xa1b23c4d;
const HEADER_LENGTH = 24;
const RECORD_HEADER_LENGTH = 16;
/** Bytes before the datagram, by the link type. */
const LINK_HEADER_LENGTH: Readonly<Record<number, number>> = { 1: 14, 101: 0, 276: 20 };

/** The IPv4 datagrams in a file, in order. */
export const readPcap = (file: string): Uint8Array[] => readDatedPcap(file).map(({ datagram }) => datagram);

/** The same with their stamps, in microseconds since the second in which the first one came. */
export function readDatedPcap(file: string): { atUs: number; datagram: Uint8Array }[] {
  const bytes = readFileSync(file);
  const isNano = bytes.readUInt32LE(0) === MAGIC_NANO;
  if (!isNano && bytes.readUInt32LE(0) !== MAGIC) throw new Error(`${file} is no pcap file of this byte order`);
  const skipped = LINK_HEADER_LENGTH[bytes.readUInt32LE(20)];
  if (skipped === undefined) throw new Error(`${file} has link type ${bytes.readUInt32LE(20)}`);
  const packets: { atUs: number; datagram: Uint8Array }[] = [];
  const firstSeconds = bytes.length > HEADER_LENGTH ? bytes.readUInt32LE(HEADER_LENGTH) : 0;
  for (let at = HEADER_LENGTH; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    const start = at + RECORD_HEADER_LENGTH;
    const atUs = (bytes.readUInt32LE(at) - firstSeconds) * 1e6 + bytes.readUInt32LE(at + 4) / (isNano ? 1000 : 1);
    packets.push({ atUs, datagram: new Uint8Array(bytes.subarray(start + skipped, start + length)) });
    at = start + length;
  }
  return packets;
}
