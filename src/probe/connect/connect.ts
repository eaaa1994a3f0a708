/** A whole connection: three-way handshake, data, the close that was asked for. */
import { NetError } from '../../net/errors.ts';
import type { Arrival, Clock, Port } from '../../net/network.ts';
import { createTcb, DEFAULT_TCB_CONFIG, flightSize } from '../../tcp/tcb.ts';
import { ACK, RST } from '../../wire/flags.ts';
import { MIN_HEADERS_LENGTH } from '../../wire/packet.ts';
import { seqLt } from '../../wire/seq.ts';
import { hear } from '../arrival.ts';
import { Connection } from '../connection.ts';
import type { ProbeContext } from '../context.ts';
import { Dialogue } from '../dialogue.ts';
import type { ConnectEvent } from '../events.ts';
import { sourceOf, startEvent } from '../start-event.ts';
import { synOptions } from '../syn-options.ts';
import type { ConnectRequest } from './request.ts';
import { connectResult, type EarlyEnd } from './result.ts';
import type { Waits } from './script.ts';

/** To be awaited before we tell of a send: connections that the same arrivals have woken send first, and one call reads all stamps. */
const others = Promise.resolve();

/**
 * Makes the connection and tells each step. The last event is the result, also where the port is closed or silent.
 * Leaving the loop early resets the connection.
 * @throws NetError where this machine can't begin; later errors stand in the result
 */
export async function* connect(request: ConnectRequest, context: ProbeContext): AsyncGenerator<ConnectEvent, void> {
  const { network, signal } = context;
  const port = network.openPort({
    destination: request.address,
    destinationPort: request.port,
    source: request.source,
    sourcePort: request.sourcePort,
    interfaceName: request.interfaceName,
  });
  const wake = () => port.wake();
  signal?.addEventListener('abort', wake);
  let connection: Connection | undefined;
  try {
    connection = openConnection(request, context, port, { crossFin: request.close === 'simultaneous' });
    if (signal?.aborted) {
      const nothing = connectResult(request.close, connection, { ended: 'interrupted' });
      connection = undefined;
      yield nothing;
      return;
    }
    // The SYN first: what follows tells of it.
    connection.clocks = network.clockSources;
    const opening = connection.apply({ type: 'open', passive: false });
    await connection.leaves();
    const { port: own, clocks, startedAtUs = network.clock.nowUs() } = connection;
    yield startEvent('connect', request, sourceOf(own), { atUs: startedAtUs, clocks }, network.clock);
    yield* opening;
    let early = yield* converse(request, context, connection);
    const isLeftOpen = request.close === 'none' && connection.wasEstablished && connection.state !== 'CLOSED';
    if (isLeftOpen) early = yield* hold(request, context, connection);
    yield* answerChallenge(connection, network.clock);
    const result = connectResult(request.close, connection, early);
    connection = undefined;
    yield result;
  } finally {
    if (connection !== undefined) await abandon(connection, network.clock);
    signal?.removeEventListener('abort', wake);
    port.close();
  }
}

/** @param userReads what is delivered fills the window until it is taken (`taken`) */
export function openConnection(
  request: Omit<ConnectRequest, 'data' | 'close' | 'idleMs' | 'deadlineMs' | 'holdMs'>,
  context: ProbeContext,
  port: Port,
  { crossFin = false, userReads = false } = {},
): Connection {
  const { random, network } = context;
  const nowUs = network.clock.nowUs();
  const { route } = port;
  const tuple = { localAddress: route.sourceAddress, localPort: port.port, remoteAddress: request.address, remotePort: request.port };
  const tcb = createTcb({
    localPort: port.port,
    remotePort: request.port,
    iss: request.iss ?? context.iss(tuple, nowUs),
    synOptions: synOptions(request.synOptions, route.mtu - MIN_HEADERS_LENGTH, random.uint32()),
    synWindow: request.window ?? DEFAULT_TCB_CONFIG.synWindow,
    fixedWindow: request.window !== undefined,
    receiveBufferBytes: Math.min(DEFAULT_TCB_CONFIG.receiveBufferBytes, port.receiveWindowBytes),
    maxSegmentBytes: route.mtu - MIN_HEADERS_LENGTH,
    userTimeoutUs: request.timeoutMs * 1000,
    crossFin,
    userReads,
  });
  const firstId = 1 + (random.uint32() % 0xffff);
  return new Connection(port, tcb, request.address, { ttl: request.ttl, tos: request.tos, firstId }, network.clock);
}

