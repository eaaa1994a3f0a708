/** `npm run bench`: every figure, measured side by side, as one table. A figure that is not reached is told, not failed. */
import { writeSync } from 'node:fs';
import { test } from 'vitest';
import { accuracy } from './accuracy.ts';
import { decode } from './decode.ts';
import { download } from './download.ts';
import { handshakes } from './handshakes.ts';
import { listen } from './listen.ts';
import { ping } from './ping.ts';
import { plan } from './plan.ts';
import { scan } from './scan.ts';
import { send } from './send.ts';
import { start } from './start.ts';
import { type Row, table } from './table.ts';
import { trace } from './trace.ts';
import { wire } from './wire.ts';

test('figures', { timeout: 1_200_000 }, async () => {
  const rows: Row[] = [];
  for (const measure of [start, accuracy, handshakes, download, listen, scan, send, ping, plan, trace, wire, decode])
    rows.push(...(await measure()));
  writeSync(1, `\n${table(rows)}\n\n`);
});
