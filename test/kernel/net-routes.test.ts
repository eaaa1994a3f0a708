/** What is known of this host for a second: its addresses are listed once for all peers, and anew when that is over. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { localAddresses } from '../../src/net/interfaces.ts';
import { VirtualClock } from '../../src/net/memory.ts';
import { Routes } from '../../src/net/route.ts';
import { parseIpv4 } from '../../src/wire/address.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { moveInto } from '../support/inside.ts';
import { Namespace } from '../support/netns.ts';

vi.mock('../../src/net/interfaces.ts', async (original) => {
  const interfaces = await original<typeof import('../../src/net/interfaces.ts')>();
  return { ...interfaces, localAddresses: vi.fn(interfaces.localAddresses) };
});

it('lists the addresses of this host once for a thousand peers, and again after a second', async () => {
  const clock = new VirtualClock();
  const routes = new Routes(clock);
  const first = parseIpv4('127.1.0.0') as number;
  for (let i = 0; i < 1000; i++) expect(routes.find({ destination: first + i })).toMatchObject({ interfaceName: 'lo' });
  expect(localAddresses).toHaveBeenCalledTimes(1);
  const before = routes.addresses;
  expect(routes.addresses).toBe(before);
  clock.setTimer(1_000_001, () => {});
  clock.step();
  expect(routes.addresses).not.toBe(before);
  expect(localAddresses).toHaveBeenCalledTimes(2);
});

describeNeeding(['namespaces'], 'an address that is added within that second', () => {
  let place: Namespace;
  let moveBack: () => void;

  beforeAll(() => {
    place = new Namespace();
    moveBack = moveInto(place);
  });
  afterAll(() => {
    moveBack();
    place.remove();
  });

  it('is known to be on its interface', () => {
    const routes = new Routes(new VirtualClock());
    expect(routes.find({ destination: parseIpv4('127.0.0.1') as number })).toMatchObject({ interfaceName: 'lo' });
    place.ip('addr add 10.77.1.1/32 dev lo');
    expect(routes.find({ destination: parseIpv4('10.77.1.1') as number })).toMatchObject({ interfaceName: 'lo' });
  });
});
