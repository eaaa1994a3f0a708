/** Capture files (pcap, not pcapng) of this machine's byte order. */
import { readFileSync } from 'node:fs';

const MAGIC = 0xa1b2c3d4;
const HEADER_LENGTH = 24;
const RECORD_HEADER_LENGTH = 16;
/** Bytes before the datagram, by the link type. */
const LINK_HEADER_LENGTH: Readonly<Record<number, number>> = { 1: 14, 101: 0, 276: 20 };

/** The IPv4 datagrams in a file, in order. */
export function readPcap(file: string): Uint8Array[] {
  const bytes = readFileSync(file);
  if (bytes.readUInt32LE(0) !== MAGIC) throw new Error(`${file} is no pcap file of this byte order`);
  const skipped = LINK_HEADER_LENGTH[bytes.readUInt32LE(20)];
  if (skipped === undefined) throw new Error(`${file} has link type ${bytes.readUInt32LE(20)}`);
  const datagrams: Uint8Array[] = [];
  for (let at = HEADER_LENGTH; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    const start = at + RECORD_HEADER_LENGTH;
    datagrams.push(new Uint8Array(bytes.subarray(start + skipped, start + length)));
    at = start + length;
  }
  return datagrams;
}
