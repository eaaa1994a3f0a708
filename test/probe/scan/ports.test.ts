/** From text to ports, and the table of likely ones. */
import { describe, expect, it } from 'vitest';
import type { IntervalSet } from '../../../src/probe/scan/intervals.ts';
import { parsePorts, type Services, topPorts } from '../../../src/probe/scan/ports.ts';
import { TOP_PORTS } from '../../../src/probe/scan/top-ports.ts';
import { refusal } from './refusal.ts';

const NAMES: Readonly<Record<string, number>> = { http: 80, 'http-alt': 8080, ssh: 22 };
const services: Services = {
  resolvePort: (text) =>
    NAMES[text] ?? (/^(\d+|0x[\da-f]+)$/i.test(text) && Number(text) >= 1 && Number(text) <= 65_535 ? Number(text) : undefined),
  nearestName: (text) => (text === 'htpp' ? 'http' : undefined),
};
const runs = (ports: IntervalSet): string =>
  [...ports].map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(' ');

describe('ports', () => {
  it.each([
    ['80', '80'],
    ['443,80,22', '22 80 443'],
    ['80,443,1000-2000,http', '80 443 1000-2000'],
    ['http-alt, ssh', '22 8080'],
    ['1-10,5-20,21', '1-21'],
    ['0x50,0x1bb-0x1bd', '80 443-445'],
    ['7-7', '7'],
    ['-', '1-65535'],
    ['-1023', '1-1023'],
    ['49152-', '49152-65535'],
  ])('%s', (text, expected) => {
    expect(runs(parsePorts('--ports', text, services))).toBe(expected);
  });

  it.each([
    ['0', '--ports: 0 is no port; give 1 to 65535'],
    ['65536', '--ports: 65536 is no port; give 1 to 65535'],
    ['0-80', '--ports: 0 is no port'],
    ['80-65536', '--ports: 65536 is no port'],
    ['443-80', '--ports: 443-80 runs backwards; give 80-443'],
    ['80,', '--ports: a port is missing'],
    ['', '--ports: a port is missing'],
    ['80;443', '--ports: 80;443 is no port'],
    ['-5-', '--ports: -5- is no port'],
    ['htpp', '--ports: "htpp" is no known service name; did you mean http?'],
    ['quux', '--ports: "quux" is no known service name; give a number from 1 to 65535 or a name from /etc/services'],
    ['ssh-http', '--ports: "ssh-http" is no known service name'],
  ])('%j is refused', (text, expected) => {
    expect(refusal(() => parsePorts('--ports', text, services))).toContain(expected);
  });
});

describe('the table of likely ports', () => {
  it('has about a thousand, each once', () => {
    expect(TOP_PORTS.length).toBeGreaterThanOrEqual(1000);
    expect(TOP_PORTS.length).toBeLessThan(1100);
    expect(new Set(TOP_PORTS).size).toBe(TOP_PORTS.length);
    for (const port of TOP_PORTS) expect(port >= 1 && port <= 65_535, String(port)).toBe(true);
  });

  it('begins with what is reached for most', () => {
    expect(TOP_PORTS.slice(0, 3)).toEqual([80, 443, 22]);
    expect(TOP_PORTS.slice(0, 50)).toEqual(expect.arrayContaining([21, 25, 53, 3306, 3389, 5432, 6379, 8080]));
  });

  it('gives its first ports', () => {
    expect(runs(topPorts('--top', 1))).toBe('80');
    expect(runs(topPorts('--top', 3))).toBe('22 80 443');
    expect(topPorts('--top', TOP_PORTS.length).count).toBe(TOP_PORTS.length);
  });

  it.each([0, -1, 1.5, TOP_PORTS.length + 1])('refuses %d, and says its size', (wanted) => {
    expect(refusal(() => topPorts('--top', wanted))).toBe(
      `--top: ${wanted} is out of range: the table has ${TOP_PORTS.length} ports; give 1 to ${TOP_PORTS.length}, or --ports - for all 65535`,
    );
  });
});
