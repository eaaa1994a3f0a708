/** ICMP errors, as routers send them and as forgers do. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seqAdd } from '../../src/wire/seq.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { TunNetwork } from './device.ts';
import { connectTo, isFin } from './peer.ts';

const UNREACHABLE = 3;
const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;

describeNeeding(['namespaces', 'tun'], 'ICMP', () => {
  let network: TunNetwork;
  beforeAll(async () => {
    network = await TunNetwork.open();
  });
  afterAll(() => network.remove());

  const play = (...options: string[]) => connectTo(network, ['--time-wait', '0.1', ...options]);

  it.each([
    [UNREACHABLE, 0, 'net-unreachable'],
    [UNREACHABLE, 1, 'host-unreachable'],
    [UNREACHABLE, 2, 'protocol-unreachable'],
    [UNREACHABLE, 3, 'port-unreachable'],
    [UNREACHABLE, 9, 'net-prohibited'],
    [UNREACHABLE, 10, 'host-prohibited'],
    [UNREACHABLE, 13, 'admin-prohibited'],
    [TIME_EXCEEDED, 0, 'ttl-exceeded'],
  ])('type %i code %i that quotes eight bytes alone: filtered, %s', async (type, code, name) => {
    const { peer, run } = play('--timeout', '4');
    const syn = await peer.expect('S');
    peer.sendIcmp(type, code, syn, { quoted: 8 });
    const { code: exitCode, result, of } = await run.finished;
    expect(exitCode).toBe(2);
    expect(result).toMatchObject({ verdict: 'filtered', reason: `icmp-${name}` });
    expect(of('icmp')).toMatchObject([{ icmpType: type, code, name, seq: result.iss }]);
    expect(peer.history).toHaveLength(1);
  });

  it.each([
    [UNREACHABLE, 5, 'source-route-failed'],
    [UNREACHABLE, 6, 'net-unknown'],
    [UNREACHABLE, 7, 'host-unknown'],
    [UNREACHABLE, 8, 'source-host-isolated'],
    [UNREACHABLE, 11, 'net-unreachable-for-tos'],
    [UNREACHABLE, 12, 'host-unreachable-for-tos'],
    [UNREACHABLE, 14, 'host-precedence-violation'],
    [UNREACHABLE, 15, 'precedence-cutoff'],
    [TIME_EXCEEDED, 1, 'reassembly-time-exceeded'],
    [PARAMETER_PROBLEM, 0, 'parameter-problem'],
  ])('type %i code %i is named (%s) and no end of the wait', async (type, code, name) => {
    const { peer, run } = play('--timeout', '2');
    peer.sendIcmp(type, code, await peer.expect('S'));
    await peer.expect('S');
    peer.send('SA');
    await peer.until('their FIN', isFin);
    await peer.finish();
    const { code: exitCode, of } = await run.finished;
    expect(exitCode).toBe(0);
    expect(of('icmp')).toMatchObject([{ icmpType: type, code, name }]);
  });

  it.each<[string, Parameters<ReturnType<typeof play>['peer']['sendIcmp']>[3]]>([
    ['another port of ours', { change: (packet) => ({ ...packet, tcp: packet.tcp && { ...packet.tcp, sourcePort: 1 } }) }],
    ['another port of theirs', { change: (packet) => ({ ...packet, tcp: packet.tcp && { ...packet.tcp, destinationPort: 81 } }) }],
    [
      'a segment that is not in flight',
      { change: (packet) => ({ ...packet, tcp: packet.tcp && { ...packet.tcp, seq: seqAdd(packet.tcp.seq, 5000) } }) },
    ],
    ['another destination', { change: (packet) => ({ ...packet, ip: { ...packet.ip, destination: packet.ip.destination + 1 } }) }],
    ['less than the ports', { quoted: 2 }],
  ])('that quotes %s: ignored', async (_name, options) => {
    const { peer, run } = play('--timeout', '3');
    peer.sendIcmp(UNREACHABLE, 1, await peer.expect('S'), options);
    await peer.expectSilence(200);
    peer.send('SA');
    await peer.expect('A', { seq: 1, ack: 1 });
    await peer.until('their FIN', isFin);
    await peer.finish();
    const { code, of } = await run.finished;
    expect(code).toBe(0);
    expect(of('icmp')).toEqual([]);
  });

  it('in the connection: told, and no end of it (RFC 5927)', async () => {
    const { peer, run } = play('--data', 'hello', '--idle', '0.2');
    await peer.accept();
    peer.sendIcmp(UNREACHABLE, 1, await peer.expect('A', { text: 'hello' }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    peer.send('A', { ack: 6 });
    await peer.until('their FIN', isFin);
    await peer.finish();
    const { code, result, of } = await run.finished;
    expect(code).toBe(0);
    expect(result.verdict).toBe('open');
    expect(of('icmp')).toMatchObject([{ name: 'host-unreachable' }]);
  });

  it('fragmentation needed: smaller segments from there on (RFC 1191)', async () => {
    const { peer, run } = play('--data-length', '1460', '--idle', '0.2');
    await peer.accept({ options: [{ kind: 2, name: 'mss', mss: 1460 }] });
    const large = await peer.until('a large segment', ({ text }) => text.length > 1000);
    peer.sendIcmp(UNREACHABLE, 4, large, { rest: 576 });
    await peer.until('the first bytes again', ({ seq, text }) => seq === 1 && text.length > 0 && text.length <= 536);
    peer.send('A', { ack: 1461 });
    await peer.until('their FIN', isFin);
    await peer.finish();
    const { code, of } = await run.finished;
    expect(code).toBe(0);
    expect(of('icmp')[0]).toMatchObject({ name: 'fragmentation-needed', nextHopMtu: 576 });
    expect(of('note').map(({ code: name }) => name)).toContain('mtu-lowered');
  });
});
