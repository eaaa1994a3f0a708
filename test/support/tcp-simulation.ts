/**
 * One connection of two of our endpoints, all of it drawn from a seed: how the wire behaves, what both sides offer,
 * write, read, and how they close. `simulate` runs it on a virtual clock and throws where a promise is broken.
 */
import { type Faults, NO_FAULTS } from '../../src/net/faults.ts';
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import { chance, type Random, randomBelow, seededRandom } from '../../src/net/random.ts';
import type { EndReason } from '../../src/tcp/actions.ts';
import { DEFAULT_TCB_CONFIG, type TcbConfig } from '../../src/tcp/tcb.ts';
import { KIND_MSS, KIND_NOP, KIND_SACK_PERMITTED, KIND_TIMESTAMPS, KIND_WINDOW_SCALE, type TcpOption } from '../../src/wire/tcp-options.ts';
import { Host, type UserPlan } from './tcp-host.ts';
import { PatternStream } from './tcp-pattern.ts';

export interface Plan {
  faults: Faults;
  sides: [SidePlan, SidePlan];
}

interface SidePlan {
  config: TcbConfig;
  user: UserPlan;
}

export interface Outcome {
  ends: [EndReason, EndReason];
  retransmissions: number;
  /** Datagrams with a wrong checksum. */
  dropped: number;
  bytes: number;
  segments: number;
}

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const PORTS = [49_152, 80] as const;
const ADDRESSES = [0x0a000001, 0x0a000002] as const;
const MOST_STEPS = 1_000_000;

/** Runs the connection of a seed. @throws Error where something does not hold; its message names the seed */
export function simulate(seed: number): Outcome {
  const plan = drawPlan(seed);
  try {
    return run(plan, seed);
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
  }
}

function run({ faults, sides }: Plan, seed: number): Outcome {
  const clock = new VirtualClock();
  const wire = new MemoryWire(clock, faults, seed);
  let segments = 0;
  wire.taps.push(() => segments++);
  const streams = [new PatternStream(1), new PatternStream(2)] as const;
  const create = (me: 0 | 1): Host => {
    const other = me === 0 ? 1 : 0;
    const { config, user } = sides[me];
    return new Host(wire, ADDRESSES[me], ADDRESSES[other], config, user, streams[me], streams[other]);
  };
  const hosts: [Host, Host] = [create(0), create(1)];
  let steps = 0;
  while (!hosts.every(({ isOver }) => isOver)) {
    if (!clock.step()) throw new Error('nothing is left to happen, and a side is not over');
    if (++steps > MOST_STEPS) throw new Error(`not over after ${MOST_STEPS} steps, at ${clock.nowUs() / SECOND} s`);
  }
  const [a, b] = hosts;
  judge(a, b, faults);
  judge(b, a, faults);
  return {
    ends: [a.watch.ended as EndReason, b.watch.ended as EndReason],
    retransmissions: a.watch.retransmissions + b.watch.retransmissions,
    dropped: a.dropped + b.dropped,
    bytes: a.watch.delivered + b.watch.delivered,
    segments,
  };
}

/** Each byte was compared as it was delivered; what is left is whether all came, and whether a failure has a cause. */
function judge(me: Host, other: Host, faults: Faults): void {
  const mine = me.watch.ended;
  const theirs = other.watch.ended;
  const isClean = faults.loss + faults.corrupt + faults.reorder + faults.duplicate + faults.jitterUs === 0;
  const say = (what: string) => {
    throw new Error(`${what}: ${mine} here, ${theirs} there`);
  };
  if (mine === 'closed') {
    if (me.watch.delivered !== other.written) say(`closed with ${me.watch.delivered} of ${other.written} bytes`);
  } else if (mine === 'aborted') {
    // A connection that hangs is one where the user gives up on a peer that has not.
    if (me.aborted.atDeadline && (theirs === 'closed' || other.aborted.atDeadline)) say('hung until the deadline');
    if (me.aborted.atDeadline && isClean && !other.aborted.byUser) say('hung on a clean wire');
  } else if (mine === 'timeout') {
    if (isClean && !other.aborted.byUser) say('no answer on a clean wire');
  } else if (theirs === 'closed' && me.watch.tcb.finSent) {
    // The peer has left TIME-WAIT, or LAST-ACK, before our last segments came.
    if (isClean) say('reset on a clean wire');
  } else if (theirs !== 'aborted' && theirs !== 'timeout') {
    say('a reset without a cause');
  }
  if (isClean && me.plan.reader === undefined && other.plan.reader === undefined && !(me.plan.passive === other.plan.passive)) {
    if (me.watch.retransmissions > 0 && !me.plan.mtu) say(`${me.watch.retransmissions} retransmissions on a clean wire`);
  }
}

