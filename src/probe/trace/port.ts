/** The port of a flow, and what an ICMP error says of its probes. */
import { elapsed } from '../../net/moment.ts';
import type { Arrival, Network, Port } from '../../net/network.ts';
import type { IcmpError } from '../../wire/icmp.ts';
import type { Heard } from '../arrival.ts';
import type { Finding, Probe } from './prober.ts';
import type { TraceRequest } from './request.ts';

/** @param sourcePort undefined: any free one @throws NetError as {@link Network.openPort} */
export function openTracePort(network: Network, request: TraceRequest, sourcePort: number | undefined): Port {
  const { address, port, source, interfaceName, mtu } = request;
  return network.openPort({
    destination: address,
    destinationPort: port,
    source,
    sourcePort,
    interfaceName,
    quotes: 'any',
    pathMtu: mtu ? 'ignore' : 'heed',
  });
}

/** Which ends of what is quoted are the flow's: who translates addresses may leave one of them translated. */
export function quotedEnds({ ip, tcp }: IcmpError, { route, port }: Port, request: TraceRequest): { isOurs: boolean; isTheirs: boolean } {
  return {
    isOurs: ip?.source === route.sourceAddress && tcp?.sourcePort === port,
    isTheirs: ip?.destination === request.address && tcp?.destinationPort === request.port,
  };
}

export function icmpFinding(
  { error, ip }: Extract<Heard, { type: 'icmp' }>,
  arrival: Arrival,
  probe: Probe,
): Extract<Finding, { type: 'icmp' }> {
  const { atUs, datagram } = arrival;
  return { type: 'icmp', probe, atUs, from: ip.source, round: elapsed(probe.departure, arrival), error, ip, datagram };
}
