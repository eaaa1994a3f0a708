/** A whole connection: three-way handshake, data, the close that was asked for. */
import { NetError } from '../../net/errors.ts';
import type { Arrival, Port } from '../../net/network.ts';
import { nextDeadlineUs } from '../../tcp/endpoint.ts';
import { createTcb, DEFAULT_TCB_CONFIG } from '../../tcp/tcb.ts';
import { formatIpv4 } from '../../wire/address.ts';
import { isFinalIcmp } from '../arrival.ts';
import { Connection } from '../connection.ts';
import type { ProbeContext } from '../context.ts';
import { type ConnectEvent, SCHEMA_VERSION, type StartEvent } from '../events.ts';
import { synOptions } from '../syn-options.ts';
import { VERSION } from '../version.ts';
import type { ConnectRequest } from './request.ts';
import { connectResult, type EarlyEnd } from './result.ts';
import { decide, type Standing, type Waits } from './script.ts';

/** IPv4 and TCP headers without options. */
const HEADERS_LENGTH = 40;
/** Our data are handed to the endpoint while it has less than this unsent. */
const WRITE_AHEAD_BYTES = 256 * 1024;

/**
 * Makes the connection and tells each step. The last event is the result, also where the port is closed or silent.
 * Leaving the loop early resets the connection.
 * @throws NetError where this machine can't begin; later errors stand in the result
 */
export async function* connect(request: ConnectRequest, context: ProbeContext): AsyncGenerator<ConnectEvent, void> {
  const { network } = context;
  const port = network.openPort({
    destination: request.address,
    destinationPort: request.port,
    source: request.source,
    sourcePort: request.sourcePort,
    interfaceName: request.interfaceName,
  });
  const wake = () => port.wake();
  context.signal?.addEventListener('abort', wake);
  const connection = openConnection(request, context, port);
  let settled = false;
  try {
    // The SYN first: what follows tells of it.
    const opening = connection.apply({ type: 'open', passive: false });
    yield startEvent(request, context, connection);
    yield* opening;
    const early = yield* converse(request, context, connection);
    settled = true;
    if (request.close === 'none' && early.ended === undefined) yield* hold(request.holdMs, context, connection);
    yield connectResult(request.close, connection, early);
  } finally {
    if (!settled) abandon(connection);
    context.signal?.removeEventListener('abort', wake);
    port.close();
  }
}

function openConnection(request: ConnectRequest, context: ProbeContext, port: Port): Connection {
  const { random, network } = context;
  const nowUs = network.clock.nowUs();
  const { route } = port;
  const tuple = { localAddress: route.sourceAddress, localPort: port.port, remoteAddress: request.address, remotePort: request.port };
  const tcb = createTcb({
    ...DEFAULT_TCB_CONFIG,
    localPort: port.port,
    remotePort: request.port,
    iss: request.iss ?? context.iss(tuple, nowUs),
    synOptions: synOptions(request.synOptions, route.mtu - HEADERS_LENGTH, random.uint32()),
    synWindow: request.window ?? DEFAULT_TCB_CONFIG.synWindow,
    fixedWindow: request.window !== undefined,
    receiveBufferBytes: Math.min(DEFAULT_TCB_CONFIG.receiveBufferBytes, port.receiveWindowBytes),
    maxSegmentBytes: route.mtu - HEADERS_LENGTH,
    userTimeoutUs: request.timeoutMs * 1000,
    crossFin: request.close === 'simultaneous',
  });
  const firstId = 1 + (random.uint32() % 0xffff);
  return new Connection(port, tcb, request.address, { ttl: request.ttl, tos: request.tos, firstId }, network.clock);
}

function startEvent(request: ConnectRequest, { network }: ProbeContext, { port, startedAtUs }: Connection): StartEvent {
  return {
    type: 'start',
    schema: SCHEMA_VERSION,
    version: VERSION,
    command: 'connect',
    host: request.host,
    address: formatIpv4(request.address),
    port: request.port,
    sourceAddress: formatIpv4(port.route.sourceAddress),
    sourcePort: port.port,
    startedAt: new Date(network.clock.wallTimeMs(startedAtUs)).toISOString(),
    clock: network.clockSources,
    guard: port.guard,
  };
}

