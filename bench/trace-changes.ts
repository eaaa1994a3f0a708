/** Changes made on the way, each beside what `trace` calls it. */
import { openKernelNetwork } from '../src/net/kernel.ts';
import type { Network } from '../src/net/network.ts';
import type { TraceRequest } from '../src/probe/trace/request.ts';
import { parseIpv4 } from '../src/wire/address.ts';
import { type Chain, createChain } from '../test/support/chain.ts';
import { moveInto } from '../test/support/inside.ts';
import {
  BY_KERNEL,
  BY_SCRIPT,
  CHANGING_HOP,
  CLOSED_PORT,
  expectedChangesOf,
  type Injected,
  rulesOf,
  SOURCE_PORT,
} from '../test/support/path-changes.ts';
import { changesOf, quotedChangesOf, traced } from '../test/support/traced.ts';
import { TunNetwork } from '../test/tun/device.ts';
import { ScriptedPath } from '../test/tun/path.ts';

/** A kind of change, and what was told of it. */
export interface ChangeRow {
  kind: string;
  /** Who made it. */
  by: 'nftables' | 'TUN';
  reported: readonly string[];
  /** Called by its name alone, and laid to the hop behind the one that made it. */
  right: boolean;
}

type Target = Pick<TraceRequest, 'address' | 'port'> & Partial<TraceRequest>;

async function look(network: Network, target: Target, injected: Injected, by: ChangeRow['by']): Promise<ChangeRow> {
  const { kind, spec = {} } = injected;
  const run = await traced(network, { ...target, spec });
  return { kind, by, reported: changesOf(run), right: quotedChangesOf(run).join() === expectedChangesOf(injected).join() };
}

async function byKernels(): Promise<{ rows: ChangeRow[]; cleanRuns: number; falseAlarms: number }> {
  const chain: Chain = createChain();
  const moveBack = moveInto(chain.client);
  const network = openKernelNetwork();
  const target = { address: parseIpv4(chain.serverAddress) as number, port: CLOSED_PORT, sourcePort: SOURCE_PORT, maxTtl: 8 };
  const router = chain.router(CHANGING_HOP);
  chain.server.ip('addr add 10.0.8.9/32 dev near');
  try {
    const rows: ChangeRow[] = [];
    for (const injected of BY_KERNEL) {
      router.nft(rulesOf(injected));
      rows.push(await look(network, target, injected, 'nftables'));
    }
    router.openFirewall();
    let falseAlarms = 0;
    for (let run = 0; run < CLEAN_RUNS; run++) {
      if (changesOf(await traced(network, { ...target, sourcePort: undefined })).length > 0) falseAlarms++;
    }
    return { rows, cleanRuns: CLEAN_RUNS, falseAlarms };
  } finally {
    network.close();
    moveBack();
    chain.remove();
  }
}

const CLEAN_RUNS = 100;

/** What no kernel does. */
async function byScript(): Promise<ChangeRow[]> {
  const tun = await TunNetwork.open();
  const path = new ScriptedPath(tun, []);
  const moveBack = moveInto(tun.namespace);
  const network = openKernelNetwork();
  try {
    const rows: ChangeRow[] = [];
    for (const injected of BY_SCRIPT) {
      path.become([{}, {}, injected.hop, {}, {}, {}]);
      rows.push(await look(network, { address: path.address, port: 80 }, injected, 'TUN'));
    }
    return rows;
  } finally {
    network.close();
    moveBack();
    tun.remove();
  }
}

/** Every kind of change, each made by the third router of a path, and as many runs where nothing is changed. */
export async function changes(): Promise<{ rows: ChangeRow[]; cleanRuns: number; falseAlarms: number }> {
  const { rows, ...clean } = await byKernels();
  return { rows: [...rows, ...(await byScript())], ...clean };
}

/** As a Markdown table. */
export function changesTable(rows: readonly ChangeRow[]): string {
  const line = ({ kind, by, reported, right }: ChangeRow): string =>
    `| ${kind} | hop ${CHANGING_HOP}, ${by} | ${reported.join('; ') || 'nothing'} | ${right ? 'yes' : 'no'} |`;
  return ['| change | made at | reported | right |', '| --- | --- | --- | --- |', ...rows.map(line)].join('\n');
}
