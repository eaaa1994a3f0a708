/** Plans on the network in memory, against a peer whose ports answer as their numbers say. */
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import { engineOf } from '../../src/plan/kinds.ts';
import { STEP_NAMES } from '../../src/plan/model.ts';
import { readPlans } from '../../src/plan/read.ts';
import { RUN_DEFAULTS, type RunContext, type RunOptions, runPlans } from '../../src/plan/run.ts';
import type { RunEvent, RunResult, TestEvent } from '../../src/probe/events.ts';
import { ACK, RST, SYN } from '../../src/wire/flags.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket } from '../../src/wire/packet.ts';
import { seqAdd } from '../../src/wire/seq.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';

const OURS = 0x0a000001;
const PEERS = 0x0a000002;

export const OPEN = 80;
export const CLOSED = 81;
export const SILENT = 82;
/** Open for every second SYN, closed for the others. */
export const FICKLE = 83;

export class Scene {
  readonly clock = new VirtualClock();
  /** The ports that SYNs came to, in order. */
  readonly syns: number[] = [];
  private readonly wire = new MemoryWire(this.clock);

  constructor() {
    this.wire.attach(PEERS, (datagram) => {
      const { tcp } = decodePacket(datagram);
      if (tcp === undefined || (tcp.flags & SYN) === 0) return;
      const { sourcePort, destinationPort: port } = tcp;
      this.syns.push(port);
      if (port === SILENT) return;
      const isOpen = port === OPEN || (port === FICKLE && this.syns.filter((each) => each === FICKLE).length % 2 === 0);
      const flags = isOpen ? SYN | ACK : RST | ACK;
      const answer = tcpSegment({ sourcePort: port, destinationPort: sourcePort, flags, seq: 1000, ack: seqAdd(tcp.seq, 1), window: 1000 });
      this.wire.send(encodePacket({ ip: ipv4Header({ source: PEERS, destination: OURS }), tcp: answer }));
    });
  }

  /** In what to run. */
  get context() {
    return { network: this.wire.host(OURS), env: {}, resolve: async () => PEERS };
  }

  /** Runs one plan. */
  async run(text: string, options: Partial<RunOptions> = {}, context: Partial<RunContext> = {}): Promise<Outcome> {
    const allowCommands = context.runCommand !== undefined;
    const plans = readPlans([{ file: 'plan.yaml', text }], { vars: new Map(), allowCommands, env: {}, capabilities: new Set() });
    // The clock stands still for nobody who loads modules.
    await Promise.all(STEP_NAMES.map(engineOf));
    const events: RunEvent[] = [];
    const collect = async () => {
      const whole: RunContext = { ...this.context, ...context };
      for await (const event of runPlans(plans, { ...RUN_DEFAULTS, ...options }, whole)) events.push(event);
    };
    await this.clock.run(collect());
    return { events, tests: events.filter((event) => event.type === 'test'), result: events.at(-1) as RunResult };
  }
}

export interface Outcome {
  events: RunEvent[];
  tests: TestEvent[];
  result: RunResult;
}

/** A plan of tests that send a SYN each, by name: to which port, and more keys of the test. */
export const plan = (tests: Readonly<Record<string, readonly [port: number, more?: string]>>): string =>
  `tests:\n${Object.entries(tests)
    .map(
      ([name, [port, more = '']]) =>
        `  - { name: ${name}, send: { host: peer, port: ${port}, timeout: 0.1 }, expect: verdict == open${more && `, ${more}`} }\n`,
    )
    .join('')}`;
