/** The plans of plans/, as a user runs them: against this kernel with nginx, through a firewall that tracks connections, and where something is wrong. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunResult, TestEvent } from '../../src/probe/events.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { createPair, createRouted, type Network } from '../support/netns.ts';
import { type Run, rawshake } from '../support/rawshake.ts';
import { startNginx } from '../support/servers.ts';

const testsOf = ({ lines }: Run): TestEvent[] => (lines as unknown as TestEvent[]).filter(({ type }) => type === 'test');
const resultOf = (run: Run) => run.result as unknown as RunResult;
const named = (tests: readonly TestEvent[], status: TestEvent['status']) =>
  tests.filter((test) => test.status === status).map(({ name }) => name);

const run = ({ client, serverAddress }: Network, plan: string, ...more: string[]): Promise<Run> =>
  rawshake(client, ['run', `plans/${plan}.yaml`, '--var', `host=${serverAddress}`, '--json', '--jobs', '8', ...more], {
    timeoutMs: 30_000,
  });

describeNeeding(['namespaces'], 'the shipped plans', () => {
  describe('against this kernel and nginx', () => {
    let net: Network;

    beforeAll(async () => {
      net = createPair();
      await startNginx(net.server);
    });
    afterAll(() => net.remove());

    it('rfc9293: it behaves in all but what the plan says of Linux', async () => {
      const plan = await run(net, 'rfc9293');
      const tests = testsOf(plan);
      expect(named(tests, 'failed')).toEqual([]);
      expect(named(tests, 'known').every((name) => name.startsWith('FIN-WAIT-2'))).toBe(true);
      expect(plan.code).toBe(0);
      expect(tests.filter(({ level, rfc }) => level !== undefined && rfc !== undefined)).toHaveLength(tests.length);
      expect(tests.length).toBeGreaterThanOrEqual(30);
      expect(resultOf(plan).durationMs).toBeLessThan(30_000);
    });

    it('leave nothing open at the peer', async () => {
      await run(net, 'rfc9293', '--filter', 'ESTABLISHED');
      expect(net.server.exec(['ss', '-Htan', 'state', 'connected', 'exclude', 'time-wait'])).toBe('');
    });

    it('tcp-basics: all of it is seen', async () => {
      const plan = await run(net, 'tcp-basics');
      expect(named(testsOf(plan), 'failed')).toEqual([]);
      expect(plan.code).toBe(0);
    });

    it('rfc9293 finds out a host that sends no RST', async () => {
      net.server.firewall('output', 'tcp flags & rst == rst drop');
      const plan = await run(net, 'rfc9293', '--filter', 'closed -');
      net.server.openFirewall();
      expect(plan.code).toBe(3);
      expect(named(testsOf(plan), 'passed')).toEqual(['closed - a RST is answered by nothing']);
      expect(testsOf(plan)[0]?.failures[0]).toMatchObject({ field: 'segment', expected: 'R. seq=0 ack 1', actual: 'nothing within 1 s' });
    });
  });

  describe('through a router', () => {
    let net: Network;

    beforeAll(async () => {
      net = createRouted();
      await startNginx(net.server);
    });
    afterAll(() => net.remove());

    it('firewall: one that tracks connections lets through and stops what it should', async () => {
      net.router?.firewall(
        'forward',
        `ct state invalid drop
ct state established,related accept
tcp dport 80 tcp flags & (fin|syn|rst|ack) == syn ct state new accept
drop`,
      );
      const plan = await run(net, 'firewall');
      net.router?.openFirewall();
      expect(named(testsOf(plan), 'failed')).toEqual([]);
      expect(plan.code).toBe(0);
    });

    it('firewall: one that lets all through is found out', async () => {
      const plan = await run(net, 'firewall');
      const tests = testsOf(plan);
      expect(plan.code).toBe(3);
      expect(named(tests, 'passed').filter((name) => name.startsWith('passes'))).toHaveLength(
        tests.filter(({ name }) => name.startsWith('passes')).length,
      );
      expect(named(tests, 'failed')).toEqual([
        'stops - a SYN to a port that is not let through',
        'stops - an ACK that belongs to no connection',
        'stops - a FIN that belongs to no connection',
        'stops - a SYN+ACK that nobody asked for',
        'stops - data that belong to no connection',
        'stops - FIN, PSH and URG together, without a connection',
        'stops - SYN and FIN together',
      ]);
    });
  });
});