// What is drawn

const pick = <T>(random: Random, ...choices: [T, ...T[]]): T => choices[randomBelow(random, choices.length)] as T;
const between = (random: Random, least: number, most: number): number => least + randomBelow(random, most - least + 1);

export function drawPlan(seed: number): Plan {
  const random = seededRandom(seed);
  const faults = drawFaults(random);
  const isSimultaneous = chance(random, 0.1);
  const a = drawOffer(random, faults, 0, false);
  const b = drawOffer(random, faults, 1, !isSimultaneous);
  // Some 100 KB at most, fewer where segments are small.
  const mostBytes = 300 * Math.min(a.segmentBytes, b.segmentBytes);
  const users: [UserPlan, UserPlan] = [drawUser(random, false, mostBytes, a), drawUser(random, !isSimultaneous, mostBytes, b)];
  users[0].openAtUs = isSimultaneous ? 0 : 1;
  users[1].openAtUs = isSimultaneous ? randomBelow(random, faults.delayUs) : 0;
  drawCloses(random, ...users);
  return {
    faults,
    sides: [
      { config: a.config, user: users[0] },
      { config: b.config, user: users[1] },
    ],
  };
}

function drawFaults(random: Random): Faults {
  const delayUs = pick(random, 50, 500, 5_000, 20_000, 100_000, 240_000);
  if (chance(random, 0.25)) return { ...NO_FAULTS, delayUs };
  const upTo = (most: number): number => (chance(random, 0.4) ? 0 : (randomBelow(random, 1000) / 1000) * most);
  return {
    loss: upTo(0.2),
    duplicate: upTo(0.1),
    reorder: upTo(0.3),
    corrupt: upTo(0.1),
    delayUs,
    jitterUs: chance(random, 0.5) ? 0 : randomBelow(random, 2 * delayUs),
  };
}

interface Offer {
  config: TcbConfig;
  /** No segment towards this side is larger, nor, where it is lowered, from it. */
  segmentBytes: number;
  /** Of a slow reader. */
  bufferBytes: number | undefined;
  mtu: UserPlan['mtu'];
}

function drawOffer(random: Random, faults: Faults, me: 0 | 1, passive: boolean): Offer {
  const mss = pick(random, 1460, 1460, 1460, 1460, 536, between(random, 64, 1460), between(random, 1, 64));
  const bufferBytes = chance(random, 0.15) ? between(random, 1, 20_000) : undefined;
  const synWindow = bufferBytes ?? pick(random, 64_240, 64_240, 65_535, between(random, 1000, 65_535), between(random, 1, 1000));
  const mtu = chance(random, 0.05) ? { atUs: randomBelow(random, SECOND), maxSegmentBytes: between(random, 28, 1400) } : undefined;
  const config: TcbConfig = {
    ...DEFAULT_TCB_CONFIG,
    localPort: PORTS[me],
    remotePort: passive ? 0 : PORTS[me === 0 ? 1 : 0],
    iss: pick(random, 0xffff_fffe, 0xffff_ffff, 0, 0x7fff_fffe, 2 ** 32 - 1 - randomBelow(random, 200_000), random.uint32()),
    synOptions: drawOptions(random, mss),
    synWindow,
    fixedWindow: bufferBytes === undefined && chance(random, 0.1),
    receiveBufferBytes: bufferBytes ?? pick(random, 1 << 20, 1 << 16, between(random, 1000, 1 << 20)),
    maxSegmentBytes: pick(random, 1460, 1460, between(random, 100, 1460)),
    // On a clean wire no timer may fire before its answer can be there.
    minRtoUs: faults.delayUs > 20_000 ? SECOND : pick(random, SECOND, 200_000),
    userTimeoutUs: pick(random, 20 * SECOND, 300 * SECOND, 1200 * SECOND, 1200 * SECOND),
    crossFin: chance(random, 0.1),
  };
  const segmentBytes = Math.min(mss, synWindow, mtu === undefined ? mss : mtu.maxSegmentBytes - 12);
  return { config, segmentBytes, bufferBytes, mtu };
}

