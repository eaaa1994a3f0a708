/** plans/rfc9293.yaml against our own endpoint: a server on the network in memory, in virtual time. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { MemoryWire, VirtualClock } from '../../../src/net/memory.ts';
import { parseScript } from '../../../src/plan/script/parse.ts';
import { runScript } from '../../../src/plan/script/run.ts';
import { createContext } from '../../../src/probe/context.ts';
import type { ScriptResult } from '../../../src/probe/events.ts';
import { handle, nextDeadlineUs, type TcpEvent } from '../../../src/tcp/endpoint.ts';
import { createTcb, DEFAULT_TCB_CONFIG, type Tcb } from '../../../src/tcp/tcb.ts';
import { ipv4Header } from '../../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, verifyTcpChecksum } from '../../../src/wire/packet.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import type { TcpOption } from '../../../src/wire/tcp-options.ts';

const CLIENT = 0x0a000001;
const SERVER = 0x0a000002;
const PORT = 80;
const ANSWER = new TextEncoder().encode(`HTTP/1.0 200 OK\r\n\r\n${'hello '.repeat(50)}`);
const SYN_OPTIONS: TcpOption[] = [
  { kind: 2, name: 'mss', mss: 1460 },
  { kind: 4, name: 'sack-permitted' },
  { kind: 8, name: 'timestamps', value: 1, echoReply: 0 },
  { kind: 3, name: 'window-scale', shift: 7 },
];

/** Answers whole requests, and closes behind its answer or the peer's FIN. */
class Server {
  private tcb: Tcb;
  private heard = '';
  private nextIss = 0xffff_ff00;
  private cancelTimer = () => {};

  constructor(private readonly wire: MemoryWire) {
    this.tcb = this.listen();
    wire.attach(SERVER, (datagram) => this.receive(datagram));
  }

  private listen(): Tcb {
    const iss = this.nextIss;
    this.nextIss = seqAdd(this.nextIss, 5000);
    this.heard = '';
    const tcb = createTcb({
      ...DEFAULT_TCB_CONFIG,
      localPort: PORT,
      remotePort: 0,
      iss,
      synOptions: SYN_OPTIONS,
      minRtoUs: 200_000,
      timeWaitUs: 5_000_000,
    });
    handle(tcb, { type: 'open', passive: true }, 0);
    return tcb;
  }

  private receive(datagram: Uint8Array): void {
    const { ip, tcp: segment } = decodePacket(datagram);
    if (segment !== undefined && verifyTcpChecksum(ip, datagram) !== 'wrong') this.apply({ type: 'segment', segment });
  }

  private apply(event: TcpEvent): void {
    const { clock } = this.wire;
    const actions = handle(this.tcb, event, clock.nowUs());
    for (const action of actions) {
      if (action.type === 'send')
        this.wire.send(encodePacket({ ip: ipv4Header({ source: SERVER, destination: CLIENT }), tcp: action.segment }));
      if (action.type === 'deliver') this.heard += Buffer.from(action.payload).toString();
    }
    const isAsked = this.heard.endsWith('\r\n\r\n');
    const isOver = actions.some(({ type }) => type === 'end') || (this.tcb.state === 'LISTEN' && event.type === 'segment');
    if (isOver) this.tcb = this.listen();
    else if (isAsked) {
      this.heard = '';
      this.apply({ type: 'send', data: ANSWER });
      this.apply({ type: 'close' });
    } else if (this.tcb.state === 'CLOSE-WAIT' && !this.tcb.finQueued) this.apply({ type: 'close' });
    this.cancelTimer();
    const deadlineUs = nextDeadlineUs(this.tcb);
    if (deadlineUs < Number.POSITIVE_INFINITY) this.cancelTimer = clock.setTimer(deadlineUs, () => this.apply({ type: 'timer' }));
  }
}

interface PlanTest {
  name: string;
  /** With a target of its own where nobody listens, which is no endpoint's to answer. */
  script: string | object;
}

const plan = parse(readFileSync('plans/rfc9293.yaml', 'utf8')) as { vars: Record<string, string>; tests: PlanTest[] };
const filledIn = (text: string) => text.replaceAll('${request}', plan.vars.request as string).replaceAll('${host}', '10.0.0.2');

async function run(text: string): Promise<ScriptResult> {
  const clock = new VirtualClock();
  const wire = new MemoryWire(clock);
  new Server(wire);
  const results: ScriptResult[] = [];
  const collect = async () => {
    const target = { host: 'server', address: SERVER, port: PORT };
    for await (const event of runScript(parseScript(filledIn(text)), target, createContext(wire.host(CLIENT), 1)))
      if (event.type === 'result') results.push(event);
  };
  await clock.run(collect());
  return results[0] as ScriptResult;
}

describe('our endpoint, by plans/rfc9293.yaml', () => {
  const tests = plan.tests.filter((test): test is PlanTest & { script: string } => typeof test.script === 'string');

  it.each(tests)('$name', async ({ script }) => {
    const { failures, ok } = await run(script);
    expect(failures).toEqual([]);
    expect(ok).toBe(true);
  });
});
