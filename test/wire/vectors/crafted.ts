/** Headers that kernels seldom or never send, made by hand. */
import { ACK, AE, CWR, ECE, FIN, PSH, RST, SYN, URG } from '../../../src/wire/flags.ts';
import { hex, IP, mss, TCP, type TcpVector, text } from './vector.ts';

export const craftedVectors: readonly TcpVector[] = [
  {
    name: 'SYN that offers accurate ECN',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [SEW], seq 4294967280, win 1024, options [mss 1460], length 0',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [SEWe], seq 4294967280, win 1024, options [mss 1460], length 0',
    hex: `
      4500002c 00004000 4006231b 0a570102 0a570202 9c400fa0 fffffff0 00000000 61c20400 cee30000 020405b4
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 44, checksum: 0x231b },
      tcp: { ...TCP, dataOffset: 6, flags: AE | CWR | ECE | SYN, checksum: 0xcee3, options: [mss(1460)] },
    },
  },
  {
    name: 'every flag, data across the wrap',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [FSRP.UEW], seq 4294967295:2, ack 0, win 1024, urg 7, length 3',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [FSRP.UEWe], seq 4294967295:2, ack 0, win 1024, urg 7, length 3',
    hex: `
      4500002b 00004000 4006231c 0a570102 0a570202 9c400fa0 ffffffff 00000000 51ff0400 f3cf0007 78797a
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 43, checksum: 0x231c },
      tcp: {
        ...TCP,
        seq: 4294967295,
        flags: AE | CWR | ECE | URG | ACK | PSH | RST | SYN | FIN,
        checksum: 0xf3cf,
        urgent: 7,
        payload: text('xyz'),
      },
    },
  },
  {
    name: 'Xmas',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [FPU], seq 4294967280, win 1024, urg 0, length 0',
    hex: `
      45000028 00004000 4006231f 0a570102 0a570202 9c400fa0 fffffff0 00000000 50290400 e8380000
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 40, checksum: 0x231f },
      tcp: { ...TCP, flags: URG | PSH | FIN, checksum: 0xe838 },
    },
  },
  {
    name: 'no flag',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [none], win 1024, length 0',
    hex: `
      45000028 00004000 4006231f 0a570102 0a570202 9c400fa0 fffffff0 00000000 50000400 e8610000
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 40, checksum: 0x231f },
      tcp: { ...TCP, flags: 0, checksum: 0xe861 },
    },
  },
  {
    name: 'no flag, with data',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [none], seq 4294967280:4294967282, win 1024, length 2',
    hex: `
      4500002a 00004000 4006231d 0a570102 0a570202 9c400fa0 fffffff0 00000000 50000400 6fe70000 7878
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 42, checksum: 0x231d },
      tcp: { ...TCP, flags: 0, checksum: 0x6fe7, payload: text('xx') },
    },
  },
  {
    name: 'reserved bits set',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, length 0',
    hex: `
      45000028 00004000 4006231f 0a570102 0a570202 9c400fa0 fffffff0 00000000 5e020400 da5f0000
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 40, checksum: 0x231f },
      tcp: { ...TCP, reserved: 7, flags: SYN, checksum: 0xda5f },
    },
  },
  {
    name: 'SYN and FIN',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [FS], seq 4294967280, win 1024, length 0',
    hex: `
      45000028 00004000 4006231f 0a570102 0a570202 9c400fa0 fffffff0 00000000 50030400 e85e0000
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 40, checksum: 0x231f },
      tcp: { ...TCP, flags: SYN | FIN, checksum: 0xe85e },
    },
  },
  {
    name: 'RST with a text',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [R.], seq 4294967280:2, ack 0, win 1024, length 18',
    hex: `
      4500003a 00004000 4006230d 0a570102 0a570202 9c400fa0 fffffff0 00000000 50140400 fe6a0000 4e6f2054 43502f49
      50207072 6f636573 730a
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 58, checksum: 0x230d },
      tcp: { ...TCP, flags: ACK | RST, checksum: 0xfe6a, payload: text('No TCP/IP process\n') },
    },
  },
  {
    name: 'urgent pointer without URG',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [.], ack 0, win 1024, length 0',
    hex: `
      45000028 00004000 4006231f 0a570102 0a570202 9c400fa0 fffffff0 00000000 50100400 e84c0005
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 40, checksum: 0x231f },
      tcp: { ...TCP, flags: ACK, checksum: 0xe84c, urgent: 5 },
    },
  },
  {
    name: 'IP option: router alert',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, length 0',
    hex: `
      4600002c 00004000 40068e16 0a570102 0a570202 94040000 9c400fa0 fffffff0 00000000 50020400 e85f0000
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, ihl: 6, totalLength: 44, checksum: 0x8e16, options: hex('94040000') },
      tcp: { ...TCP, flags: SYN, checksum: 0xe85f },
    },
  },
  {
    name: 'IP option: record route, through the kernel, checksum 0',
    tcpdump: '10.87.1.2.40001 > 10.87.2.2.4000: Flags [S], seq 4294967294, win 512, length 0',
    hex: `
      48000034 030b4000 400611fd 0a570102 0a570202 070b0400 00000000 00000000 9c410fa0 fffffffe 00000000 50020200
      00000000
    `,
    checksum: 'wrong',
    packet: {
      ip: { ...IP, ihl: 8, totalLength: 52, id: 779, checksum: 0x11fd, options: hex('070b04000000000000000000') },
      tcp: { ...TCP, sourcePort: 40001, seq: 4294967294, flags: SYN, window: 512, checksum: 0x0000 },
    },
  },
  {
    name: 'the evil bit',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, length 0',
    hex: `
      45000028 00008000 4006e31e 0a570102 0a570202 9c400fa0 fffffff0 00000000 50020400 e85f0000
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 40, reservedBit: true, dontFragment: false, checksum: 0xe31e },
      tcp: { ...TCP, flags: SYN, checksum: 0xe85f },
    },
  },
  {
    name: 'first fragment',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, length 0',
    ours: '10.87.1.2 > 10.87.2.2: ip-proto-6 20',
    hex: `
      45000028 00092000 40064316 0a570102 0a570202 9c400fa0 fffffff0 00000000 50020400 e85f0000
    `,
    packet: {
      ip: { ...IP, totalLength: 40, id: 9, dontFragment: false, moreFragments: true, checksum: 0x4316 },
      payload: hex('9c400fa0fffffff00000000050020400e85f0000'),
    },
  },
  {
    name: 'last fragment',
    tcpdump: '10.87.1.2 > 10.87.2.2: ip-proto-6',
    ours: '10.87.1.2 > 10.87.2.2: ip-proto-6 7',
    hex: `
      4500001b 00090003 40066320 0a570102 0a570202 01020304 050607
    `,
    packet: {
      ip: { ...IP, totalLength: 27, id: 9, dontFragment: false, fragmentOffset: 3, checksum: 0x6320 },
      payload: hex('01020304050607'),
    },
  },
  {
    name: "padding of the link after a datagram's end",
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [R], seq 5, win 0, length 0',
    hex: `
      45000028 00004000 4006231f 0a570102 0a570202 9c400fa0 00000005 00000000 50040000 ec490000 00000000 0000
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 40, checksum: 0x231f },
      tcp: { ...TCP, seq: 5, flags: RST, window: 0, checksum: 0xec49 },
      trailer: hex('000000000000'),
    },
  },
  {
    name: 'total length 0, as offloading leaves it above 65,535 bytes',
    tcpdump: 'bad-len 0',
    ours: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [.], seq 4294967280:0, ack 0, win 1024, length 16',
    hex: `
      45000000 00004000 40062347 0a570102 0a570202 9c400fa0 fffffff0 00000000 50100400 dd360000 61616161 61616161
      61616161 61616161
    `,
    checksum: 'correct',
    lies: true,
    packet: {
      ip: { ...IP, totalLength: 0, checksum: 0x2347 },
      tcp: { ...TCP, flags: ACK, checksum: 0xdd36, payload: text('aaaaaaaaaaaaaaaa') },
    },
  },
  {
    name: 'DSCP EF, congestion experienced',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [.], ack 0, win 1024, length 0',
    hex: `
      45bb0028 00004000 40062264 0a570102 0a570202 9c400fa0 fffffff0 00000000 50100400 e8510000
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, tos: 0xbb, totalLength: 40, checksum: 0x2264 },
      tcp: { ...TCP, flags: ACK, checksum: 0xe851 },
    },
  },
  {
    name: 'another protocol',
    tcpdump: '10.87.1.2 > 10.87.2.2:  ip-proto-253 4',
    ours: '10.87.1.2 > 10.87.2.2: ip-proto-253 4',
    hex: `
      45000018 00004000 40fd2238 0a570102 0a570202 61626364
    `,
    packet: {
      ip: { ...IP, totalLength: 24, protocol: 253, checksum: 0x2238 },
      payload: hex('61626364'),
    },
  },
  {
    name: 'a wrong checksum',
    tcpdump: '10.87.1.2.40000 > 10.87.2.2.4000: Flags [S], seq 4294967280, win 1024, length 0',
    hex: `
      45000028 00004000 4006231f 0a570102 0a570202 9c400fa0 fffffff0 00000000 50020400 0bad0000
    `,
    checksum: 'wrong',
    packet: {
      ip: { ...IP, totalLength: 40, checksum: 0x231f },
      tcp: { ...TCP, flags: SYN, checksum: 0x0bad },
    },
  },
];
