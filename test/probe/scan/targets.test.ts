/** From words to addresses: what is read, what is refused, and what is taken out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IntervalSet } from '../../../src/probe/scan/intervals.ts';
import { RESERVED_RANGES } from '../../../src/probe/scan/reserved.ts';
import { parseTarget, selectTargets } from '../../../src/probe/scan/targets.ts';
import { formatIpv4, parseIpv4 } from '../../../src/wire/address.ts';
import { u32 } from '../../wire/arbitraries.ts';
import { refusal } from './refusal.ts';

const read = (text: string, from = 'TARGETS') => {
  const interval = parseTarget({ text, from });
  return interval === undefined ? 'a name' : `${formatIpv4(interval.first)} to ${formatIpv4(interval.last)}`;
};

describe('a target', () => {
  it.each([
    ['192.168.1.7', '192.168.1.7 to 192.168.1.7'],
    ['10.0.0.0/24', '10.0.0.0 to 10.0.0.255'],
    ['10.0.0.7/32', '10.0.0.7 to 10.0.0.7'],
    ['10.0.0.6/31', '10.0.0.6 to 10.0.0.7'],
    ['128.0.0.0/1', '128.0.0.0 to 255.255.255.255'],
    ['0.0.0.0/0', '0.0.0.0 to 255.255.255.255'],
    ['10.0.0.1-50', '10.0.0.1 to 10.0.0.50'],
    ['10.0.0.5-5', '10.0.0.5 to 10.0.0.5'],
    ['10.0.0.1-10.0.3.7', '10.0.0.1 to 10.0.3.7'],
    ['0.0.0.0-255.255.255.255', '0.0.0.0 to 255.255.255.255'],
    ['example.com', 'a name'],
    ['web-01', 'a name'],
    ['10-0-0-1.nodes.example', 'a name'],
    ['localhost', 'a name'],
    ['10.0.0', 'a name'],
    ['10.0.0.300', 'a name'],
    ['010.0.0.1', 'a name'],
    ['2001:db8::1', 'a name'],
    ['[2001:db8::1]', 'a name'],
    ['fe80::1%eth0', 'a name'],
  ])('%s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it('of a network holds what shares its prefix', () => {
    fc.assert(
      fc.property(u32, fc.integer({ min: 0, max: 32 }), (address, length) => {
        const mask = length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
        const network = (address & mask) >>> 0;
        expect(parseTarget({ text: `${formatIpv4(network)}/${length}`, from: '' })).toEqual({
          first: network,
          last: (network | ~mask) >>> 0,
        });
      }),
    );
  });

  it.each([
    ['10.0.0.5/24', 'has host bits set: the network is 10.0.0.0/24; give 10.0.0.0/24, or 10.0.0.5 alone'],
    ['200.0.0.0/1', 'the network is 128.0.0.0/1'],
    ['10.0.0.0/33', 'a prefix has 32 bits at most; give /0 to /32'],
    ['10.0.0.300/24', '"10.0.0.300" is no IPv4 address'],
    ['10.0.0.50-10', 'runs backwards; give 10.0.0.10-10.0.0.50'],
    ['10.0.3.7-10.0.0.1', 'runs backwards; give 10.0.0.1-10.0.3.7'],
    ['10.0.0.1-300', 'the last part of an address is 255 at most'],
    ['10.0.0.1-10.0.0', '"10.0.0" is no IPv4 address'],
    ['10.0.0.1-x', 'is neither an address, a network, a range nor a name'],
    ['10.0.0-3.1', 'is neither'],
    ['10.0.0.1,10.0.0.2', 'has a comma in it; give targets with spaces between'],
    ['10.0.0.*', 'is neither'],
    ['10.0.0.0/255.255.255.0', 'is neither'],
    ['example.com/24', 'is neither'],
    ['80', 'is no host; give a port as --ports 80'],
    ['http://example.com/', 'is a URL; give the host in it'],
    ['example.com:80', 'has a port; give example.com, and the port as --ports 80'],
    ['@more.txt', 'is neither'],
    ['', 'is neither'],
    ['2001:db8::/32', 'is IPv6; rawshake speaks IPv4'],
  ])('of %s is refused', (text, expected) => {
    expect(refusal(() => read(text))).toContain(expected);
  });

  it('is refused with the place it stood at', () => {
    expect(refusal(() => read('10.0.0.0/33', 'hosts.txt, line 3'))).toMatch(/^hosts\.txt, line 3: "10\.0\.0\.0\/33": /);
  });
});

const intervals = (words: readonly string[]) => words.map((text) => parseTarget({ text, from: 'TARGETS' }) ?? expect.unreachable(text));
const select = (
  words: readonly string[],
  { without = [], allowReserved = false }: { without?: readonly string[]; allowReserved?: boolean } = {},
) => selectTargets(intervals(words), intervals(without), { allowReserved });

describe('targets', () => {
  it('hold each address once where words overlap', () => {
    const { addresses } = select(['10.0.0.0/30', '10.0.0.2-5', '10.0.0.3', '10.0.0.9']);
    expect(Array.from({ length: addresses.count }, (_, i) => formatIpv4(addresses.at(i)))).toEqual([
      ...['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.9'],
    ]);
  });

  it('lack what is excluded, and say how much', () => {
    const { addresses, excluded } = select(['10.0.0.0/24'], { without: ['10.0.0.0', '10.0.0.255', '10.0.0.16/28', '172.16.0.0/12'] });
    expect([addresses.count, excluded]).toEqual([238, 18]);
  });

  it('lack what is reserved, and say what and how much', () => {
    const { addresses, skipped } = select(['198.0.0.0/8', '240.0.0.0/4', '192.0.2.1']);
    expect(skipped.map(({ range, count }) => [range.network, count])).toEqual([
      ['192.0.2.0/24', 1],
      ['198.18.0.0/15', 2 ** 17],
      ['198.51.100.0/24', 256],
      ['255.255.255.255/32', 1],
      ['240.0.0.0/4', 2 ** 28 - 1],
    ]);
    expect(addresses.count).toBe(2 ** 24 - 2 ** 17 - 256);
  });

  it('lack nothing where reserved ranges are allowed', () => {
    const { addresses, skipped } = select(['0.0.0.0/0'], { allowReserved: true });
    expect([addresses.count, skipped]).toEqual([2 ** 32, []]);
  });

  it('count every address of the whole space either in or out', () => {
    const { addresses, excluded, skipped } = select(['0.0.0.0/0'], { without: ['192.0.2.0/25', '8.8.8.8'] });
    expect(skipped.reduce((sum, { count }) => sum + count, 0) + excluded + addresses.count).toBe(2 ** 32);
    expect(skipped).toHaveLength(RESERVED_RANGES.length);
    expect([...addresses].length).toBeLessThan(RESERVED_RANGES.length + 3);
  });

  it('keep private, shared, loopback and link-local addresses', () => {
    const words = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'];
    expect(select(words).skipped).toEqual([]);
  });

  it('are refused where none are left, with the reason', () => {
    expect(refusal(() => select([]))).toMatch(/^TARGETS: there are none; /);
    expect(refusal(() => select(['10.0.0.1'], { without: ['10.0.0.0/8'] }))).toContain('all are excluded');
    expect(refusal(() => select(['192.0.2.1', '224.0.0.1']))).toBe(
      'TARGETS: nothing is left: all addresses are of reserved ranges: documentation (TEST-NET-1) (192.0.2.0/24, RFC 5737), ' +
        'multicast (224.0.0.0/4, RFC 5771); scan them with --allow-reserved',
    );
  });
});

it('each reserved range is the network that it is said to be, and overlaps none that comes before it but one', () => {
  let before = IntervalSet.of([]);
  let shared = 0;
  for (const { first, last, network } of RESERVED_RANGES) {
    const [address = '', length = ''] = network.split('/');
    expect([first, last - first + 1]).toEqual([parseIpv4(address), 2 ** (32 - Number(length))]);
    const own = IntervalSet.of([{ first, last }]);
    shared += own.count - own.minus(before).count;
    before = IntervalSet.of([...before, ...own]);
  }
  expect(shared).toBe(1);
});