/** From the SYN to the end of the close. @returns why it ended early, if it did */
async function* converse(request: ConnectRequest, context: ProbeContext, connection: Connection): AsyncGenerator<ConnectEvent, EarlyEnd> {
  const { clock } = context.network;
  const { tcb, port } = connection;
  const waits: Waits = {
    idleUs: request.idleMs * 1000,
    timeoutUs: request.timeoutMs * 1000,
    timeWaitUs: request.timeWaitMs * 1000,
    deadlineUs: request.deadlineMs * 1000,
  };
  const data = new Writer(request.data);
  let closeAsked = false;
  try {
    for (;;) {
      if (context.signal?.aborted) {
        yield* connection.apply({ type: 'abort' });
        return { ended: 'interrupted' };
      }
      if (connection.state === 'ESTABLISHED' || connection.state === 'CLOSE-WAIT') {
        while (tcb.unsentBytes < WRITE_AHEAD_BYTES && !data.done) {
          const chunk = data.next();
          if (chunk !== undefined) yield* connection.apply({ type: 'send', data: chunk });
        }
      }
      const decision = decide(request.close, standing(connection, data, closeAsked, clock.nowUs()), waits);
      if (decision.do === 'finish') return { ended: undefined };
      if (decision.do === 'abort') {
        yield* connection.apply({ type: 'abort' });
        return { ended: decision.ended };
      }
      if (decision.do === 'close') {
        closeAsked = true;
        yield* connection.apply({ type: 'close' });
        continue;
      }
      const arrival: Arrival | undefined = await port.next(Math.min(decision.untilUs, nextDeadlineUs(tcb)));
      if (arrival !== undefined) {
        yield* connection.take(arrival);
        if (!connection.wasEstablished && isFinalIcmp(connection.record.icmp ?? '')) yield* connection.apply({ type: 'abort' });
      } else if (clock.nowUs() >= nextDeadlineUs(tcb)) {
        yield* connection.apply({ type: 'timer' });
      }
    }
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    abandon(connection);
    return { ended: undefined, error };
  }
}

function standing(connection: Connection, data: Writer, closeAsked: boolean, nowUs: number): Standing {
  const { tcb, record, startedAtUs } = connection;
  return {
    state: connection.state,
    nowUs,
    dataLeft: !data.done || tcb.unsentBytes > 0 || tcb.unacked.length > 0,
    dataWritten: data.done,
    hasData: data.wrote,
    closeAsked,
    startedAtUs,
    progressAtUs: connection.progressAtUs,
    timeWaitSinceUs: startedAtUs + record.stateSinceUs,
  };
}

/** Says nothing more and keeps the guard, showing what the peer still sends. */
async function* hold(holdMs: number, { network, signal }: ProbeContext, connection: Connection): AsyncGenerator<ConnectEvent, void> {
  const untilUs = network.clock.nowUs() + holdMs * 1000;
  while (network.clock.nowUs() < untilUs && !signal?.aborted) {
    const arrival = await connection.port.next(untilUs);
    if (arrival !== undefined) yield* connection.watch(arrival);
  }
  if (connection.wasEstablished) {
    yield connection.note('guard-released', "The connection is left open; from now on the kernel answers the peer's segments with RST.");
  }
}

/** The last thing to do for a connection nobody waits for any more: the peer must not be left with half of it. */
function abandon(connection: Connection): void {
  try {
    connection.apply({ type: 'abort' });
  } catch (error) {
    // This host could not send before; the error that brought us here says more.
    if (!(error instanceof NetError)) throw error;
  }
}

/** The data to send, taken piece by piece. */
class Writer {
  readonly #chunks: Iterator<Uint8Array>;
  #upcoming: IteratorResult<Uint8Array>;
  wrote = false;

  constructor(data: Iterable<Uint8Array>) {
    this.#chunks = data[Symbol.iterator]();
    this.#upcoming = this.#chunks.next();
  }

  /** All pieces were taken. */
  get done(): boolean {
    return this.#upcoming.done === true;
  }

  next(): Uint8Array | undefined {
    const { value, done } = this.#upcoming;
    if (done === true) return undefined;
    this.#upcoming = this.#chunks.next();
    this.wrote = true;
    return value;
  }
}
