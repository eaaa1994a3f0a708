/** What forwarding kernels do to a segment, and what trace says of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import type { Network } from '../../src/net/network.ts';
import { parseIpv4 } from '../../src/wire/address.ts';
import { CWR, ECE, SYN } from '../../src/wire/flags.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { type Chain, createChain } from '../support/chain.ts';
import { moveInto } from '../support/inside.ts';
import type { Namespace } from '../support/netns.ts';
import { BY_KERNEL, CHANGING_HOP, CLOSED_PORT, expectedChangesOf, rulesOf, SOURCE_PORT } from '../support/path-changes.ts';
import { startServers } from '../support/servers.ts';
import { changesOf, traced } from '../support/traced.ts';

const CLEAN_RUNS = 100;

describeNeeding(['namespaces'], 'changes on the way', () => {
  let chain: Chain;
  let router: Namespace;
  let address: number;
  let network: Network;
  let moveBack: () => void;

  beforeAll(() => {
    chain = createChain();
    router = chain.router(CHANGING_HOP);
    chain.server.ip('addr add 10.0.8.9/32 dev near');
    address = parseIpv4(chain.serverAddress) as number;
    moveBack = moveInto(chain.client);
    network = openKernelNetwork();
  });
  afterAll(() => {
    network.close();
    moveBack();
    chain.remove();
  });

  it.each(BY_KERNEL)('$kind', async (injected) => {
    router.nft(rulesOf(injected));
    try {
      const run = await traced(network, { address, port: CLOSED_PORT, sourcePort: SOURCE_PORT, spec: injected.spec ?? {}, maxTtl: 8 });
      const told = run.hops.flatMap(({ ttl, changes }) => changes.map(({ field, how }) => `hop ${ttl}: ${field} ${how}`));
      expect(told, changesOf(run).join('\n')).toStrictEqual(expectedChangesOf(injected));
    } finally {
      router.openFirewall();
    }
  });

  describe('behind the last router, which only the answer of the destination shows', () => {
    const last = (): Namespace => chain.router(chain.routers.length);
    const OPEN = 80;

    beforeAll(async () => {
      await startServers(chain.server, { [OPEN]: 'echo' });
    });

    it.each([
      ['tcp option timestamp tsval set 5', {}, expect.stringMatching(/^hop 8: timestamps changed TS val \d+ → echoed as 5$/)],
      ['reset tcp option sack-perm', {}, 'hop 8: sack-permitted unanswered sackOK'],
      ['tcp flags set 0x02', { flags: SYN | CWR | ECE }, 'hop 8: flags unanswered CWR ECE'],
    ])('%s', async (statement, spec, change) => {
      last().nft(rulesOf({ forth: statement }, OPEN));
      try {
        const run = await traced(network, { address, port: OPEN, spec });
        expect(changesOf(run)).toStrictEqual([change]);
      } finally {
        last().openFirewall();
      }
    });
  });

  it(`are none where nothing is changed, in ${CLEAN_RUNS} runs`, async () => {
    for (let i = 0; i < CLEAN_RUNS; i++) {
      const run = await traced(network, { address, port: CLOSED_PORT, probes: 1 });
      expect(run.result).toMatchObject({ reached: true, hops: 8, verdict: 'closed' });
      expect(changesOf(run)).toStrictEqual([]);
    }
  });
});
