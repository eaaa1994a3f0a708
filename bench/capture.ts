/** What tcpdump sees of an interface, with nanosecond stamps. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { asRoot, type Namespace, temporaryDirectory } from '../test/support/netns.ts';
import { readDatedPcap } from '../test/support/pcap.ts';

/** tcpdump takes what it has seen once a second: woken for each packet, it would delay it. */
const CAPTURE_TAKES_MS = 1500;

/** The datagrams that pass the interface while something runs, of those that a filter of tcpdump's lets through. */
export async function captured(
  namespace: Namespace,
  interfaceName: string,
  filter: string,
  run: () => void | Promise<void>,
): Promise<ReturnType<typeof readDatedPcap>> {
  const file = join(temporaryDirectory(), 'wire.pcap');
  const options = ['-i', interfaceName, '--time-stamp-precision=nano', '-B', '16384', '-s', '128', '-Z', 'root', '-w', file, filter];
  const child = namespace.spawn([...asRoot, 'tcpdump', ...options]);
  const ended = new Promise((resolve) => child.once('close', resolve));
  await new Promise<void>((resolve) => child.stderr.on('data', (text) => String(text).includes('listening on') && resolve()));
  await run();
  await delay(CAPTURE_TAKES_MS);
  child.kill('SIGINT');
  await ended;
  return readDatedPcap(file);
}
