/** Changes that a router makes to what it forwards, and how trace must call each. */
import type { ChangedField } from '../../src/probe/events.ts';
import type { SegmentSpec } from '../../src/probe/segment-spec.ts';
import { fromHex } from '../../src/wire/hex.ts';
import type { TcpOption } from '../../src/wire/tcp-options.ts';
import { type ScriptedHop, withHeader, withSegment } from '../tun/path.ts';

export interface Injected {
  kind: string;
  /** All of the changes that must be reported, each as `FIELD HOW`. */
  reported: `${ChangedField} ${'changed' | 'removed' | 'replaced' | 'added'}`[];
  /** What the probe must have for that. */
  spec?: SegmentSpec;
}

/** Of the probes, so that rules may speak of it. */
export const SOURCE_PORT = 40_000;
/** Nobody listens there: each probe that arrives is answered. */
export const CLOSED_PORT = 81;
/** The router that makes the change; the one behind it is the first to show it. */
export const CHANGING_HOP = 3;
const CLIENT = '10.0.1.2';
const SERVER = '10.0.8.1';
const OTHER_SERVER = '10.0.8.9';

/** What the first hop to show a change must say of it. */
export const expectedChangesOf = ({ reported }: Pick<Injected, 'reported'>): string[] =>
  reported.map((change) => `hop ${CHANGING_HOP + 1}: ${change}`);

export interface InjectedByKernel extends Injected {
  /** Statements of nftables for what goes from the client to the server, and for what comes back. */
  forth: string;
  back?: string;
}

const DATA = new Uint8Array(8).fill(0x61);

export const BY_KERNEL: readonly InjectedByKernel[] = [
  { kind: 'DSCP rewritten', forth: 'ip dscp set 10', reported: ['dscp changed'] },
  { kind: 'DSCP cleared', forth: 'ip dscp set 0', spec: { tos: 0xb8 }, reported: ['dscp changed'] },
  { kind: 'ECN marked CE', forth: 'ip ecn set ce', spec: { tos: 2 }, reported: ['ecn changed'] },
  { kind: 'ECN cleared', forth: 'ip ecn set not-ect', spec: { tos: 2 }, reported: ['ecn changed'] },
  { kind: 'identification rewritten', forth: 'ip id set 4660', reported: ['ip-id changed'] },
  { kind: 'DF cleared', forth: 'ip frag-off set 0', reported: ['df changed'] },
  { kind: 'reserved bit set', forth: 'ip frag-off set 0xc000', reported: ['reserved-bit changed'] },
  {
    kind: 'source translated',
    forth: `ip saddr set 10.0.1.77`,
    back: `ip daddr 10.0.1.77 ip daddr set ${CLIENT}`,
    reported: ['source-address changed'],
  },
  {
    kind: 'source port translated',
    forth: `tcp sport ${SOURCE_PORT} tcp sport set 50000`,
    back: `tcp dport 50000 tcp dport set ${SOURCE_PORT}`,
    reported: ['source-port changed'],
  },
  {
    kind: 'destination translated',
    forth: `ip daddr set ${OTHER_SERVER}`,
    back: `ip saddr ${OTHER_SERVER} ip saddr set ${SERVER}`,
    reported: ['destination-address changed'],
  },
  {
    kind: 'destination port translated',
    forth: `tcp dport set 8080`,
    back: `tcp sport 8080 tcp sport set ${CLOSED_PORT}`,
    reported: ['destination-port changed'],
  },
  { kind: 'sequence number rewritten', forth: '@th,32,16 set 0x1234', reported: ['seq changed'] },
  { kind: 'acknowledgment rewritten', forth: 'tcp ackseq set 7', reported: ['ack changed'] },
  { kind: 'flag added', forth: 'tcp flags set 0xc2', reported: ['flags changed'] },
  { kind: 'ECN flags cleared', forth: 'tcp flags set 0x02', spec: { flags: 0xc2 }, reported: ['flags changed'] },
  { kind: 'window rewritten', forth: 'tcp window set 1000', reported: ['window changed'] },
  { kind: 'urgent pointer rewritten', forth: 'tcp urgptr set 9', reported: ['urgent changed'] },
  { kind: 'reserved bits set', forth: '@th,96,16 set 0xae02', reported: ['reserved changed'] },
  { kind: 'checksum rewritten', forth: 'tcp checksum set 0x1234', reported: ['checksum changed'] },
  { kind: 'MSS clamped', forth: 'tcp option maxseg size set 1300', reported: ['mss changed'] },
  { kind: 'window scale blanked by NOPs', forth: 'reset tcp option window', reported: ['window-scale replaced'] },
  { kind: 'time stamp rewritten', forth: 'tcp option timestamp tsval set 5', reported: ['timestamps changed'] },
  { kind: 'SACK blanked by NOPs', forth: 'reset tcp option sack-perm', reported: ['sack-permitted replaced'] },
  { kind: 'time stamps blanked by NOPs', forth: 'reset tcp option timestamp', reported: ['timestamps replaced'] },
  { kind: 'payload rewritten', forth: '@ih,0,16 set 0x6262', spec: { payload: DATA }, reported: ['payload changed'] },
];

