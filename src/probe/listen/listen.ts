/** Answers who calls, from userland: handshakes, data and closes by the endpoint, with the misbehaviour that was asked for. */
import { NetError } from '../../net/errors.ts';
import { formatIpv4 } from '../../wire/address.ts';
import type { ProbeContext } from '../context.ts';
import { type ListenEvent, type ListenResult, SCHEMA_VERSION } from '../events.ts';
import { isoTime } from '../segment-event.ts';
import { VERSION } from '../version.ts';
import { Path } from './path.ts';
import type { ListenRequest } from './request.ts';
import { Server } from './server.ts';

/**
 * Serves until so many connections are over, the deadline, or the signal, and tells each step. The last event is the result.
 * Leaving the loop early resets what is open.
 * @throws NetError where this machine can't begin; later errors stand in the result
 */
export async function* listen(request: ListenRequest, context: ProbeContext): AsyncGenerator<ListenEvent, void> {
  const { network, signal } = context;
  const { clock } = network;
  const ports = network.openListener({ ports: request.ports, address: request.source, dated: request.segments });
  const path = new Path(ports, request, clock, context.random);
  const startedAtUs = clock.nowUs();
  const server = new Server(request, context, ports, path, startedAtUs);
  const wake = () => ports.wake();
  signal?.addEventListener('abort', wake);
  const untilUs = startedAtUs + request.deadlineMs * 1000;
  let ended: ListenResult['ended'];
  let error: NetError | undefined;
  try {
    yield {
      type: 'listening',
      schema: SCHEMA_VERSION,
      version: VERSION,
      command: 'listen',
      address: request.source === undefined ? undefined : formatIpv4(request.source),
      ports: request.ports,
      startedAt: isoTime(clock.wallTimeNs(startedAtUs)),
      guard: ports.guard,
    };
    try {
      while (!server.isDone) {
        if (signal?.aborted) ended = 'interrupted';
        else if (clock.nowUs() >= untilUs) ended = 'deadline';
        if (ended !== undefined) break;
        server.take(await path.next(Math.min(server.dueAtUs, untilUs)));
        server.tick();
        yield* server.events();
      }
    } catch (caught) {
      if (!(caught instanceof NetError)) throw caught;
      error = caught;
    }
    server.end(ended ?? 'interrupted');
    yield* server.events();
    const { connections } = server.tally;
    yield {
      type: 'result',
      ...server.tally,
      durationUs: clock.nowUs() - startedAtUs,
      ended,
      countReached: request.count === Number.POSITIVE_INFINITY || connections >= request.count,
      droppedSyns: ports.droppedSyns,
      kernelDrops: ports.dropped,
      error,
    };
  } finally {
    server.end('interrupted');
    signal?.removeEventListener('abort', wake);
    path.close();
    ports.close();
  }
}
