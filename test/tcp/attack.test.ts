/**
 * Any events in any order, from a peer that lies about everything: nothing is thrown, nothing that
 * test/support/tcp-watch.ts holds is broken, and all that is sent can be put into bytes.
 */
import fc from 'fast-check';
import { it } from 'vitest';
import type { TcpEvent } from '../../src/tcp/endpoint.ts';
import { DEFAULT_TCB_CONFIG, type TcbConfig } from '../../src/tcp/tcb.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { encodePacket } from '../../src/wire/packet.ts';
import { seqAdd } from '../../src/wire/seq.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';
import {
  KIND_MSS,
  KIND_SACK,
  KIND_SACK_PERMITTED,
  KIND_TIMESTAMPS,
  KIND_WINDOW_SCALE,
  type TcpOption,
} from '../../src/wire/tcp-options.ts';
import { PatternStream } from '../support/tcp-pattern.ts';
import { LOCAL_PORT, REMOTE_PORT } from '../support/tcp-script.ts';
import { Watch } from '../support/tcp-watch.ts';

const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });

/** From a number that matters: mostly close to it, now and then anywhere. */
const near = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 1, -1) },
  { weight: 4, arbitrary: fc.integer({ min: -3000, max: 3000 }) },
  { weight: 2, arbitrary: fc.integer({ min: -70_000, max: 70_000 }) },
  { weight: 1, arbitrary: uint32 },
);

const flags = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom(0x10, 0x10, 0x10, 0x18, 0x18, 0x11) },
  { weight: 4, arbitrary: fc.constantFrom(0x02, 0x12, 0x19, 0x38) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x1ff }) },
);

/** What a segment is made of; numbers count from where the endpoint stands when it comes. */
const segment = fc.record({
  type: fc.constant('segment' as const),
  flags,
  seq: near,
  ack: near,
  ackFrom: fc.constantFrom('sndUna' as const, 'sndNxt' as const),
  window: fc.oneof(fc.constantFrom(0, 1, 65_535), uint16),
  urgent: uint16,
  length: fc.oneof(fc.constantFrom(0, 0, 1, 100), fc.integer({ min: 0, max: 3000 })),
  options: fc.array(
    fc.oneof(
      fc.record({ name: fc.constant('mss' as const), value: uint16 }),
      fc.record({ name: fc.constant('window-scale' as const), value: fc.integer({ min: 0, max: 255 }) }),
      fc.record({ name: fc.constant('sack-permitted' as const), value: fc.constant(0) }),
      fc.record({ name: fc.constant('timestamps' as const), value: near, echo: near }),
      fc.record({ name: fc.constant('sack' as const), value: near, echo: near }),
      fc.record({ name: fc.constant('sack' as const), value: fc.nat(5000), echo: fc.nat(10_000) }),
      fc.record({ name: fc.constant('malformed' as const), value: fc.integer({ min: 0, max: 255 }) }),
    ),
    { maxLength: 3 },
  ),
  /** Has the timestamp that it should have. */
  timely: fc.integer({ min: 0, max: 9 }).map((of10) => of10 > 0),
  more: fc.boolean(),
  times: fc.constantFrom(1, 1, 1, 4),
});

