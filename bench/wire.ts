/** Segments encoded and decoded again on one core, in a process of its own that does nothing else. */
import { execFileSync } from 'node:child_process';
import { grouped, type Row } from './table.ts';

interface Rate {
  name: string;
  perSecond: number;
  goal?: number;
}

export async function wire(): Promise<Row[]> {
  const rates: Rate[] = JSON.parse(execFileSync(process.execPath, ['bench/clients/wire.js'], { encoding: 'utf8' }));
  return rates.map(({ name, perSecond, goal = 0 }) => ({
    what: name,
    ours: `${grouped(perSecond)}/s`,
    peer: '',
    ratio: '',
    goal: goal > 0 ? `${grouped(goal)}/s` : '',
    met: perSecond >= goal,
  }));
}
