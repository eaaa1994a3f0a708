/** TCP options that kernels seldom or never send, made by hand. */
import { ACK, AE, SYN } from '../../../src/wire/flags.ts';
import { end, IP, malformed, mss, NOP, sack, TCP, type TcpVector, text, ts, unknown, uto } from './vector.ts';

export const optionVectors: readonly TcpVector[] = [
  {
    name: 'user timeout in minutes',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 64240, options [uto 0x801e 16399,mss 1460], length 0',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 64240, options [uto 30 min,mss 1460], length 0',
    hex: `
      45000030 00004000 40062317 0a570102 0a570202 9c400fa0 fffffff0 00000000 7002faf0 2d8c0000 1c04801e 020405b4
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 48, checksum: 0x2317 },
      tcp: { ...TCP, dataOffset: 7, flags: SYN, window: 64240, checksum: 0x2d8c, options: [uto(30, 'min'), mss(1460)] },
    },
  },
  {
    name: 'user timeout in seconds, then end of list',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [uto 0x78 60,nop,nop,nop,eol], length 0',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [uto 120 s,nop,nop,nop,eol], length 0',
    hex: `
      45000030 00004000 40062317 0a570102 0a570202 9c400fa0 fffffff0 00000000 70020400 a9da0000 1c040078 01010100
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 48, checksum: 0x2317 },
      tcp: { ...TCP, dataOffset: 7, flags: SYN, checksum: 0xa9da, options: [uto(120, 's'), NOP, NOP, NOP, end()] },
    },
  },
  {
    name: 'four SACK blocks across the wrap',
    tcpdump:
      '10.87.1.2.40000 > 10.87.2.2.4000: Flags [.], ack 16, win 1024, options [nop,nop,sack 4 {1:2}{4294967294:3}{5:6}{7:8}], length 0',
    hex: `
      4500004c 00004000 400622fb 0a570102 0a570202 9c400fa0 fffffff0 00000010 e0100400 51db0000 01010522 00000001
      00000002 fffffffe 00000003 00000005 00000006 00000007 00000008
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 76, checksum: 0x22fb },
      tcp: {
        ...TCP,
        ack: 16,
        dataOffset: 14,
        flags: ACK,
        checksum: 0x51db,
        options: [NOP, NOP, sack([1, 2], [4294967294, 3], [5, 6], [7, 8])],
      },
    },
  },
  {
    name: 'three SACK blocks beside timestamps: 40 bytes',
    tcpdump:
      '10.87.1.2.40000 > 10.87.2.2.4000: Flags [.], ack 16, win 1024, options [nop,nop,TS val 4294967295 ecr 1,nop,nop,sack 3 {1:2}{4294967294:3}{5:6}], length 0',
    hex: `
      45000050 00004000 400622f7 0a570102 0a570202 9c400fa0 fffffff0 00000010 f0100400 38e20000 0101080a ffffffff
      00000001 0101051a 00000001 00000002 fffffffe 00000003 00000005 00000006
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 80, checksum: 0x22f7 },
      tcp: {
        ...TCP,
        ack: 16,
        dataOffset: 15,
        flags: ACK,
        checksum: 0x38e2,
        options: [NOP, NOP, ts(4294967295, 1), NOP, NOP, sack([1, 2], [4294967294, 3], [5, 6])],
      },
    },
  },
  {
    name: 'an option not known here (AccECN order 0)',
    tcpdump:
      '10.87.1.2.40000 > 10.87.2.2.4000: Flags [.], seq 4294967280:4294967283, ack 0, win 1024, options [unknown-172 0x010203040506070809,nop], length 3',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [.e], seq 4294967280:4294967283, ack 0, win 1024, options [unknown-172 0x010203040506070809,nop], length 3',
    hex: `
      45000037 00004000 40062310 0a570102 0a570202 9c400fa0 fffffff0 00000000 81100400 2dbf0000 ac0b0102 03040506
      07080901 616263
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 55, checksum: 0x2310 },
      tcp: {
        ...TCP,
        dataOffset: 8,
        flags: AE | ACK,
        checksum: 0x2dbf,
        options: [unknown(172, '010203040506070809'), NOP],
        payload: text('abc'),
      },
    },
  },
  {
    name: 'experimental option',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [unknown-253 0xf98900112233], length 0',
    hex: `
      45000030 00004000 40062317 0a570102 0a570202 9c400fa0 fffffff0 00000000 70020400 af800000 fd08f989 00112233
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 48, checksum: 0x2317 },
      tcp: { ...TCP, dataOffset: 7, flags: SYN, checksum: 0xaf80, options: [unknown(253, 'f98900112233')] },
    },
  },
  {
    name: 'unknown option without data',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [unknown-99,nop,nop], length 0',
    hex: `
      4500002c 00004000 4006231b 0a570102 0a570202 9c400fa0 fffffff0 00000000 60020400 74580000 63020101
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 44, checksum: 0x231b },
      tcp: { ...TCP, dataOffset: 6, flags: SYN, checksum: 0x7458, options: [unknown(99), NOP, NOP] },
    },
  },
  {
    name: 'MSS of length 3',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [mss 1281[len 3]], length 0',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [unknown-2 0x05,nop], length 0',
    hex: `
      4500002c 00004000 4006231b 0a570102 0a570202 9c400fa0 fffffff0 00000000 60020400 d1570000 02030501
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 44, checksum: 0x231b },
      tcp: { ...TCP, dataOffset: 6, flags: SYN, checksum: 0xd157, options: [unknown(2, '05'), NOP] },
    },
  },
  {
    name: 'SACK without a block',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [.], ack 0, win 1024, options [sack 0 ,nop,nop], length 0',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [.], ack 0, win 1024, options [unknown-5,nop,nop], length 0',
    hex: `
      4500002c 00004000 4006231b 0a570102 0a570202 9c400fa0 fffffff0 00000000 60100400 d24a0000 05020101
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 44, checksum: 0x231b },
      tcp: { ...TCP, dataOffset: 6, flags: ACK, checksum: 0xd24a, options: [unknown(5), NOP, NOP] },
    },
  },
  {
    name: 'fast open cookie too short',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [tfo  (invalid)], length 0',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [unknown-34 0x0909], length 0',
    hex: `
      4500002c 00004000 4006231b 0a570102 0a570202 9c400fa0 fffffff0 00000000 60020400 ad4e0000 22040909
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 44, checksum: 0x231b },
      tcp: { ...TCP, dataOffset: 6, flags: SYN, checksum: 0xad4e, options: [unknown(34, '0909')] },
    },
  },
  {
    name: 'MPTCP without a subtype',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [mptcp[bad opt]',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [unknown-30,nop,nop], length 0',
    hex: `
      4500002c 00004000 4006231b 0a570102 0a570202 9c400fa0 fffffff0 00000000 60020400 b9580000 1e020101
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 44, checksum: 0x231b },
      tcp: { ...TCP, dataOffset: 6, flags: SYN, checksum: 0xb958, options: [unknown(30), NOP, NOP] },
    },
  },
  {
    name: 'garbage after the end of the list',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [eol], length 0',
    hex: `
      4500002c 00004000 4006231b 0a570102 0a570202 9c400fa0 fffffff0 00000000 60020400 d4540000 00020405
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 44, checksum: 0x231b },
      tcp: { ...TCP, dataOffset: 6, flags: SYN, checksum: 0xd454, options: [end('020405')] },
    },
  },
  {
    name: 'option of length 0',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [nop,[bad opt]]',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [nop,[bad opt] 0x020005], length 0',
    hex: `
      4500002c 00004000 4006231b 0a570102 0a570202 9c400fa0 fffffff0 00000000 60020400 d7540000 01020005
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 44, checksum: 0x231b },
      tcp: { ...TCP, dataOffset: 6, flags: SYN, checksum: 0xd754, options: [NOP, malformed('020005')] },
    },
  },
  {
    name: 'option of length 1',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [[bad opt]',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [[bad opt] 0x02010005], length 0',
    hex: `
      4500002c 00004000 4006231b 0a570102 0a570202 9c400fa0 fffffff0 00000000 60020400 d6550000 02010005
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 44, checksum: 0x231b },
      tcp: { ...TCP, dataOffset: 6, flags: SYN, checksum: 0xd655, options: [malformed('02010005')] },
    },
  },
  {
    name: 'option that ends past the header',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [[bad opt]',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [[bad opt] 0x080a0005], length 0',
    hex: `
      4500002c 00004000 4006231b 0a570102 0a570202 9c400fa0 fffffff0 00000000 60020400 d04c0000 080a0005
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 44, checksum: 0x231b },
      tcp: { ...TCP, dataOffset: 6, flags: SYN, checksum: 0xd04c, options: [malformed('080a0005')] },
    },
  },
  {
    name: 'option without room for its length',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [nop,nop,nop, [|tcp]',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, options [nop,nop,nop,[bad opt] 0x08], length 0',
    hex: `
      4500002c 00004000 4006231b 0a570102 0a570202 9c400fa0 fffffff0 00000000 60020400 d6520000 01010108
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 44, checksum: 0x231b },
      tcp: { ...TCP, dataOffset: 6, flags: SYN, checksum: 0xd652, options: [NOP, NOP, NOP, malformed('08')] },
    },
  },
];
