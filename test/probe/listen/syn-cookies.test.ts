/** SYN cookies: what they carry, how long, and that nobody else can make one. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/net/random.ts';
import { carriedOptions, carryingTimestamp, rememberedOptions, SynCookies } from '../../../src/probe/listen/syn-cookies.ts';
import {
  findOption,
  KIND_MSS,
  KIND_SACK_PERMITTED,
  KIND_TIMESTAMPS,
  KIND_WINDOW_SCALE,
  type TcpOption,
} from '../../../src/wire/tcp-options.ts';

const FLOW = { address: 0x0a000002, port: 80, peerAddress: 0x0a000001, peerPort: 40_000 };
const IRS = 0xffffffff;
const PERIOD_US = 64_000_000;

describe('a cookie', () => {
  const cookies = new SynCookies(seededRandom(1));

  it.each([
    [100, 64],
    [536, 536],
    [1000, 536],
    [1460, 1460],
    [9000, 8940],
    [10, 64],
  ])('brings back an MSS of %i as %i', (mss, read) => {
    expect(cookies.read(FLOW, IRS, cookies.make(FLOW, IRS, mss, 5), 5)).toBe(read);
  });

  it('is good for one to two periods, also where their count wraps', () => {
    for (const madeAtUs of [0, 31.5 * PERIOD_US, 32 * PERIOD_US - 1]) {
      const cookie = cookies.make(FLOW, IRS, 1460, madeAtUs);
      expect(cookies.read(FLOW, IRS, cookie, madeAtUs + PERIOD_US)).toBe(1460);
      expect(cookies.read(FLOW, IRS, cookie, madeAtUs + 2 * PERIOD_US)).toBeUndefined();
    }
  });

  it('is good for its connection alone', () => {
    const cookie = cookies.make(FLOW, IRS, 1460, 0);
    const others = [
      { ...FLOW, address: FLOW.address + 1 },
      { ...FLOW, port: 81 },
      { ...FLOW, peerAddress: FLOW.peerAddress + 1 },
      { ...FLOW, peerPort: FLOW.peerPort + 1 },
    ];
    for (const flow of others) expect(cookies.read(flow, IRS, cookie, 0)).toBeUndefined();
    expect(cookies.read(FLOW, IRS - 1, cookie, 0)).toBeUndefined();
    expect(new SynCookies(seededRandom(2)).read(FLOW, IRS, cookie, 0)).toBeUndefined();
  });

  it('is not good with any bit changed', () => {
    const cookie = cookies.make(FLOW, IRS, 1460, 0);
    for (let bit = 0; bit < 32; bit++) expect(cookies.read(FLOW, IRS, (cookie ^ (1 << bit)) >>> 0, 0)).toBeUndefined();
  });

  it('is awaited only after one was made', () => {
    const own = new SynCookies(seededRandom(3));
    expect(own.isAwaited(0)).toBe(false);
    own.make(FLOW, IRS, 1460, 1000);
    expect(own.isAwaited(PERIOD_US)).toBe(true);
    expect(own.isAwaited(3 * PERIOD_US)).toBe(false);
  });
});

describe('the options', () => {
  const mss: TcpOption = { kind: KIND_MSS, name: 'mss', mss: 1460 };
  const sack: TcpOption = { kind: KIND_SACK_PERMITTED, name: 'sack-permitted' };
  const scale: TcpOption = { kind: KIND_WINDOW_SCALE, name: 'window-scale', shift: 9 };
  const timestamps = (value: number, echoReply: number): TcpOption => ({ kind: KIND_TIMESTAMPS, name: 'timestamps', value, echoReply });

  it.each([
    ['SACK and scale', [sack, scale]],
    ['SACK', [sack]],
    ['scale', [scale]],
    ['neither', []],
  ])('come back by the echo of our timestamp: %s', (_name, offered) => {
    const syn = [mss, timestamps(77, 0), ...offered];
    const ours = carryingTimestamp(0xfedcba98, syn);
    expect(ours >>> 6).toBe(0xfedcba98 >>> 6);
    const remembered = rememberedOptions(1460, [timestamps(80, ours)]);
    expect(findOption(remembered, 'window-scale')?.shift).toBe(findOption(offered, 'window-scale')?.shift);
    expect(findOption(remembered, 'sack-permitted') !== undefined).toBe(offered.includes(sack));
    expect(findOption(remembered, 'timestamps')?.value).toBe(80);
  });

  it('without timestamps only the MSS is agreed on', () => {
    expect(carriedOptions([mss, sack, scale])).toEqual([mss]);
    expect(rememberedOptions(1400, [])).toEqual([{ ...mss, mss: 1400 }]);
  });
});
