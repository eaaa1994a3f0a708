/** What a scan calls hosts and ports. */

import { tcpServices } from '../net/resolve.ts';
import type { ScanNames } from '../report/scan-table.ts';

/** Names of hosts as they were asked for, and of services by /etc/services. */
export function createNames(hosts: ReadonlyMap<string, string>): ScanNames {
  const services = new Map<number, string>();
  // The first of a port is its official name.
  for (const [name, port] of tcpServices()) if (!services.has(port)) services.set(port, name);
  return { host: (address) => hosts.get(address), service: (port) => services.get(port) };
}
