import { readFileSync } from 'node:fs';
import type { PortRange } from './filter.ts';

const PORT_RANGE_FILE = '/proc/sys/net/ipv4/ip_local_port_range';
const DEFAULT_PORT_RANGE: PortRange = { low: 32_768, high: 60_999 };

/** The ports that the kernel gives to who does not ask for one. */
export function localPortRange(): PortRange {
  try {
    const [low, high] = readFileSync(PORT_RANGE_FILE, 'utf8').trim().split(/\s+/).map(Number);
    return low && high ? { low, high } : DEFAULT_PORT_RANGE;
  } catch {
    return DEFAULT_PORT_RANGE;
  }
}