const step = fc.oneof(
  { weight: 12, arbitrary: segment },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('send' as const), bytes: fc.integer({ min: 0, max: 20_000 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('wait' as const),
      us: fc.oneof({ weight: 9, arbitrary: fc.nat(500_000) }, { weight: 1, arbitrary: uint32 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('due' as const) }) },
  // An arrival may bear a time before that of what was handled last.
  { weight: 1, arbitrary: fc.record({ type: fc.constant('back' as const), us: fc.integer({ min: 0, max: 50_000 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('mtu' as const), maxSegmentBytes: fc.integer({ min: -100, max: 2000 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('close' as const, 'open' as const, 'listen' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('abort' as const), sure: fc.integer({ min: 0, max: 9 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const setup = fc.record({
  iss: fc.constantFrom(0xffff_fffe, 0xffff_ff00, 0, 0x7fff_fff0),
  synOptions: fc.subarray<TcpOption>([
    { kind: KIND_MSS, name: 'mss', mss: 1460 },
    { kind: KIND_SACK_PERMITTED, name: 'sack-permitted' },
    { kind: KIND_TIMESTAMPS, name: 'timestamps', value: 0xffff_fff0, echoReply: 0 },
    { kind: KIND_WINDOW_SCALE, name: 'window-scale', shift: 7 },
  ]),
  synWindow: fc.constantFrom(64_240, 65_535, 1000, 1, 0),
  fixedWindow: fc.boolean(),
  crossFin: fc.boolean(),
  userTimeoutUs: fc.constantFrom(5_000_000, 600_000_000, 600_000_000),
  passive: fc.boolean(),
  /** The peer goes along with the handshake before it begins to lie. */
  handshake: fc.constantFrom(true, true, true, false),
});

class Attack {
  private nowUs = 0;
  private written = 0;
  private readonly watch: Watch;
  private readonly ours = new PatternStream(1);

  constructor({ passive, handshake, ...config }: typeof setup extends fc.Arbitrary<infer T> ? T : never) {
    const full: TcbConfig = { ...DEFAULT_TCB_CONFIG, localPort: LOCAL_PORT, remotePort: REMOTE_PORT, ...config };
    this.watch = new Watch(full, this.ours);
    this.handle({ type: 'open', passive });
    if (!handshake) return;
    const fields = { sourcePort: REMOTE_PORT, destinationPort: LOCAL_PORT, window: 30_000, options: config.synOptions };
    const seq = 0xffff_fff9;
    this.handle({ type: 'segment', segment: tcpSegment({ ...fields, seq, ack: seqAdd(config.iss, 1), flags: passive ? 0x02 : 0x12 }) });
    if (!passive) return;
    this.handle({ type: 'segment', segment: tcpSegment({ ...fields, seq: seqAdd(seq, 1), ack: seqAdd(config.iss, 1), flags: 0x10 }) });
  }

  take(action: Step): void {
    const { tcb } = this.watch;
    switch (action.type) {
      case 'segment':
        for (let times = 0; times < action.times; times++)
          this.handle({ type: 'segment', segment: this.segment(action), more: action.more });
        return;
      case 'send': {
        const data = this.ours.bytes(this.written, Math.min(action.bytes, (1 << 20) - this.written));
        if (!tcb.finQueued && tcb.state !== 'CLOSED') this.written += data.length;
        return this.handle({ type: 'send', data });
      }
      case 'wait':
        this.nowUs += action.us;
        return this.handle({ type: 'timer' });
      case 'due':
        if (this.watch.deadlineUs < Number.POSITIVE_INFINITY) this.nowUs = Math.max(this.nowUs, this.watch.deadlineUs);
        return this.handle({ type: 'timer' });
      case 'back':
        this.nowUs = Math.max(0, this.nowUs - action.us);
        return;
      case 'mtu':
        return this.handle(action);
      case 'close':
        return this.handle({ type: 'close' });
      case 'open':
        return this.handle({ type: 'open', passive: false });
      case 'listen':
        return this.handle({ type: 'open', passive: true });
      case 'abort':
        if (action.sure === 0) this.handle({ type: 'abort' });
        return;
    }
  }

  private segment(fields: Extract<Step, { type: 'segment' }>) {
    const { tcb } = this.watch;
    const options = fields.options.map((option) => this.option(option));
    if (fields.timely && tcb.tsOk)
      options.unshift({ kind: KIND_TIMESTAMPS, name: 'timestamps', value: tcb.tsRecent, echoReply: tcb.tsSent });
    return tcpSegment({
      sourcePort: REMOTE_PORT,
      destinationPort: LOCAL_PORT,
      flags: fields.flags,
      seq: seqAdd(tcb.rcvNxt, fields.seq),
      ack: seqAdd(tcb[fields.ackFrom], fields.ack),
      window: fields.window,
      urgent: fields.urgent,
      payload: new Uint8Array(fields.length),
      options,
    });
  }

  private option(option: Extract<Step, { type: 'segment' }>['options'][number]): TcpOption {
    const { tcb } = this.watch;
    switch (option.name) {
      case 'mss':
        return { kind: KIND_MSS, name: 'mss', mss: option.value };
      case 'window-scale':
        return { kind: KIND_WINDOW_SCALE, name: 'window-scale', shift: option.value };
      case 'sack-permitted':
        return { kind: KIND_SACK_PERMITTED, name: 'sack-permitted' };
      case 'timestamps':
        return {
          kind: KIND_TIMESTAMPS,
          name: 'timestamps',
          value: seqAdd(tcb.tsRecent, option.value),
          echoReply: seqAdd(tcb.tsSent, option.echo),
        };
      case 'sack':
        return {
          kind: KIND_SACK,
          name: 'sack',
          blocks: [
            { left: seqAdd(tcb.sndUna, option.value), right: seqAdd(tcb.sndUna, option.echo) },
            { left: seqAdd(tcb.sndNxt, -option.value), right: seqAdd(tcb.sndNxt, -option.echo) },
          ],
        };
      case 'malformed':
        return { kind: option.value, name: 'malformed', bytes: Uint8Array.of(option.value, 0) };
    }
  }

  private handle(event: TcpEvent): void {
    for (const action of this.watch.handle(event, this.nowUs)) {
      if (action.type === 'send') encodePacket({ ip: ipv4Header({ source: 1, destination: 2 }), tcp: action.segment });
    }
  }
}

/** `RAWSHAKE_RUNS=400000` takes three minutes. */
const RUNS = Number(process.env.RAWSHAKE_RUNS ?? 1000);

it('breaks nothing, whatever comes', { timeout: 600_000 }, () => {
  fc.assert(
    fc.property(setup, fc.array(step, { maxLength: 100, size: 'max' }), (config, steps) => {
      const attack = new Attack(config);
      for (const action of steps) attack.take(action);
    }),
    { numRuns: RUNS },
  );
});