/** The rules of the router that makes a change. */
export const rulesOf = ({ forth, back = '' }: Pick<InjectedByKernel, 'forth' | 'back'>, port = CLOSED_PORT): string => `flush ruleset
table ip change {
  chain forth { type filter hook postrouting priority 300; oifname "far" ip daddr ${SERVER} tcp dport ${port} ${forth}; }
  chain back { type filter hook prerouting priority -300; ${back === '' ? '' : `iifname "far" ${back};`} }
}
`;

export interface InjectedByScript extends Injected {
  hop: ScriptedHop;
}

const NOP: TcpOption = { kind: 1, name: 'nop' };
const ROUTER_ALERT = fromHex('94040000');

/** Of Linux's SYN: mss, sack-permitted, timestamps, nop, window scale. */
export const BY_SCRIPT: readonly InjectedByScript[] = [
  {
    kind: 'MSS taken out',
    hop: { change: (passing) => withSegment(passing, { options: passing.tcp.options.filter(({ name }) => name !== 'mss') }) },
    reported: ['mss removed'],
  },
  {
    kind: 'all options taken out',
    hop: { change: (passing) => withSegment(passing, { options: [] }) },
    reported: ['mss removed', 'sack-permitted removed', 'timestamps removed', 'window-scale removed'],
  },
  {
    kind: 'option put in',
    hop: {
      change: (passing) =>
        withSegment(passing, { options: [...passing.tcp.options, { kind: 76, name: 'unknown', data: Uint8Array.of(1, 2) }] }),
    },
    reported: ['option added'],
  },
  {
    kind: 'MPTCP blanked by NOPs',
    spec: { options: [{ kind: 30, name: 'mptcp', data: Uint8Array.of(0, 1) }] },
    hop: {
      change: (passing) =>
        withSegment(passing, {
          options: passing.tcp.options.flatMap((option) => (option.name === 'mptcp' ? Array(4).fill(NOP) : [option])),
        }),
    },
    reported: ['option replaced'],
  },
  {
    kind: 'window scale rewritten',
    hop: {
      change: (passing) =>
        withSegment(passing, {
          options: passing.tcp.options.map((option) => (option.name === 'window-scale' ? { ...option, shift: 2 } : option)),
        }),
    },
    reported: ['window-scale changed'],
  },
  {
    kind: 'options reordered',
    hop: { change: (passing) => withSegment(passing, { options: [...passing.tcp.options.slice(1), ...passing.tcp.options.slice(0, 1)] }) },
    reported: ['option-order changed'],
  },
  {
    kind: 'data of a SYN taken out',
    spec: { payload: DATA },
    hop: { change: (passing) => withSegment(passing, { payload: new Uint8Array(0) }) },
    reported: ['payload removed'],
  },
  {
    kind: 'data put in',
    hop: { change: (passing) => withSegment(passing, { payload: DATA }) },
    reported: ['payload added'],
  },
  {
    kind: 'data offset rewritten',
    hop: { change: (passing) => withSegment(passing, { dataOffset: 5 }) },
    reported: ['data-offset changed'],
  },
  {
    kind: 'IP options taken out',
    spec: { ipOptions: ROUTER_ALERT },
    hop: { change: (passing) => withHeader(passing, { options: new Uint8Array(0) }) },
    reported: ['ip-options removed'],
  },
  {
    kind: 'IP options blanked by NOPs',
    spec: { ipOptions: ROUTER_ALERT },
    hop: { change: (passing) => withHeader(passing, { options: new Uint8Array(4).fill(1) }) },
    reported: ['ip-options replaced'],
  },
];