function drawOptions(random: Random, mss: number): TcpOption[] {
  const options: TcpOption[] = [];
  const add = (option: TcpOption): void => {
    if (chance(random, 0.2)) options.push({ kind: KIND_NOP, name: 'nop' });
    options.splice(randomBelow(random, options.length + 1), 0, option);
  };
  if (chance(random, 0.9)) add({ kind: KIND_MSS, name: 'mss', mss });
  if (chance(random, 0.6)) add({ kind: KIND_SACK_PERMITTED, name: 'sack-permitted' });
  if (chance(random, 0.6)) add({ kind: KIND_WINDOW_SCALE, name: 'window-scale', shift: pick(random, 0, 1, 7, 14, between(random, 0, 14)) });
  if (chance(random, 0.5))
    add({ kind: KIND_TIMESTAMPS, name: 'timestamps', value: pick(random, 0, 0xffff_ff00, random.uint32()), echoReply: 0 });
  return options;
}

function drawUser(random: Random, passive: boolean, mostBytes: number, { bufferBytes, mtu }: Offer): UserPlan {
  const few = (): number => randomBelow(random, 2000);
  const bytes = pick(random, 0, 1, few(), few(), few(), randomBelow(random, 20_000), randomBelow(random, 20_000));
  const writes: UserPlan['writes'] = [];
  for (let left = Math.min(mostBytes, chance(random, 0.08) ? randomBelow(random, 300_000) : bytes); left > 0; ) {
    const size = writes.length > 50 || chance(random, 0.5) ? left : between(random, 1, Math.min(left, 50_000));
    writes.push({ bytes: size, afterUs: pick(random, 0, 0, randomBelow(random, 50_000), randomBelow(random, 3 * SECOND)) });
    left -= size;
  }
  return {
    openAtUs: 0,
    passive,
    writes,
    close: { on: 'written', afterUs: 0 },
    abortAtUs: chance(random, 0.05) ? randomBelow(random, 5 * SECOND) : undefined,
    mtu,
    reader:
      bufferBytes === undefined
        ? undefined
        : {
            everyUs: between(random, 1000, 3 * SECOND),
            bytes: between(random, Math.ceil(bufferBytes / 10), 2 * bufferBytes),
          },
    lagUs: chance(random, 0.7) ? 0 : randomBelow(random, 20_000),
    deadlineUs: 4 * HOUR,
  };
}

/** One side closes by itself; the other does too, or waits for the FIN and may have more to say. */
function drawCloses(random: Random, a: UserPlan, b: UserPlan): void {
  const [first, second] = chance(random, 0.5) ? [a, b] : [b, a];
  const soon = (): number => pick(random, 0, 0, randomBelow(random, 10_000), randomBelow(random, 3 * SECOND));
  first.close = { on: 'written', afterUs: soon() };
  second.close = chance(random, 0.3)
    ? { on: 'written', afterUs: soon() }
    : { on: 'peer-fin', afterUs: soon(), lateBytes: chance(random, 0.4) ? randomBelow(random, 5000) : 0 };
}
