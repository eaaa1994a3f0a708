/** Captured between the kernels of two Linux 6.18 hosts: what is agreed on in a SYN, and used later. */
import { ACK, CWR, ECE, PSH, SYN } from '../../../src/wire/flags.ts';
import { A, B, IP, md5, mptcp, mss, NOP, SACK_OK, sack, TCP, type TcpVector, text, tfo, ts, wscale } from './vector.ts';

export const kernelOptionVectors: readonly TcpVector[] = [
  {
    name: 'fast open: SYN that asks for a cookie',
    tcpdump:
      '10.87.1.2.56826 > 10.87.2.2.4000: Flags [S], seq 1396110733, win 64240, options [mss 1460,sackOK,TS val 3603435136 ecr 0,nop,wscale 10,tfo  cookiereq,nop,nop], length 0',
    ours: '10.87.1.2.56826 > 10.87.2.2.4000: Flags [S], seq 1396110733, win 64240, options [mss 1460,sackOK,TS val 3603435136 ecr 0,nop,wscale 10,tfo cookiereq,nop,nop], length 0',
    hex: `
      45000040 ef3a4000 400633cc 0a570102 0a570202 ddfa0fa0 5336f58d 00000000 b002faf0 e6ab0000 020405b4 0402080a
      d6c80e80 00000000 0103030a 22020101
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 64, id: 61242, checksum: 0x33cc },
      tcp: {
        ...TCP,
        sourcePort: 56826,
        seq: 1396110733,
        dataOffset: 11,
        flags: SYN,
        window: 64240,
        checksum: 0xe6ab,
        options: [mss(1460), SACK_OK, ts(3603435136, 0), NOP, wscale(10), tfo(), NOP, NOP],
      },
    },
  },
  {
    name: 'fast open: SYN+ACK with the cookie',
    tcpdump:
      '10.87.2.2.4000 > 10.87.1.2.56826: Flags [S.], seq 2414076123, ack 1396110734, win 65160, options [mss 1460,sackOK,TS val 4201632311 ecr 3603435136,nop,wscale 10,tfo  cookie cc562d0542d8edaf,nop,nop], length 0',
    ours: '10.87.2.2.4000 > 10.87.1.2.56826: Flags [S.], seq 2414076123, ack 1396110734, win 65160, options [mss 1460,sackOK,TS val 4201632311 ecr 3603435136,nop,wscale 10,tfo cookie cc562d0542d8edaf,nop,nop], length 0',
    hex: `
      45000048 00004000 3f0623ff 0a570202 0a570102 0fa0ddfa 8fe3e0db 5336f58e d012fe88 5ba70000 020405b4 0402080a
      fa6fd237 d6c80e80 0103030a 220acc56 2d0542d8 edaf0101
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 72, ttl: 63, checksum: 0x23ff, source: B, destination: A },
      tcp: {
        ...TCP,
        sourcePort: 4000,
        destinationPort: 56826,
        seq: 2414076123,
        ack: 1396110734,
        dataOffset: 13,
        flags: ACK | SYN,
        window: 65160,
        checksum: 0x5ba7,
        options: [mss(1460), SACK_OK, ts(4201632311, 3603435136), NOP, wscale(10), tfo('cc562d0542d8edaf'), NOP, NOP],
      },
    },
  },
  {
    name: 'fast open: SYN with cookie and data',
    tcpdump:
      '10.87.1.2.55004 > 10.87.2.2.4000: Flags [S], seq 3163795283:3163795300, win 64240, options [mss 1460,sackOK,TS val 1749987681 ecr 0,nop,wscale 10,tfo  cookie cc562d0542d8edaf,nop,nop], length 17',
    ours: '10.87.1.2.55004 > 10.87.2.2.4000: Flags [S], seq 3163795283:3163795300, win 64240, options [mss 1460,sackOK,TS val 1749987681 ecr 0,nop,wscale 10,tfo cookie cc562d0542d8edaf,nop,nop], length 17',
    hex: `
      45000059 47784000 4006db75 0a570102 0a570202 d6dc0fa0 bc93af53 00000000 d002faf0 425d0000 020405b4 0402080a
      684eb161 00000000 0103030a 220acc56 2d0542d8 edaf0101 68656c6c 6f2c2072 61777368 616b6521 0a
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 89, id: 18296, checksum: 0xdb75 },
      tcp: {
        ...TCP,
        sourcePort: 55004,
        seq: 3163795283,
        dataOffset: 13,
        flags: SYN,
        window: 64240,
        checksum: 0x425d,
        options: [mss(1460), SACK_OK, ts(1749987681, 0), NOP, wscale(10), tfo('cc562d0542d8edaf'), NOP, NOP],
        payload: text('hello, rawshake!\n'),
      },
    },
  },
  {
    name: 'MPTCP: SYN',
    tcpdump:
      '10.87.1.2.59770 > 10.87.2.2.4001: Flags [S], seq 1083348345, win 64240, options [mss 1460,sackOK,TS val 3073238922 ecr 0,nop,wscale 10,mptcp 4 capable v1], length 0',
    ours: '10.87.1.2.59770 > 10.87.2.2.4001: Flags [S], seq 1083348345, win 64240, options [mss 1460,sackOK,TS val 3073238922 ecr 0,nop,wscale 10,mptcp 4 0x0101], length 0',
    hex: `
      45000040 07184000 40061bef 0a570102 0a570202 e97a0fa1 40929579 00000000 b002faf0 98710000 020405b4 0402080a
      b72de78a 00000000 0103030a 1e040101
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 64, id: 1816, checksum: 0x1bef },
      tcp: {
        ...TCP,
        sourcePort: 59770,
        destinationPort: 4001,
        seq: 1083348345,
        dataOffset: 11,
        flags: SYN,
        window: 64240,
        checksum: 0x9871,
        options: [mss(1460), SACK_OK, ts(3073238922, 0), NOP, wscale(10), mptcp('0101')],
      },
    },
  },
  {
    name: 'MPTCP: data sequence signal',
    tcpdump:
      '10.87.2.2.4001 > 10.87.1.2.59770: Flags [P.], seq 1612926302:1612926317, ack 1083348348, win 63, options [nop,nop,TS val 3723048286 ecr 3073238923,mptcp 26 dss ack 6462045423304166669 seq 16487131294420461926 subseq 1 len 15,nop,nop], length 15',
    ours: '10.87.2.2.4001 > 10.87.1.2.59770: Flags [P.], seq 1612926302:1612926317, ack 1083348348, win 63, options [nop,nop,TS val 3723048286 ecr 3073238923,mptcp 26 0x200f59adcc133a7bcd0de4ce0e8f4928696600000001000f,nop,nop], length 15',
    hex: `
      4500005f 95454000 3f068ea2 0a570202 0a570102 0fa1e97a 60234d5e 4092957c f018003f 90da0000 0101080a dde9355e
      b72de78b 1e1a200f 59adcc13 3a7bcd0d e4ce0e8f 49286966 00000001 000f0101 68656c6c 6f20796f 75727365 6c660a
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 95, id: 38213, ttl: 63, checksum: 0x8ea2, source: B, destination: A },
      tcp: {
        ...TCP,
        sourcePort: 4001,
        destinationPort: 59770,
        seq: 1612926302,
        ack: 1083348348,
        dataOffset: 15,
        flags: ACK | PSH,
        window: 63,
        checksum: 0x90da,
        options: [NOP, NOP, ts(3723048286, 3073238923), mptcp('200f59adcc133a7bcd0de4ce0e8f4928696600000001000f'), NOP, NOP],
        payload: text('hello yourself\n'),
      },
    },
  },
  {
    name: 'MD5 signature',
    tcpdump:
      "10.87.1.2.35898 > 10.87.2.2.4002: Flags [S], seq 120357888, win 64240, options [nop,nop,md5 shared secret not supplied with -M, can't check - 3d739dc338f04a7f834f75607fc50fa3,mss 1460,nop,nop,sackOK,nop,wscale 10], length 0",
    ours: '10.87.1.2.35898 > 10.87.2.2.4002: Flags [S], seq 120357888, win 64240, options [nop,nop,md5 3d739dc338f04a7f834f75607fc50fa3,mss 1460,nop,nop,sackOK,nop,wscale 10], length 0',
    hex: `
      45000048 08774000 40061a88 0a570102 0a570202 8c3a0fa2 072c8400 00000000 d002faf0 ea7c0000 01011312 3d739dc3
      38f04a7f 834f7560 7fc50fa3 020405b4 01010402 0103030a
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 72, id: 2167, checksum: 0x1a88 },
      tcp: {
        ...TCP,
        sourcePort: 35898,
        destinationPort: 4002,
        seq: 120357888,
        dataOffset: 13,
        flags: SYN,
        window: 64240,
        checksum: 0xea7c,
        options: [NOP, NOP, md5('3d739dc338f04a7f834f75607fc50fa3'), mss(1460), NOP, NOP, SACK_OK, NOP, wscale(10)],
      },
    },
  },
  {
    name: 'SACK block',
    tcpdump:
      '10.87.2.2.4003 > 10.87.1.2.56928: Flags [.], ack 3382190747, win 64, options [nop,nop,TS val 3367497148 ecr 2569287443,nop,nop,sack 1 {3382190754:3382190765}], length 0',
    hex: `
      45000040 9d394000 3f0686cd 0a570202 0a570102 0fa3de60 8011032c c998229b b0100040 6c120000 0101080a c8b7edbc
      99243713 0101050a c99822a2 c99822ad
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 64, id: 40249, ttl: 63, checksum: 0x86cd, source: B, destination: A },
      tcp: {
        ...TCP,
        sourcePort: 4003,
        destinationPort: 56928,
        seq: 2148598572,
        ack: 3382190747,
        dataOffset: 11,
        flags: ACK,
        window: 64,
        checksum: 0x6c12,
        options: [NOP, NOP, ts(3367497148, 2569287443), NOP, NOP, sack([3382190754, 3382190765])],
      },
    },
  },
  {
    name: 'ECN: SYN',
    tcpdump:
      '10.87.1.2.55046 > 10.87.2.2.4000: Flags [SEW], seq 3122218794, win 65280, options [mss 960,sackOK,TS val 151350607 ecr 0,nop,wscale 10], length 0',
    hex: `
      4500003c ca2e4000 400658dc 0a570102 0a570202 d7060fa0 ba19472a 00000000 a0c2ff00 d43f0000 020403c0 0402080a
      09056d4f 00000000 0103030a
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 60, id: 51758, checksum: 0x58dc },
      tcp: {
        ...TCP,
        sourcePort: 55046,
        seq: 3122218794,
        dataOffset: 10,
        flags: CWR | ECE | SYN,
        window: 65280,
        checksum: 0xd43f,
        options: [mss(960), SACK_OK, ts(151350607, 0), NOP, wscale(10)],
      },
    },
  },
  {
    name: 'ECN: SYN+ACK',
    tcpdump:
      '10.87.2.2.4000 > 10.87.1.2.55046: Flags [S.E], seq 764756938, ack 3122218795, win 65160, options [mss 1460,sackOK,TS val 3302110280 ecr 151350607,nop,wscale 10], length 0',
    hex: `
      4500003c 00004000 3f06240b 0a570202 0a570102 0fa0d706 2d9543ca ba19472b a052fe88 68b80000 020405b4 0402080a
      c4d23448 09056d4f 0103030a
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 60, ttl: 63, checksum: 0x240b, source: B, destination: A },
      tcp: {
        ...TCP,
        sourcePort: 4000,
        destinationPort: 55046,
        seq: 764756938,
        ack: 3122218795,
        dataOffset: 10,
        flags: ECE | ACK | SYN,
        window: 65160,
        checksum: 0x68b8,
        options: [mss(1460), SACK_OK, ts(3302110280, 151350607), NOP, wscale(10)],
      },
    },
  },
];
