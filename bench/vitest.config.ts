import { defineConfig } from 'vitest/config';

process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

export default defineConfig({
  test: { include: ['bench/**/*.bench.ts'], reporters: ['dot'] },
});
