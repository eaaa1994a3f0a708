/** What `listen` is asked for, from its words. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Args, type ArgValue } from '../../src/options/args.ts';
import { readListen } from '../../src/options/listen.ts';

const read = (ports: string[], options: Record<string, ArgValue> = {}) => readListen(new Args(ports, new Map(Object.entries(options)), []));
const fault = (text: string) => read(['7'], { fault: [text] }).request;

describe('the ports', () => {
  it.each([
    [['7'], [7]],
    [
      ['7', '80'],
      [7, 80],
    ],
    [
      ['7,80', '443'],
      [7, 80, 443],
    ],
    [['http'], [80]],
  ])('%j', (words, ports) => expect(read(words).request.ports).toEqual(ports));

  it.each([
    [['7', '7'], /PORT: 7 twice/],
    [['0'], /PORT: 0 is no port/],
    [['99999'], /99999 is no port/],
    [['80,'], /PORT: a port is missing/],
    [['10.0.0.1:80'], /PORT: "10\.0\.0\.1:80" has an address/],
    [['10.0.0.1', '80'], /PORT: "10\.0\.0\.1" has an address/],
    [[Array.from({ length: 65 }, (_, i) => i + 1).join(',')], /65 ports/],
  ])('%j is refused', (words, message) => expect(() => read(words)).toThrow(message));
});

describe('the close', () => {
  it.each([
    [{}, 'passive'],
    [{ echo: true }, 'passive'],
    [{ data: 'x' }, 'active'],
    [{ data: 'x', echo: true }, 'passive'],
    [{ data: 'x', close: 'half' }, 'half'],
  ])('%j: %s', (options, close) => expect(read(['7'], options).request.close).toBe(close));

  it('is none that crosses FINs: a listener does not know when its peer closes', () => {
    expect(() => read(['7'], { close: 'simultaneous' })).toThrow(/--close: "simultaneous" is not known/);
  });

  it('discard goes with nothing to say', () => {
    expect(() => read(['7'], { discard: true, echo: true })).toThrow(/--discard and --echo at once/);
    expect(() => read(['7'], { discard: true, 'data-length': '5' })).toThrow(/--discard and --data at once/);
  });
});

describe('the data', () => {
  it('are the same each time, from the beginning', () => {
    const { data } = read(['7'], { 'data-length': '100000' }).request;
    const lengthOf = (chunks: Iterable<Uint8Array>): number => [...chunks].reduce((sum, { length }) => sum + length, 0);
    expect([lengthOf(data()), lengthOf(data()), lengthOf(data())]).toEqual([100_000, 100_000, 100_000]);
  });

  it('of a file are read side by side, also once it has gone', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'rawshake-test-')), 'data');
    writeFileSync(file, Buffer.alloc(200_000, 'abc'));
    const { data } = read(['7'], { 'data-file': file }).request;
    rmSync(dirname(file), { recursive: true });
    const [one, other] = [data()[Symbol.iterator](), data()[Symbol.iterator]()];
    const first = one.next().value as Uint8Array;
    expect(other.next().value).toEqual(first);
    let length = first.length;
    for (let next = one.next(); !next.done; next = one.next()) length += next.value.length;
    expect(length).toBe(200_000);
  });
});

describe('faults', () => {
  it('of the path', () => {
    expect(fault('drop=0.1,duplicate=.05,reorder=1,corrupt=0,delay=20ms,jitter=500us').sentFaults).toEqual({
      loss: 0.1,
      duplicate: 0.05,
      reorder: 1,
      corrupt: 0,
      delayUs: 20_000,
      jitterUs: 500,
    });
    expect(read(['7'], { 'fault-received': ['drop=0.5'] }).request).toMatchObject({
      sentFaults: { loss: 0 },
      receivedFaults: { loss: 0.5 },
    });
  });

  it('of our own', () => {
    expect(fault('wrong-ack,no-final-ack,zero-window=1.5s,rst-after=0x10').misbehaviour).toEqual({
      wrongAck: true,
      noFinalAck: true,
      zeroWindowMs: 1500,
      rstAfterBytes: 16,
    });
    expect(fault('zero-window').misbehaviour.zeroWindowMs).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    ['explode', /--fault: "explode" is not known/],
    ['drop=2', /--fault: drop=2 is no share/],
    ['drop=-1', /is no share/],
    ['drop', /drop= is no share/],
    ['delay=20', /delay=20 is no time/],
    ['delay=61s', /delay=61s is no time up to 60s/],
    ['wrong-ack=1', /wrong-ack takes no value/],
    ['drop=0.1,drop=0.2', /drop twice/],
    ['rst-after=x', /rst-after: "x" is not a whole number/],
    ['', /"" is not known/],
  ])('%j is refused', (text, message) => expect(() => fault(text)).toThrow(message));

  it('names the one that was likely meant, and the option that takes it', () => {
    expect(() => fault('drp=0.1')).toThrow(expect.objectContaining({ hint: 'did you mean drop?' }));
    expect(() => read(['7'], { 'fault-received': ['rst-after=1'] })).toThrow(/rst-after is nothing that happens to what comes/);
  });
});
