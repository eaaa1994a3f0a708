/** What was really on the wire, by tcpdump. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { command } from './command.ts';
import { asRoot, type Namespace, temporaryDirectory } from './netns.ts';

export interface Capture {
  /** Ends the capture: what was sent until now is in it. */
  stop(): Promise<void>;
  /** The packets that pass a filter of tcpdump's, one a line, with absolute sequence numbers. After `stop`. */
  packets(filter: string): string[];
  /** The pcap file. After `stop`. */
  readonly file: string;
}

/** Enough for headers with all their options; and for the text of a RST. */
const SNAP_LENGTH = 256;

/** KiB for packets that tcpdump has not yet taken. */
const BUFFER_KIB = 16_384;

/**
 * Starts a capture and waits until it sees packets.
 * @param interfaceName `any` has packets on loopback twice, so there it is `lo`
 * @param snapLength bytes that are kept of each packet
 * @param more options of tcpdump's
 */
export async function startCapture(
  namespace: Namespace,
  interfaceName: 'any' | 'lo' = 'any',
  snapLength = SNAP_LENGTH,
  more: readonly string[] = [],
): Promise<Capture> {
  const file = join(temporaryDirectory(), 'capture.pcap');
  // Stays root: as tcpdump's own user it could not write here.
  const options = ['-n', '-U', '--immediate-mode', '-B', `${BUFFER_KIB}`, '-s', `${snapLength}`, '-Z', 'root', '-w', file, ...more];
  const child = namespace.spawn([...asRoot, 'tcpdump', '-i', interfaceName, ...options]);
  const ended = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
      if (said.includes('listening on')) resolve();
    });
    child.once('close', () => reject(new Error(`tcpdump: ${said}`)));
  });
  return {
    file,
    async stop() {
      // A last packet of our own: what came before it is written once it is.
      const last = `last packet of ${file}`;
      namespace.exec(['bash', '-c', `printf '${last}' > /dev/udp/127.0.0.1/9`]);
      for (let tries = 0; !readFileSync(file).includes(last); tries++) {
        if (tries === 500) throw new Error(`tcpdump does not write: ${said}`);
        await delay(10);
      }
      child.kill('SIGINT');
      await ended;
    },
    packets: (filter) =>
      command([...asRoot, 'tcpdump', '-Z', 'root', '-r', file, '-nn', '-S', '-t', filter])
        .split('\n')
        .filter(Boolean),
  };
}

/** A filter: RSTs that a host sent. */
export const resetsFrom = (address: string): string => `src host ${address} and tcp[tcpflags] & tcp-rst != 0`;
