import { defineConfig } from 'vitest/config';

process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

export default defineConfig({
  // npm fetches and compiles.
  test: { include: ['test/install/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000, maxWorkers: 1 },
});