/** From the SYN to the end of the close. @returns why it ended early, if it did */
async function* converse(request: ConnectRequest, context: ProbeContext, connection: Connection): AsyncGenerator<ConnectEvent, EarlyEnd> {
  const { clock } = context.network;
  const { port } = connection;
  const waits: Waits = {
    idleUs: request.idleMs * 1000,
    timeoutUs: request.timeoutMs * 1000,
    timeWaitUs: request.timeWaitMs * 1000,
    deadlineUs: request.deadlineMs * 1000,
  };
  const dialogue = new Dialogue(connection, request.close, waits, request.data);
  try {
    for (;;) {
      if (context.signal?.aborted) {
        // Who has answered our SYN has half a connection, whether we have looked or not.
        if (connection.state === 'SYN-SENT') yield* hearNext(connection, clock.nowUs());
        // In TIME-WAIT all is done but the waiting.
        if (connection.state !== 'TIME-WAIT') yield* connection.apply({ type: 'abort' });
        return { ended: 'interrupted' };
      }
      const nowUs = clock.nowUs();
      yield* dialogue.timers(nowUs);
      if (port.queued > 0 && nowUs < (connection.startedAtUs ?? nowUs) + waits.deadlineUs) {
        yield* hearNext(connection, nowUs);
        continue;
      }
      yield* dialogue.write();
      const decision = dialogue.decide(clock.nowUs());
      if (decision.do === 'finish') return { ended: undefined };
      if (decision.do === 'abort') {
        yield* connection.apply({ type: 'abort' });
        return { ended: decision.ended };
      }
      if (decision.do === 'close') {
        const events = dialogue.close();
        await others;
        yield* events;
        continue;
      }
      yield* hearNext(connection, decision.untilUs);
    }
  } catch (error) {
    yield* connection.reset();
    if (error instanceof NetError) return { ended: undefined, error };
    // Who gives us the data could not go on, which is for the caller to hear.
    throw error;
  } finally {
    dialogue.end();
  }
}

/** Waits for what the port hears next and takes it in. */
async function* hearNext(connection: Connection, untilUs: number): AsyncGenerator<ConnectEvent, void> {
  const arrival: Arrival | undefined = await connection.port.next(untilUs);
  if (arrival === undefined) return;
  const events = connection.take(arrival);
  await others;
  yield* events;
  yield* connection.heedIcmp();
}

/** Says nothing more and keeps the guard, showing what the peer still sends. */
async function* hold(
  { holdMs, deadlineMs }: ConnectRequest,
  { network: { clock }, signal }: ProbeContext,
  connection: Connection,
): AsyncGenerator<ConnectEvent, EarlyEnd> {
  const nowUs = clock.nowUs();
  const untilUs = Math.min(nowUs + holdMs * 1000, (connection.startedAtUs ?? nowUs) + deadlineMs * 1000);
  while (clock.nowUs() < untilUs) {
    if (signal?.aborted) {
      yield* connection.apply({ type: 'abort' });
      return { ended: 'interrupted' };
    }
    const arrival = await connection.port.next(untilUs);
    if (arrival !== undefined) yield* connection.watch(arrival);
    if (connection.record.end === 'reset') return { ended: undefined };
  }
  yield connection.note('guard-released', "The connection is left open; from now on the kernel answers the peer's segments with RST.");
  return { ended: undefined };
}

const SHORTEST_ANSWER_US = 200_000;
const LONGEST_ANSWER_US = 1_000_000;

/**
 * Where the peer lacks data of ours, the number of our RST is not the one it waits for: it challenges the RST and goes
 * on (RFC 5961 §3). The answer to its challenge is exact, and the guard must not keep the challenge from us.
 */
async function* answerChallenge(connection: Connection, clock: Clock): AsyncGenerator<ConnectEvent, void> {
  const { tcb, record } = connection;
  const ours = record.end === 'aborted' || record.end === 'timeout';
  if (!ours || !connection.wasEstablished || flightSize(tcb) === 0) return;
  const roundTripUs = tcb.rto.srttUs ?? LONGEST_ANSWER_US;
  const untilUs = clock.nowUs() + Math.min(LONGEST_ANSWER_US, Math.max(SHORTEST_ANSWER_US, 3 * roundTripUs));
  while (clock.nowUs() < untilUs) {
    const arrival = await connection.port.next(untilUs);
    if (arrival === undefined) continue;
    if (isChallenge(arrival, tcb.sndNxt)) {
      yield* connection.take(arrival);
      return;
    }
    yield* connection.watch(arrival);
  }
}

/** An ACK of less than all we have sent: its sender waits for more, and not for our RST. */
function isChallenge({ datagram }: Arrival, sndNxt: number): boolean {
  const heard = hear(datagram);
  return heard.type === 'segment' && heard.checksumOk && (heard.tcp.flags & (ACK | RST)) === ACK && seqLt(heard.tcp.ack, sndNxt);
}

/** The last thing to do for a connection nobody waits for any more: the peer must not be left with half of it. */
async function abandon(connection: Connection, clock: Clock): Promise<void> {
  connection.reset();
  const rest = answerChallenge(connection, clock);
  while (!(await rest.next()).done);
}
