/** The start of a run, told before anything else. */
import type { Clock, ClockSources, Port } from '../net/network.ts';
import { formatIpv4, type Ipv4Address } from '../wire/address.ts';
import { SCHEMA_VERSION, type StartEvent } from './events.ts';
import { isoTime } from './segment-event.ts';
import { VERSION } from './version.ts';

/** Where segments leave. */
export type Source = Pick<StartEvent, 'sourceAddress' | 'sourcePort' | 'interfaceName' | 'guard'>;

export const sourceOf = ({ route, port, guard }: Pick<Port, 'route' | 'port' | 'guard'>): Source => ({
  sourceAddress: formatIpv4(route.sourceAddress),
  sourcePort: port,
  interfaceName: route.interfaceName || undefined,
  guard,
});

/** @param begun when the first segment left, by the clock, and what dates it and those that follow */
export function startEvent(
  command: string,
  { host, address, port }: { host: string; address: Ipv4Address; port: number },
  { sourceAddress, sourcePort, interfaceName, guard }: Source,
  { atUs, clocks }: { atUs: number; clocks: ClockSources },
  clock: Clock,
): StartEvent {
  const startedAtNs = clock.wallTimeNs(atUs);
  return {
    type: 'start',
    schema: SCHEMA_VERSION,
    version: VERSION,
    command,
    host,
    address: formatIpv4(address),
    port,
    sourceAddress,
    sourcePort,
    interfaceName,
    startedAt: isoTime(startedAtNs),
    startedAtNs,
    clock: clocks,
    guard,
  };
}
