/** What forwarding kernels do to a segment, and what trace says of it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import type { Network } from '../../src/net/network.ts';
import { parseIpv4 } from '../../src/wire/address.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { type Chain, createChain } from '../support/chain.ts';
import { moveInto } from '../support/inside.ts';
import type { Namespace } from '../support/netns.ts';
import { BY_KERNEL, CHANGING_HOP, CLOSED_PORT, rulesOf, SOURCE_PORT } from '../support/path-changes.ts';
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
    router = chain.routers[CHANGING_HOP - 1] as Namespace;
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
    router.exec(['nft', '-f', '-'], rulesOf(injected));
    try {
      const run = await traced(network, { address, port: CLOSED_PORT, sourcePort: SOURCE_PORT, spec: injected.spec ?? {}, maxTtl: 8 });
      const told = run.hops.flatMap(({ ttl, changes }) => changes.map(({ field, how }) => `hop ${ttl}: ${field} ${how}`));
      expect(told, changesOf(run).join('\n')).toStrictEqual(injected.reported.map((change) => `hop ${CHANGING_HOP + 1}: ${change}`));
    } finally {
      router.openFirewall();
    }
  });

  it(`are none where nothing is changed, in ${CLEAN_RUNS} runs`, async () => {
    for (let i = 0; i < CLEAN_RUNS; i++) {
      const run = await traced(network, { address, port: CLOSED_PORT, probes: 1 });
      expect(run.result).toMatchObject({ reached: true, hops: 8, verdict: 'closed' });
      expect(changesOf(run)).toStrictEqual([]);
    }
  });
});
