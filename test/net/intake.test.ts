import { describe, expect, it } from 'vitest';
import type { Program } from '../../src/net/filter.ts';
import type { Flow } from '../../src/net/flow.ts';
import { Intake } from '../../src/net/intake.ts';
import { runFilter } from './bpf.ts';
import { fromPeer, icmpAbout, toPeer } from './datagrams.ts';

const GIVEN = { low: 32_768, high: 60_999 };
const address = 0x0a000002;
const flow = (port: number, peerAddress = 0x0a000003, peerPort = 80): Flow => ({ address, port, peerAddress, peerPort });

/** An intake with the filters it has asked for, as the kernel would have them. */
function setUp() {
  const intake = new Intake(GIVEN);
  const installed: { tcp: Program; icmp: Program; times: number } = { tcp: [], icmp: [], times: 0 };
  return {
    installed,
    add(one: Flow, quotes?: 'own' | 'any'): void {
      const { tcp, icmp } = intake.add(one, quotes);
      if (tcp) installed.times++;
      installed.tcp = tcp ?? installed.tcp;
      installed.icmp = icmp ?? installed.icmp;
      expect(this.lets(one)).toBe(true);
    },
    delete: (one: Flow): void => intake.delete(one),
    lets: (one: Flow): boolean => runFilter(installed.tcp, fromPeer(one)) > 0,
    letsErrors: (one: Flow): boolean => runFilter(installed.icmp, icmpAbout(toPeer(one))) > 0,
  };
}

describe('the intake', () => {
  it('lets in a first port alone', () => {
    const kernel = setUp();
    kernel.add(flow(40_000));
    expect(kernel.lets(flow(40_001))).toBe(false);
    expect(kernel.lets(flow(40_000, 1))).toBe(false);
    expect(kernel.letsErrors(flow(40_000))).toBe(true);
  });

  it('lets in every quote once a port wants them, and then stays so', () => {
    const kernel = setUp();
    kernel.add(flow(40_000));
    expect(kernel.letsErrors(flow(80))).toBe(false);
    kernel.add(flow(40_001), 'any');
    expect(kernel.letsErrors(flow(80))).toBe(true);
    kernel.add(flow(1));
    expect(kernel.letsErrors(flow(80))).toBe(true);
  });

  it('lets in all given ports of a peer with the second, and then needs no more filters', () => {
    const kernel = setUp();
    for (let port = 40_000; port < 40_100; port++) kernel.add(flow(port));
    expect(kernel.installed.times).toBe(2);
    expect(kernel.lets(flow(GIVEN.low))).toBe(true);
    expect(kernel.lets(flow(GIVEN.low - 1))).toBe(false);
    expect(kernel.lets(flow(40_000, 1))).toBe(false);
  });

  it('needs no more filters for one port after the other either', () => {
    const kernel = setUp();
    for (let port = 40_000; port < 40_100; port++) {
      kernel.add(flow(port));
      kernel.delete(flow(port));
    }
    expect(kernel.installed.times).toBe(2);
  });

  it('reaches ports that were asked for, outside of the given ones', () => {
    const kernel = setUp();
    kernel.add(flow(1));
    kernel.add(flow(65_535));
    kernel.add(flow(40_000));
    expect(kernel.lets(flow(1))).toBe(true);
    expect(kernel.lets(flow(65_535))).toBe(true);
    expect(kernel.letsErrors(flow(1))).toBe(true);
    expect(kernel.letsErrors(flow(65_535))).toBe(true);
  });

  it('keeps every open peer, and forgets those that are closed when it makes a new list', () => {
    const kernel = setUp();
    kernel.add(flow(40_000, 1));
    kernel.add(flow(40_001, 2));
    kernel.delete(flow(40_000, 1));
    expect(kernel.lets(flow(40_001, 2))).toBe(true);
    kernel.add(flow(40_002, 3));
    expect(kernel.lets(flow(40_000, 1))).toBe(false);
    expect(kernel.lets(flow(40_001, 2))).toBe(true);
    expect(kernel.lets(flow(40_002, 3))).toBe(true);
  });

  it('goes by port alone where there are many peers, and needs few filters for them', () => {
    const kernel = setUp();
    const flows = Array.from({ length: 1000 }, (_, i) => flow(40_000 + i, i + 1));
    for (const one of flows) kernel.add(one);
    for (const one of flows) expect(kernel.lets(one)).toBe(true);
    expect(kernel.lets(flow(GIVEN.high, 5000))).toBe(true);
    expect(kernel.lets(flow(GIVEN.high + 1, 5000))).toBe(false);
    expect(kernel.installed.times).toBe(33);
    kernel.add(flow(80, 7));
    for (const one of flows) expect(kernel.lets(one)).toBe(true);
  });

  it('goes back to a list once few are left and a new one is due', () => {
    const kernel = setUp();
    const flows = Array.from({ length: 100 }, (_, i) => flow(40_000 + i, i + 1));
    for (const one of flows) kernel.add(one);
    for (const one of flows.slice(1)) kernel.delete(one);
    kernel.add(flow(80, 500));
    expect(kernel.lets(flows[0] as Flow)).toBe(true);
    expect(kernel.lets(flow(80, 500))).toBe(true);
    expect(kernel.lets(flow(40_050, 51))).toBe(false);
  });
});
