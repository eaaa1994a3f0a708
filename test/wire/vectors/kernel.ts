/** Captured between the kernels of two Linux 6.18 hosts with a router between them, and on loopback. */
import { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from '../../../src/wire/flags.ts';
import { A, B, IP, LOOPBACK, mss, NOP, SACK_OK, TCP, type TcpVector, text, ts, wscale } from './vector.ts';

export const kernelVectors: readonly TcpVector[] = [
  {
    name: 'SYN',
    tcpdump:
      '10.87.1.2.58636 > 10.87.2.2.4000: Flags [S], seq 749945408, win 64240, options [mss 1460,sackOK,TS val 492212170 ecr 0,nop,wscale 10], length 0',
    hex: `
      4500003c 25f04000 4006fd1a 0a570102 0a570202 e50c0fa0 2cb34240 00000000 a002faf0 249a0000 020405b4 0402080a
      1d568fca 00000000 0103030a
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 60, id: 9712, checksum: 0xfd1a },
      tcp: {
        ...TCP,
        sourcePort: 58636,
        seq: 749945408,
        dataOffset: 10,
        flags: SYN,
        window: 64240,
        checksum: 0x249a,
        options: [mss(1460), SACK_OK, ts(492212170, 0), NOP, wscale(10)],
      },
    },
  },
  {
    name: 'SYN+ACK',
    tcpdump:
      '10.87.2.2.4000 > 10.87.1.2.58636: Flags [S.], seq 3257458819, ack 749945409, win 65160, options [mss 1460,sackOK,TS val 3959753052 ecr 492212170,nop,wscale 10], length 0',
    hex: `
      4500003c 00004000 3f06240b 0a570202 0a570102 0fa0e50c c228e083 2cb34241 a012fe88 88e20000 020405b4 0402080a
      ec05095c 1d568fca 0103030a
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 60, ttl: 63, checksum: 0x240b, source: B, destination: A },
      tcp: {
        ...TCP,
        sourcePort: 4000,
        destinationPort: 58636,
        seq: 3257458819,
        ack: 749945409,
        dataOffset: 10,
        flags: ACK | SYN,
        window: 65160,
        checksum: 0x88e2,
        options: [mss(1460), SACK_OK, ts(3959753052, 492212170), NOP, wscale(10)],
      },
    },
  },
  {
    name: 'ACK of the SYN+ACK',
    tcpdump:
      '10.87.1.2.58636 > 10.87.2.2.4000: Flags [.], ack 3257458820, win 63, options [nop,nop,TS val 492212170 ecr 3959753052], length 0',
    hex: `
      45000034 25f14000 4006fd21 0a570102 0a570202 e50c0fa0 2cb34241 c228e084 8010003f b5fb0000 0101080a 1d568fca
      ec05095c
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 52, id: 9713, checksum: 0xfd21 },
      tcp: {
        ...TCP,
        sourcePort: 58636,
        seq: 749945409,
        ack: 3257458820,
        dataOffset: 8,
        flags: ACK,
        window: 63,
        checksum: 0xb5fb,
        options: [NOP, NOP, ts(492212170, 3959753052)],
      },
    },
  },
  {
    name: 'data of an odd length',
    tcpdump:
      '10.87.1.2.58636 > 10.87.2.2.4000: Flags [P.], seq 749945409:749945426, ack 3257458820, win 63, options [nop,nop,TS val 492212170 ecr 3959753052], length 17',
    hex: `
      45000045 25f24000 4006fd0f 0a570102 0a570202 e50c0fa0 2cb34241 c228e084 8018003f ac050000 0101080a 1d568fca
      ec05095c 68656c6c 6f2c2072 61777368 616b6521 0a
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 69, id: 9714, checksum: 0xfd0f },
      tcp: {
        ...TCP,
        sourcePort: 58636,
        seq: 749945409,
        ack: 3257458820,
        dataOffset: 8,
        flags: ACK | PSH,
        window: 63,
        checksum: 0xac05,
        options: [NOP, NOP, ts(492212170, 3959753052)],
        payload: text('hello, rawshake!\n'),
      },
    },
  },
  {
    name: 'FIN of the server',
    tcpdump:
      '10.87.2.2.4000 > 10.87.1.2.58636: Flags [F.], seq 3257458835, ack 749945426, win 64, options [nop,nop,TS val 3959753053 ecr 492212171], length 0',
    hex: `
      45000034 78994000 3f06ab79 0a570202 0a570102 0fa0e50c c228e093 2cb34252 80110040 b5d70000 0101080a ec05095d
      1d568fcb
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 52, id: 30873, ttl: 63, checksum: 0xab79, source: B, destination: A },
      tcp: {
        ...TCP,
        sourcePort: 4000,
        destinationPort: 58636,
        seq: 3257458835,
        ack: 749945426,
        dataOffset: 8,
        flags: ACK | FIN,
        window: 64,
        checksum: 0xb5d7,
        options: [NOP, NOP, ts(3959753053, 492212171)],
      },
    },
  },
  {
    name: 'FIN of the client',
    tcpdump:
      '10.87.1.2.58636 > 10.87.2.2.4000: Flags [F.], seq 749945426, ack 3257458836, win 63, options [nop,nop,TS val 492212171 ecr 3959753053], length 0',
    hex: `
      45000034 25f44000 4006fd1e 0a570102 0a570202 e50c0fa0 2cb34252 c228e094 8011003f b5d70000 0101080a 1d568fcb
      ec05095d
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 52, id: 9716, checksum: 0xfd1e },
      tcp: {
        ...TCP,
        sourcePort: 58636,
        seq: 749945426,
        ack: 3257458836,
        dataOffset: 8,
        flags: ACK | FIN,
        window: 63,
        checksum: 0xb5d7,
        options: [NOP, NOP, ts(492212171, 3959753053)],
      },
    },
  },
  {
    name: 'the last ACK',
    tcpdump:
      '10.87.2.2.4000 > 10.87.1.2.58636: Flags [.], ack 749945427, win 64, options [nop,nop,TS val 3959753053 ecr 492212171], length 0',
    hex: `
      45000034 789a4000 3f06ab78 0a570202 0a570102 0fa0e50c c228e094 2cb34253 80100040 b5d60000 0101080a ec05095d
      1d568fcb
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 52, id: 30874, ttl: 63, checksum: 0xab78, source: B, destination: A },
      tcp: {
        ...TCP,
        sourcePort: 4000,
        destinationPort: 58636,
        seq: 3257458836,
        ack: 749945427,
        dataOffset: 8,
        flags: ACK,
        window: 64,
        checksum: 0xb5d6,
        options: [NOP, NOP, ts(3959753053, 492212171)],
      },
    },
  },
  {
    name: 'RST of a closed port',
    tcpdump: '10.87.2.2.7 > 10.87.1.2.59830: Flags [R.], seq 0, ack 2849649876, win 0, length 0',
    hex: `
      45000028 00004000 3f06241f 0a570202 0a570102 0007e9b6 00000000 a9da34d4 50140000 cfb20000
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 40, ttl: 63, checksum: 0x241f, source: B, destination: A },
      tcp: { ...TCP, sourcePort: 7, destinationPort: 59830, seq: 0, ack: 2849649876, flags: ACK | RST, window: 0, checksum: 0xcfb2 },
    },
  },
  {
    name: 'RST without ACK',
    tcpdump: '10.87.1.2.58654 > 10.87.2.2.4000: Flags [R], seq 1771035845, win 0, length 0',
    hex: `
      45000028 00004000 4006231f 0a570102 0a570202 e51e0fa0 698fdcc5 00000000 50040000 5d1b0000
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 40, checksum: 0x231f },
      tcp: { ...TCP, sourcePort: 58654, seq: 1771035845, flags: RST, window: 0, checksum: 0x5d1b },
    },
  },
  {
    name: 'RST of a socket closed with SO_LINGER 0',
    tcpdump:
      '10.87.1.2.58652 > 10.87.2.2.4000: Flags [R.], seq 762703054, ack 3546778751, win 63, options [nop,nop,TS val 2343033633 ecr 2610166982], length 0',
    hex: `
      45000034 066d4000 40061ca6 0a570102 0a570202 e51c0fa0 2d75ecce d3678c7f 8014003f f0bc0000 0101080a 8ba7db21
      9b93fcc6
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 52, id: 1645, checksum: 0x1ca6 },
      tcp: {
        ...TCP,
        sourcePort: 58652,
        seq: 762703054,
        ack: 3546778751,
        dataOffset: 8,
        flags: ACK | RST,
        window: 63,
        checksum: 0xf0bc,
        options: [NOP, NOP, ts(2343033633, 2610166982)],
      },
    },
  },
  {
    name: 'urgent data',
    tcpdump:
      '10.87.1.2.58654 > 10.87.2.2.4000: Flags [P.U], seq 1771035843:1771035844, ack 3777011284, win 63, urg 1, options [nop,nop,TS val 1501703310 ecr 3303183870], length 1',
    hex: `
      45000035 a6e84000 40067c29 0a570102 0a570202 e51e0fa0 698fdcc3 e1209e54 8038003f a2290001 0101080a 59822c8e
      c4e295fe 21
    `,
    checksum: 'correct',
    packet: {
      ip: { ...IP, totalLength: 53, id: 42728, checksum: 0x7c29 },
      tcp: {
        ...TCP,
        sourcePort: 58654,
        seq: 1771035843,
        ack: 3777011284,
        dataOffset: 8,
        flags: URG | ACK | PSH,
        window: 63,
        checksum: 0xa229,
        urgent: 1,
        options: [NOP, NOP, ts(1501703310, 3303183870)],
        payload: text('!'),
      },
    },
  },
  {
    name: 'SYN on loopback, checksum left to a card that is not there',
    tcpdump:
      '127.0.0.1.54018 > 127.0.0.1.4000: Flags [SEW], seq 1555496074, win 65495, options [mss 65495,sackOK,TS val 3903870878 ecr 0,nop,wscale 10], length 0',
    hex: `
      4500003c 850e4000 4006b7ab 7f000001 7f000001 d3020fa0 5cb6fc8a 00000000 a0c2ffd7 fe300000 0204ffd7 0402080a
      e8b0579e 00000000 0103030a
    `,
    checksum: 'partial',
    packet: {
      ip: { ...IP, totalLength: 60, id: 34062, checksum: 0xb7ab, source: LOOPBACK, destination: LOOPBACK },
      tcp: {
        ...TCP,
        sourcePort: 54018,
        seq: 1555496074,
        dataOffset: 10,
        flags: CWR | ECE | SYN,
        window: 65495,
        checksum: 0xfe30,
        options: [mss(65495), SACK_OK, ts(3903870878, 0), NOP, wscale(10)],
      },
    },
  },
  {
    name: 'data on loopback, marked ECT(0)',
    tcpdump:
      '127.0.0.1.54018 > 127.0.0.1.4000: Flags [P.], seq 1555496075:1555496082, ack 2528011124, win 64, options [nop,nop,TS val 3903870878 ecr 1153696544], length 7',
    hex: `
      4502003b 85104000 4006b7a8 7f000001 7f000001 d3020fa0 5cb6fc8b 96ae6374 80180040 fe2f0000 0101080a e8b0579e
      44c40320 70617274 69616c
    `,
    checksum: 'partial',
    packet: {
      ip: { ...IP, tos: 0x02, totalLength: 59, id: 34064, checksum: 0xb7a8, source: LOOPBACK, destination: LOOPBACK },
      tcp: {
        ...TCP,
        sourcePort: 54018,
        seq: 1555496075,
        ack: 2528011124,
        dataOffset: 8,
        flags: ACK | PSH,
        window: 64,
        checksum: 0xfe2f,
        options: [NOP, NOP, ts(3903870878, 1153696544)],
        payload: text('partial'),
      },
    },
  },
];
