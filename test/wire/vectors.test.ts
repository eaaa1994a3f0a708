import { describe, expect, it } from 'vitest';
import { formatPacket } from '../../src/wire/format.ts';
import { readIcmpError } from '../../src/wire/icmp.ts';
import { decodePacket, encodePacket, type Packet, verifyIcmpChecksum, verifyTcpChecksum } from '../../src/wire/packet.ts';
import { craftedVectors } from './vectors/crafted.ts';
import { icmpCraftedVectors } from './vectors/icmp-crafted.ts';
import { icmpKernelVectors } from './vectors/icmp-kernel.ts';
import { kernelVectors } from './vectors/kernel.ts';
import { kernelOptionVectors } from './vectors/kernel-options.ts';
import { optionVectors } from './vectors/options.ts';
import { hex, type IcmpVector, type TcpVector } from './vectors/vector.ts';

/** The datagram with all that can be computed left to be computed. */
function uncomputed({ ip, tcp, icmp, ...rest }: Packet): Packet {
  const packet: Packet = { ...rest, ip: { ...ip, ihl: undefined, totalLength: undefined, checksum: undefined } };
  if (tcp) packet.tcp = { ...tcp, dataOffset: undefined, checksum: undefined };
  if (icmp) packet.icmp = { ...icmp, checksum: undefined };
  return packet;
}

function verdictOf(bytes: Uint8Array): string | undefined {
  const { ip, tcp, icmp } = decodePacket(bytes);
  if (tcp) return verifyTcpChecksum(ip, bytes);
  return icmp && verifyIcmpChecksum(ip, bytes);
}

function holdsForAnyVector(vector: TcpVector | IcmpVector): void {
  const bytes = hex(vector.hex);

  it('reads as tcpdump reads it', () => {
    expect(formatPacket(decodePacket(bytes))).toBe(vector.ours ?? vector.tcpdump);
  });

  it('encodes to the same bytes', () => {
    expect(encodePacket(decodePacket(bytes))).toStrictEqual(bytes);
  });

  it('has the checksum that it should have', () => {
    expect(verdictOf(bytes)).toBe(vector.checksum);
  });

  if (vector.lies) return;
  it('gets the same lengths and checksums where they are computed', () => {
    const computed = encodePacket(uncomputed(decodePacket(bytes)));
    if (vector.checksum === 'correct' || vector.checksum === undefined) expect(computed).toStrictEqual(bytes);
    else expect(verdictOf(computed)).toBe('correct');
  });
}

describe.each([...kernelVectors, ...kernelOptionVectors, ...optionVectors, ...craftedVectors])('$name', (vector) => {
  holdsForAnyVector(vector);

  it('decodes to the record', () => {
    expect(decodePacket(hex(vector.hex))).toStrictEqual(vector.packet);
  });

  it('encodes from the record', () => {
    expect(encodePacket(vector.packet)).toStrictEqual(hex(vector.hex));
  });
});

describe.each([...icmpKernelVectors, ...icmpCraftedVectors])('ICMP $name', (vector) => {
  const bytes = hex(vector.hex);
  holdsForAnyVector(vector);

  it('decodes to the record', () => {
    expect(decodePacket(bytes)).toStrictEqual({ ip: vector.ip, icmp: { ...vector.icmp, body: bytes.subarray(28) } });
  });

  it('is read as the error that it is', () => {
    const { icmp } = decodePacket(bytes);
    const { ip, tcp, segment: _, ...error } = readIcmpError(icmp as NonNullable<typeof icmp>) ?? { extensions: [] };
    expect(error).toStrictEqual(vector.error);
    expect(ip === undefined).toBe(vector.quotedIp === undefined);
    expect(ip ?? {}).toMatchObject(vector.quotedIp ?? {});
    expect(tcp === undefined).toBe(vector.quotedTcp === undefined);
    expect(tcp ?? {}).toMatchObject(vector.quotedTcp ?? {});
  });
});
