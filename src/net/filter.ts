/**
 * Classic BPF programs (linux/filter.h), which decide in the kernel what reaches a socket. A raw IPv4 socket
 * shows a program the datagram from the first byte of its IPv4 header. A read past the end rejects.
 */
import type { Ipv4Address } from '../wire/address.ts';
import { ACK, SYN } from '../wire/flags.ts';
import { ICMP_PARAMETER_PROBLEM, ICMP_TIME_EXCEEDED, ICMP_UNREACHABLE } from '../wire/icmp.ts';
import { PROTOCOL_ICMP, PROTOCOL_TCP } from '../wire/ipv4.ts';
import { LITTLE_ENDIAN, libc, SO_ATTACH_FILTER, SOL_SOCKET } from './libc.ts';

/** One instruction; `jumpTrue` and `jumpFalse` count the instructions to skip. */
export interface Instruction {
  code: number;
  jumpTrue: number;
  jumpFalse: number;
  k: number;
}

export type Program = readonly Instruction[];

/** Port numbers, both ends included. */
export interface PortRange {
  low: number;
  high: number;
}

/** A peer whose segments are let in, where they are for one of these ports of ours. */
export interface WantedPeer extends PortRange {
  address: Ipv4Address;
  port: number;
}

// A is the accumulator, X the index; M[…] is the packet.
const LOAD_WORD = 0x20; // A = M[k], 4 bytes
const LOAD_HALF = 0x28; // A = M[k], 2 bytes
const LOAD_BYTE = 0x30; // A = M[k]
const LOAD_HALF_X = 0x48; // A = M[X + k], 2 bytes
const LOAD_BYTE_X = 0x50; // A = M[X + k]
const LOAD_X_IHL = 0xb1; // X = 4 * (M[k] & 15)
const AND = 0x54; // A &= k
const SHIFT_LEFT = 0x64; // A <<= k
const ADD_X = 0x0c; // A += X
const A_TO_X = 0x07; // X = A
const IF_EQUAL = 0x15;
const IF_GREATER = 0x25;
const IF_GREATER_OR_EQUAL = 0x35;
const IF_ANY_BIT = 0x45;
const RETURN = 0x06; // k bytes are kept, none where it is 0

const step = (code: number, k = 0): Instruction => ({ code, jumpTrue: 0, jumpFalse: 0, k });
const jump = (code: number, k: number, jumpTrue: number, jumpFalse: number): Instruction => ({ code, jumpTrue, jumpFalse, k });

const ACCEPT = step(RETURN, 0xffffffff);
const REJECT = step(RETURN, 0);
/** Goes on where the accumulator is k, and rejects otherwise. */
const require = (k: number): Instruction[] => [jump(IF_EQUAL, k, 1, 0), REJECT];
/** Accepts where the accumulator is in the range. */
const acceptRange = ({ low, high }: PortRange): Instruction[] => [
  jump(IF_GREATER_OR_EQUAL, low, 0, 2),
  jump(IF_GREATER, high, 1, 0),
  ACCEPT,
];

const IP_FRAGMENT = 6;
const FRAGMENT_OFFSET_MASK = 0x1fff;
const IP_PROTOCOL = 9;
const IP_SOURCE = 12;
const TCP_SOURCE_PORT = 0;
const TCP_DESTINATION_PORT = 2;
const TCP_FLAGS = 13;
/** Where the quoted datagram starts within an ICMP error. */
const QUOTE = 8;

/** Nothing gets through. */
export const rejectAll: Program = [REJECT];

/** Goes on where it is the start of a datagram of the protocol, with the length of the IPv4 header in X. */
const startOf = (protocol: number): Instruction[] => [
  step(LOAD_BYTE, IP_PROTOCOL),
  ...require(protocol),
  step(LOAD_HALF, IP_FRAGMENT),
  jump(IF_ANY_BIT, FRAGMENT_OFFSET_MASK, 0, 1),
  REJECT,
  step(LOAD_X_IHL, 0),
];

