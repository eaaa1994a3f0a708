import { describe, expect, it } from 'vitest';
import { CAP_NET_ADMIN, CAP_NET_RAW, hasCapability, helperCredentials, ownCredentials, parseStatus } from '../../src/net/credentials.ts';

describe('parseStatus', () => {
  it('reads the effective user and the sets', () => {
    const text = `Name:\tnode
Uid:\t1000\t1001\t1002\t1003
Gid:\t100\t100\t100\t100
CapInh:\t0000000000000000
CapPrm:\t000001ffffffffff
CapEff:\t0000000000003000
CapBnd:\t000001ffffffffff
CapAmb:\t0000000000002000
`;
    expect(parseStatus(text)).toEqual({ uid: 1001, permitted: 0x1ffffffffffn, effective: 0x3000n, ambient: 0x2000n });
  });

  it('knows no ambient set on a kernel before 4.3', () =>
    expect(parseStatus('Uid:\t0\t0\t0\t0\nCapPrm:\t0000003fffffffff\nCapEff:\t0000003fffffffff\n').ambient).toBe(0n));
});

it('a capability is a bit', () => {
  expect(hasCapability(0x2000n, CAP_NET_RAW)).toBe(true);
  expect(hasCapability(0x2000n, CAP_NET_ADMIN)).toBe(false);
  expect(hasCapability(1n << 40n, 40)).toBe(true);
});

it('reads those of this thread and of the others', () => {
  const own = ownCredentials();
  const others = helperCredentials();
  expect(own.uid).toBe(process.geteuid?.());
  expect(others.length).toBeGreaterThan(0);
  for (const other of others) expect(other).toEqual(own);
});
