/** A file of mixed packets, read field by field: by the decoder, and by the whole command. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { temporaryDirectory } from '../test/support/netns.ts';
import { readPcap } from '../test/support/pcap.ts';
import { grouped, type Row } from './table.ts';

const COUNT = 20_000;
const GOAL = 300_000;

interface Rate {
  name: string;
  perSecond: number;
}

export async function decode(): Promise<Row[]> {
  const file = join(temporaryDirectory(), 'mixed.pcap');
  execFileSync('/usr/bin/python3', ['test/oracle/packets.py', '1', `${COUNT}`, file]);
  const lines = readPcap(file).map((bytes) => Buffer.from(bytes).toString('hex'));
  const rates: Rate[] = JSON.parse(
    execFileSync(process.execPath, ['bench/clients/decode.js'], { encoding: 'utf8', input: lines.join('\n'), maxBuffer: 1 << 24 }),
  );
  return rates.map(({ name, perSecond }, i) => ({
    what: name,
    ours: `${grouped(perSecond)}/s`,
    peer: '',
    ratio: '',
    goal: i === 0 ? `${grouped(GOAL)}/s` : '',
    met: i > 0 || perSecond >= GOAL,
  }));
}
