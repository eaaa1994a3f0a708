/** ICMP errors that Linux does not send, made by hand. */
import { A, B, hex, type IcmpVector, IP, R } from './vector.ts';

export const icmpCraftedVectors: readonly IcmpVector[] = [
  {
    name: 'source route failed',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP 10.87.2.2 unreachable - source route failed, length 36',
    hex: `
      45000038 00000000 40016415 0a570101 0a570102 03055129 00000000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 56, dontFragment: false, protocol: 1, checksum: 0x6415, source: R, destination: A },
    icmp: { type: 3, code: 5, checksum: 0x5129, rest: 0x00000000 },
    error: { name: 'source-route-failed', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: {
      sourcePort: 40000,
      destinationPort: 4000,
      seq: 4294967280,
      stopped: 'TCP: header cut off: 8 of at least 20 bytes (at byte 8)',
    },
  },
  {
    name: 'net unknown',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP net 10.87.2.2 unreachable - unknown, length 36',
    hex: `
      45000038 00000000 40016415 0a570101 0a570102 03065128 00000000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 56, dontFragment: false, protocol: 1, checksum: 0x6415, source: R, destination: A },
    icmp: { type: 3, code: 6, checksum: 0x5128, rest: 0x00000000 },
    error: { name: 'net-unknown', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: {
      sourcePort: 40000,
      destinationPort: 4000,
      seq: 4294967280,
      stopped: 'TCP: header cut off: 8 of at least 20 bytes (at byte 8)',
    },
  },
  {
    name: 'host unknown',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP host 10.87.2.2 unreachable - unknown, length 36',
    hex: `
      45000038 00000000 40016415 0a570101 0a570102 03075127 00000000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 56, dontFragment: false, protocol: 1, checksum: 0x6415, source: R, destination: A },
    icmp: { type: 3, code: 7, checksum: 0x5127, rest: 0x00000000 },
    error: { name: 'host-unknown', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: {
      sourcePort: 40000,
      destinationPort: 4000,
      seq: 4294967280,
      stopped: 'TCP: header cut off: 8 of at least 20 bytes (at byte 8)',
    },
  },
  {
    name: 'source host isolated',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP 10.87.2.2 unreachable - source host isolated, length 36',
    hex: `
      45000038 00000000 40016415 0a570101 0a570102 03085126 00000000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 56, dontFragment: false, protocol: 1, checksum: 0x6415, source: R, destination: A },
    icmp: { type: 3, code: 8, checksum: 0x5126, rest: 0x00000000 },
    error: { name: 'source-host-isolated', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: {
      sourcePort: 40000,
      destinationPort: 4000,
      seq: 4294967280,
      stopped: 'TCP: header cut off: 8 of at least 20 bytes (at byte 8)',
    },
  },
  {
    name: 'net unreachable for type of service',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP net 10.87.2.2 unreachable - tos prohibited, length 36',
    hex: `
      45000038 00000000 40016415 0a570101 0a570102 030b5123 00000000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 56, dontFragment: false, protocol: 1, checksum: 0x6415, source: R, destination: A },
    icmp: { type: 3, code: 11, checksum: 0x5123, rest: 0x00000000 },
    error: { name: 'net-unreachable-for-tos', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: {
      sourcePort: 40000,
      destinationPort: 4000,
      seq: 4294967280,
      stopped: 'TCP: header cut off: 8 of at least 20 bytes (at byte 8)',
    },
  },
  {
    name: 'host unreachable for type of service',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP host 10.87.2.2 unreachable - tos prohibited, length 36',
    hex: `
      45000038 00000000 40016415 0a570101 0a570102 030c5122 00000000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 56, dontFragment: false, protocol: 1, checksum: 0x6415, source: R, destination: A },
    icmp: { type: 3, code: 12, checksum: 0x5122, rest: 0x00000000 },
    error: { name: 'host-unreachable-for-tos', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: {
      sourcePort: 40000,
      destinationPort: 4000,
      seq: 4294967280,
      stopped: 'TCP: header cut off: 8 of at least 20 bytes (at byte 8)',
    },
  },
  {
    name: 'host precedence violation',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP host 10.87.2.2 unreachable - host precedence violation, length 36',
    hex: `
      45000038 00000000 40016415 0a570101 0a570102 030e5120 00000000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 56, dontFragment: false, protocol: 1, checksum: 0x6415, source: R, destination: A },
    icmp: { type: 3, code: 14, checksum: 0x5120, rest: 0x00000000 },
    error: { name: 'host-precedence-violation', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: {
      sourcePort: 40000,
      destinationPort: 4000,
      seq: 4294967280,
      stopped: 'TCP: header cut off: 8 of at least 20 bytes (at byte 8)',
    },
  },
  {
    name: 'precedence cutoff',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP host 10.87.2.2 unreachable - precedence cutoff, length 36',
    hex: `
      45000038 00000000 40016415 0a570101 0a570102 030f511f 00000000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 56, dontFragment: false, protocol: 1, checksum: 0x6415, source: R, destination: A },
    icmp: { type: 3, code: 15, checksum: 0x511f, rest: 0x00000000 },
    error: { name: 'precedence-cutoff', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: {
      sourcePort: 40000,
      destinationPort: 4000,
      seq: 4294967280,
      stopped: 'TCP: header cut off: 8 of at least 20 bytes (at byte 8)',
    },
  },
  {
    name: 'a code without a name',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP 10.87.2.2 unreachable - #16, length 36',
    hex: `
      45000038 00000000 40016415 0a570101 0a570102 0310511e 00000000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 56, dontFragment: false, protocol: 1, checksum: 0x6415, source: R, destination: A },
    icmp: { type: 3, code: 16, checksum: 0x511e, rest: 0x00000000 },
    error: { name: 'type-3-code-16', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: {
      sourcePort: 40000,
      destinationPort: 4000,
      seq: 4294967280,
      stopped: 'TCP: header cut off: 8 of at least 20 bytes (at byte 8)',
    },
  },
  {
    name: 'fragmentation needed, next hop MTU not stated',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP 10.87.2.2 unreachable - need to frag, length 52',
    hex: `
      45000048 00000000 40016405 0a570101 0a570102 030414cc 00000000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0 00000000 60020400 d0a30000 020405b4
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 72, dontFragment: false, protocol: 1, checksum: 0x6405, source: R, destination: A },
    icmp: { type: 3, code: 4, checksum: 0x14cc, rest: 0x00000000 },
    error: { name: 'fragmentation-needed', nextHopMtu: 0, extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: { sourcePort: 40000, destinationPort: 4000, seq: 4294967280, ack: 0, window: 1024, checksum: 0xd0a3 },
  },
  {
    name: 'time exceeded, a code without a name',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP time exceeded-#2, length 36',
    hex: `
      45000038 00000000 40016415 0a570101 0a570102 0b02492c 00000000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 56, dontFragment: false, protocol: 1, checksum: 0x6415, source: R, destination: A },
    icmp: { type: 11, code: 2, checksum: 0x492c, rest: 0x00000000 },
    error: { name: 'type-11-code-2', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: {
      sourcePort: 40000,
      destinationPort: 4000,
      seq: 4294967280,
      stopped: 'TCP: header cut off: 8 of at least 20 bytes (at byte 8)',
    },
  },
  {
    name: 'parameter problem: required option missing',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP parameter problem - code 1, length 36',
    hex: `
      45000038 00000000 40016415 0a570101 0a570102 0c01342d 14000000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 56, dontFragment: false, protocol: 1, checksum: 0x6415, source: R, destination: A },
    icmp: { type: 12, code: 1, checksum: 0x342d, rest: 0x14000000 },
    error: { name: 'parameter-problem', pointer: 20, extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: {
      sourcePort: 40000,
      destinationPort: 4000,
      seq: 4294967280,
      stopped: 'TCP: header cut off: 8 of at least 20 bytes (at byte 8)',
    },
  },
  {
    name: 'quote of the IP header alone',
    tcpdump: '10.87.1.1 > 10.87.1.2:  [|icmp]',
    ours: '10.87.1.1 > 10.87.1.2: ICMP 10.87.2.2 protocol 6 port unreachable, length 28',
    hex: `
      45000030 00000000 4001641d 0a570101 0a570102 0303fcfc 00000000 4500002c 00004000 0106621b 0a570102 0a570202
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 48, dontFragment: false, protocol: 1, checksum: 0x641d, source: R, destination: A },
    icmp: { type: 3, code: 3, checksum: 0xfcfc, rest: 0x00000000 },
    error: { name: 'port-unreachable', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: { stopped: 'TCP: header cut off: 0 of at least 20 bytes (at byte 0)' },
  },
  {
    name: 'quote of four bytes',
    tcpdump: '10.87.1.1 > 10.87.1.2:  [|icmp]',
    ours: '10.87.1.1 > 10.87.1.2: ICMP host-unreachable, length 12',
    hex: `
      45000020 00000000 4001642d 0a570101 0a570102 0301fcfe 00000000 00000000
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 32, dontFragment: false, protocol: 1, checksum: 0x642d, source: R, destination: A },
    icmp: { type: 3, code: 1, checksum: 0xfcfe, rest: 0x00000000 },
    error: { name: 'host-unreachable', extensions: [] },
  },
  {
    name: 'quote of UDP',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP 10.87.2.2 udp port 53 unreachable, length 36',
    ours: '10.87.1.1 > 10.87.1.2: ICMP 10.87.2.2 protocol 17 port unreachable, length 36',
    hex: `
      45000038 00000000 40016415 0a570101 0a570102 0303607f 00000000 4500001c 00004000 40112320 0a570102 0a570202
      9c400035 00080000
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 56, dontFragment: false, protocol: 1, checksum: 0x6415, source: R, destination: A },
    icmp: { type: 3, code: 3, checksum: 0x607f, rest: 0x00000000 },
    error: { name: 'port-unreachable', extensions: [] },
    quotedIp: { source: A, destination: B, totalLength: 28, id: 0, ttl: 64 },
  },
  {
    name: 'MPLS label stack (RFC 4950) after a quote of stated length',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP time exceeded in-transit, length 152',
    hex: `
      450000ac 00000000 fe01a5a0 0a570101 0a570102 0b000cb0 00200000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0 00000000 60020400 d0a30000 020405b4 00000000 00000000 00000000 00000000 00000000 00000000
      00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
      00000000 00000000 00000000 20007a2c 000c0101 03e84001 05dc1b01
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 172, dontFragment: false, ttl: 254, protocol: 1, checksum: 0xa5a0, source: R, destination: A },
    icmp: { type: 11, code: 0, checksum: 0x0cb0, rest: 0x00200000 },
    error: { name: 'ttl-exceeded', extensions: [{ class: 1, type: 1, data: hex('03e8400105dc1b01') }] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: { sourcePort: 40000, destinationPort: 4000, seq: 4294967280, ack: 0, window: 1024, checksum: 0xd0a3 },
  },
  {
    name: 'MPLS label stack after 128 bytes, length not stated',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP time exceeded in-transit, length 152',
    hex: `
      450000ac 00000000 fe01a5a0 0a570101 0a570102 0b000cd0 00000000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0 00000000 60020400 d0a30000 020405b4 00000000 00000000 00000000 00000000 00000000 00000000
      00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
      00000000 00000000 00000000 20007a2c 000c0101 03e84001 05dc1b01
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 172, dontFragment: false, ttl: 254, protocol: 1, checksum: 0xa5a0, source: R, destination: A },
    icmp: { type: 11, code: 0, checksum: 0x0cd0, rest: 0x00000000 },
    error: { name: 'ttl-exceeded', extensions: [{ class: 1, type: 1, data: hex('03e8400105dc1b01') }] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: { sourcePort: 40000, destinationPort: 4000, seq: 4294967280, ack: 0, window: 1024, checksum: 0xd0a3 },
  },
  {
    name: 'interface information (RFC 5837) and MPLS',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP host 10.87.2.2 unreachable, length 172',
    hex: `
      450000c0 00000000 4001638d 0a570101 0a570102 030114af 00200000 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0 00000000 60020400 d0a30000 020405b4 00000000 00000000 00000000 00000000 00000000 00000000
      00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
      00000000 00000000 00000000 2000d4a1 0018020e 00000002 00010000 0a570102 08657468 30000000 00080101 00064fff
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 192, dontFragment: false, protocol: 1, checksum: 0x638d, source: R, destination: A },
    icmp: { type: 3, code: 1, checksum: 0x14af, rest: 0x00200000 },
    error: {
      name: 'host-unreachable',
      extensions: [
        { class: 2, type: 14, data: hex('00000002000100000a5701020865746830000000') },
        { class: 1, type: 1, data: hex('00064fff') },
      ],
    },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: { sourcePort: 40000, destinationPort: 4000, seq: 4294967280, ack: 0, window: 1024, checksum: 0xd0a3 },
  },
  {
    name: 'next hop MTU and MPLS',
    tcpdump: '10.87.1.1 > 10.87.1.2: ICMP 10.87.2.2 unreachable - need to frag (mtu 1400), length 152',
    hex: `
      450000ac 00000000 400163a1 0a570101 0a570102 03040f34 00200578 4500002c 00004000 0106621b 0a570102 0a570202
      9c400fa0 fffffff0 00000000 60020400 d0a30000 020405b4 00000000 00000000 00000000 00000000 00000000 00000000
      00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
      00000000 00000000 00000000 20007a2c 000c0101 03e84001 05dc1b01
    `,
    checksum: 'correct',
    ip: { ...IP, totalLength: 172, dontFragment: false, protocol: 1, checksum: 0x63a1, source: R, destination: A },
    icmp: { type: 3, code: 4, checksum: 0x0f34, rest: 0x00200578 },
    error: { name: 'fragmentation-needed', nextHopMtu: 1400, extensions: [{ class: 1, type: 1, data: hex('03e8400105dc1b01') }] },
    quotedIp: { source: A, destination: B, totalLength: 44, id: 0, ttl: 1 },
    quotedTcp: { sourcePort: 40000, destinationPort: 4000, seq: 4294967280, ack: 0, window: 1024, checksum: 0xd0a3 },
  },
];
