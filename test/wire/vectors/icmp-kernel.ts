/** ICMP errors as a Linux 6.18 router and host send them (one about a record route option that was made by hand). */
import { A, B, type IcmpVector, IP, R } from './vector.ts';

export const icmpKernelVectors: readonly IcmpVector[] = [
  {
    name: 'net unreachable',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP net 10.87.2.2 unreachable, length 68',
    hex: `
      45c00058 d2480000 400190ec 0a570101 0a570102 030014e0 00000000 4500003c a6704000 3f067d9a 0a570102 0a570202
      c5641388 37f8f2b9 00000000 a002faf0 bd630000 020405b4 0402080a 155a5efe 00000000 0103030a
    `,
    checksum: 'correct',
    ip: { ...IP, tos: 0xc0, totalLength: 88, id: 53832, dontFragment: false, protocol: 1, checksum: 0x90ec, source: R, destination: A },
    icmp: { type: 3, code: 0, checksum: 0x14e0, rest: 0x00000000 },
    error: { name: 'net-unreachable', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 60, id: 42608, ttl: 63 },
    quotedTcp: { sourcePort: 50532, destinationPort: 5000, seq: 939061945, ack: 0, window: 64240, checksum: 0xbd63 },
  },
  {
    name: 'host unreachable',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP host 10.87.2.2 unreachable, length 68',
    hex: `
      45c00058 d2590000 400190db 0a570101 0a570102 030114df 00000000 4500003c 38a24000 3f06eb68 0a570102 0a570202
      c7701389 453fb9b3 00000000 a002faf0 7dd80000 020405b4 0402080a b7a125f4 00000000 0103030a
    `,
    checksum: 'correct',
    ip: { ...IP, tos: 0xc0, totalLength: 88, id: 53849, dontFragment: false, protocol: 1, checksum: 0x90db, source: R, destination: A },
    icmp: { type: 3, code: 1, checksum: 0x14df, rest: 0x00000000 },
    error: { name: 'host-unreachable', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 60, id: 14498, ttl: 63 },
    quotedTcp: { sourcePort: 51056, destinationPort: 5001, seq: 1161804211, ack: 0, window: 64240, checksum: 0x7dd8 },
  },
  {
    name: 'protocol unreachable',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP 10.87.2.2 protocol 6 unreachable, length 68',
    hex: `
      45c00058 d26c0000 400190c8 0a570101 0a570102 030214de 00000000 4500003c eda64000 3f063664 0a570102 0a570202
      e3be138a 501d9217 00000000 a002faf0 31200000 020405b4 0402080a 8272a84a 00000000 0103030a
    `,
    checksum: 'correct',
    ip: { ...IP, tos: 0xc0, totalLength: 88, id: 53868, dontFragment: false, protocol: 1, checksum: 0x90c8, source: R, destination: A },
    icmp: { type: 3, code: 2, checksum: 0x14de, rest: 0x00000000 },
    error: { name: 'protocol-unreachable', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 60, id: 60838, ttl: 63 },
    quotedTcp: { sourcePort: 58302, destinationPort: 5002, seq: 1344115223, ack: 0, window: 64240, checksum: 0x3120 },
  },
  {
    name: 'port unreachable',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP 10.87.2.2 tcp port 5003 unreachable, length 68',
    hex: `
      45c00058 d28f0000 400190a5 0a570101 0a570102 030314dd 00000000 4500003c e2a14000 3f064169 0a570102 0a570202
      eaf4138b a954f369 00000000 a002faf0 a53a0000 020405b4 0402080a d7121dcf 00000000 0103030a
    `,
    checksum: 'correct',
    ip: { ...IP, tos: 0xc0, totalLength: 88, id: 53903, dontFragment: false, protocol: 1, checksum: 0x90a5, source: R, destination: A },
    icmp: { type: 3, code: 3, checksum: 0x14dd, rest: 0x00000000 },
    error: { name: 'port-unreachable', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 60, id: 58017, ttl: 63 },
    quotedTcp: { sourcePort: 60148, destinationPort: 5003, seq: 2840916841, ack: 0, window: 64240, checksum: 0xa53a },
  },
  {
    name: 'net prohibited',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP net 10.87.2.2 unreachable - admin prohibited, length 68',
    hex: `
      45c00058 d2b50000 4001907f 0a570101 0a570102 030914d7 00000000 4500003c 28244000 3f06fbe6 0a570102 0a570202
      bb301391 4649e0f1 00000000 a002faf0 ad540000 020405b4 0402080a 89b60853 00000000 0103030a
    `,
    checksum: 'correct',
    ip: { ...IP, tos: 0xc0, totalLength: 88, id: 53941, dontFragment: false, protocol: 1, checksum: 0x907f, source: R, destination: A },
    icmp: { type: 3, code: 9, checksum: 0x14d7, rest: 0x00000000 },
    error: { name: 'net-prohibited', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 60, id: 10276, ttl: 63 },
    quotedTcp: { sourcePort: 47920, destinationPort: 5009, seq: 1179246833, ack: 0, window: 64240, checksum: 0xad54 },
  },
  {
    name: 'host prohibited',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP host 10.87.2.2 unreachable - admin prohibited, length 68',
    hex: `
      45c00058 d2da0000 4001905a 0a570101 0a570102 030a14d6 00000000 4500003c 3ed34000 3f06e537 0a570102 0a570202
      d28e1392 2176523a 00000000 a002faf0 08da0000 020405b4 0402080a 499c8913 00000000 0103030a
    `,
    checksum: 'correct',
    ip: { ...IP, tos: 0xc0, totalLength: 88, id: 53978, dontFragment: false, protocol: 1, checksum: 0x905a, source: R, destination: A },
    icmp: { type: 3, code: 10, checksum: 0x14d6, rest: 0x00000000 },
    error: { name: 'host-prohibited', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 60, id: 16083, ttl: 63 },
    quotedTcp: { sourcePort: 53902, destinationPort: 5010, seq: 561402426, ack: 0, window: 64240, checksum: 0x08da },
  },
  {
    name: 'admin prohibited',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP host 10.87.2.2 unreachable - admin prohibited filter, length 68',
    hex: `
      45c00058 d2ee0000 40019046 0a570101 0a570102 030d14d3 00000000 4500003c 64df4000 3f06bf2b 0a570102 0a570202
      a4a21395 7bd9201d 00000000 a002faf0 f53c0000 020405b4 0402080a fff0ebfe 00000000 0103030a
    `,
    checksum: 'correct',
    ip: { ...IP, tos: 0xc0, totalLength: 88, id: 53998, dontFragment: false, protocol: 1, checksum: 0x9046, source: R, destination: A },
    icmp: { type: 3, code: 13, checksum: 0x14d3, rest: 0x00000000 },
    error: { name: 'admin-prohibited', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 60, id: 25823, ttl: 63 },
    quotedTcp: { sourcePort: 42146, destinationPort: 5013, seq: 2077827101, ack: 0, window: 64240, checksum: 0xf53c },
  },
  {
    name: 'fragmentation needed',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP 10.87.2.2 unreachable - need to frag (mtu 1000), length 556',
    hex: `
      45c00240 cc190000 40019533 0a570101 0a570102 0304cb18 000003e8 450005ac 667e4000 4006b71c 0a570102 0a570202
      d6fc0fa0 1a9d9a69 a7515d0e 8018003f 17900000 0101080a 64bf2535 baebf36f 78787878 78787878 78787878 78787878
      78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878
      78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878
      78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878
      78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878
      78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878
      78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878
      78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878
      78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878
      78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878
      78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878 78787878
    `,
    checksum: 'correct',
    ip: { ...IP, tos: 0xc0, totalLength: 576, id: 52249, dontFragment: false, protocol: 1, checksum: 0x9533, source: R, destination: A },
    icmp: { type: 3, code: 4, checksum: 0xcb18, rest: 0x000003e8 },
    error: { name: 'fragmentation-needed', nextHopMtu: 1000, extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 1452, id: 26238, ttl: 64 },
    quotedTcp: { sourcePort: 55036, destinationPort: 4000, seq: 446536297, ack: 2807127310, window: 63, checksum: 0x1790 },
  },
  {
    name: 'time to live exceeded',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP time exceeded in-transit, length 68',
    hex: `
      45c00058 cbf30000 40019741 0a570101 0a570102 0b000ce0 00000000 4500003c 9a414000 0106c7c9 0a570102 0a570202
      d6f40fa0 5edd5a9a 00000000 a002faf0 bb110000 020405b4 0402080a 37f5a247 00000000 0103030a
    `,
    checksum: 'correct',
    ip: { ...IP, tos: 0xc0, totalLength: 88, id: 52211, dontFragment: false, protocol: 1, checksum: 0x9741, source: R, destination: A },
    icmp: { type: 11, code: 0, checksum: 0x0ce0, rest: 0x00000000 },
    error: { name: 'ttl-exceeded', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 60, id: 39489, ttl: 1 },
    quotedTcp: { sourcePort: 55028, destinationPort: 4000, seq: 1591564954, ack: 0, window: 64240, checksum: 0xbb11 },
  },
  {
    name: 'reassembly time exceeded',
    tcpdump: '10.87.2.2 > 10.87.1.2: ICMP ip reassembly time exceeded, length 52',
    hex: `
      45c00048 85e80000 3f01dd5b 0a570202 0a570102 0b01f71b 00000000 4500002c 03092000 3f064112 0a570102 0a570202
      9c410fa0 fffffffe 00000000 50020200 00000000 00000000
    `,
    checksum: 'correct',
    ip: {
      ...IP,
      tos: 0xc0,
      totalLength: 72,
      id: 34280,
      dontFragment: false,
      ttl: 63,
      protocol: 1,
      checksum: 0xdd5b,
      source: B,
      destination: A,
    },
    icmp: { type: 11, code: 1, checksum: 0xf71b, rest: 0x00000000 },
    error: { name: 'reassembly-time-exceeded', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 777, ttl: 63 },
    quotedTcp: { sourcePort: 40001, destinationPort: 4000, seq: 4294967294, ack: 0, window: 512, checksum: 0x0000 },
  },
  {
    name: 'parameter problem, about a record route option',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP parameter problem - octet 22, length 56',
    hex: `
      45c0004c cc400000 40019700 0a570101 0a570102 0c00e01c 16000000 47000030 030a0000 40065506 0a570102 0a570202
      07070200 00000000 9c410fa0 fffffffe 00000000 50020200 00000000
    `,
    checksum: 'correct',
    ip: { ...IP, tos: 0xc0, totalLength: 76, id: 52288, dontFragment: false, protocol: 1, checksum: 0x9700, source: R, destination: A },
    icmp: { type: 12, code: 0, checksum: 0xe01c, rest: 0x16000000 },
    error: { name: 'parameter-problem', pointer: 22, extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 48, id: 778, ttl: 64 },
    quotedTcp: { sourcePort: 40001, destinationPort: 4000, seq: 4294967294, ack: 0, window: 512, checksum: 0x0000 },
  },
];