/** Accepts the segments of these peers. */
export function tcpFromPeers(peers: readonly WantedPeer[]): Program {
  return [
    ...startOf(PROTOCOL_TCP),
    ...peers.flatMap((peer) => [
      step(LOAD_WORD, IP_SOURCE),
      jump(IF_EQUAL, peer.address, 0, 6),
      step(LOAD_HALF_X, TCP_SOURCE_PORT),
      jump(IF_EQUAL, peer.port, 0, 4),
      step(LOAD_HALF_X, TCP_DESTINATION_PORT),
      ...acceptRange(peer),
    ]),
    REJECT,
  ];
}

/** Accepts the segments of anybody for these ports of ours. */
export function tcpToPorts(range: PortRange): Program {
  return [...startOf(PROTOCOL_TCP), step(LOAD_HALF_X, TCP_DESTINATION_PORT), ...acceptRange(range), REJECT];
}

/** Goes on where it is an ICMP error that quotes TCP. */
const icmpAboutTcp = (): Instruction[] => [
  ...startOf(PROTOCOL_ICMP),
  step(LOAD_BYTE_X, 0),
  jump(IF_EQUAL, ICMP_UNREACHABLE, 3, 0),
  jump(IF_EQUAL, ICMP_TIME_EXCEEDED, 2, 0),
  jump(IF_EQUAL, ICMP_PARAMETER_PROBLEM, 1, 0),
  REJECT,
  step(LOAD_BYTE_X, QUOTE + IP_PROTOCOL),
  ...require(PROTOCOL_TCP),
];

/** Accepts the ICMP errors that quote a TCP segment, whoever sent it. */
export const icmpAboutAnyTcp: Program = [...icmpAboutTcp(), ACCEPT];

/** Accepts of them the SYNs of who wants to connect, or all the others. */
export function tcpToPortsBySyn(which: 'syn' | 'other', ...ranges: readonly PortRange[]): Program {
  const asks = [
    step(LOAD_BYTE_X, TCP_FLAGS),
    step(AND, SYN | ACK),
    jump(IF_EQUAL, SYN, which === 'syn' ? 1 : 0, which === 'syn' ? 0 : 1),
    REJECT,
  ];
  return [...startOf(PROTOCOL_TCP), ...asks, step(LOAD_HALF_X, TCP_DESTINATION_PORT), ...ranges.flatMap(acceptRange), REJECT];
}

/** Accepts the ICMP errors that quote a TCP segment sent from these ports of ours. */
export function icmpAboutPorts(...ranges: readonly PortRange[]): Program {
  return [
    ...icmpAboutTcp(),
    // X moves on by the length of the quoted header.
    step(LOAD_BYTE_X, QUOTE),
    step(AND, 15),
    step(SHIFT_LEFT, 2),
    step(ADD_X),
    step(A_TO_X),
    step(LOAD_HALF_X, QUOTE + TCP_SOURCE_PORT),
    ...ranges.flatMap(acceptRange),
    REJECT,
  ];
}

/** A struct sock_fprog; the program that it points to follows it in the same buffer, and so lives as long. */
export type CompiledProgram = Uint8Array;

const INSTRUCTION_LENGTH = 8;

export function compile(program: Program): CompiledProgram {
  const { wordLength, addressOf } = libc();
  const start = 2 * wordLength;
  // A small array without a buffer of its own could be moved by the garbage collector.
  const buffer = new ArrayBuffer(start + program.length * INSTRUCTION_LENGTH);
  const fprog = new Uint8Array(buffer, 0, start);
  const view = new DataView(buffer);
  const address = addressOf(fprog) + BigInt(start);
  view.setUint16(0, program.length, LITTLE_ENDIAN);
  if (wordLength === 8) view.setBigUint64(wordLength, address, LITTLE_ENDIAN);
  else view.setUint32(wordLength, Number(address), LITTLE_ENDIAN);
  program.forEach(({ code, jumpTrue, jumpFalse, k }, i) => {
    const at = start + i * INSTRUCTION_LENGTH;
    view.setUint16(at, code, LITTLE_ENDIAN);
    view.setUint8(at + 2, jumpTrue);
    view.setUint8(at + 3, jumpFalse);
    view.setUint32(at + 4, k, LITTLE_ENDIAN);
  });
  return fprog;
}

/** Puts the program in the place of the socket's former one, with nothing lost between. @returns 0 or the negated errno */
export const attachFilter = (fd: number, program: CompiledProgram): number => libc().setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program);
