import { writeSync } from 'node:fs';
import { test } from 'vitest';
import { listen } from './listen.ts';
import { table } from './table.ts';
test('figures', { timeout: 1_200_000 }, async () => { writeSync(1, `\n${table(await listen())}\n\n`); });
