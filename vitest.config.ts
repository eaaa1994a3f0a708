import { defineConfig } from 'vitest/config';

// Debian keeps ip, nft and nginx in sbin, which an ordinary user's PATH lacks.
process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

/** Where to write the results as JSON, for a script that counts them. */
const report = process.env.RAWSHAKE_TEST_REPORT;

export default defineConfig({
  test: {
    // For busy machines: what hangs is found as well after longer.
    testTimeout: 30_000,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{install,kernel,oracle,tun}/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          // Against real kernels. After the rest and two files at a time: they measure times.
          name: 'kernel',
          include: ['test/{kernel,oracle,tun}/**/*.test.ts'],
          globalSetup: 'test/support/kernel-setup.ts',
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
          hookTimeout: 30_000,
        },
      },
    ],
  },
});
