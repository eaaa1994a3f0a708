/** Parts of a scan: disjoint, together the whole, and told from the environment of those who run many. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/net/random.ts';
import { ProbeOrder } from '../../../src/probe/scan/permutation.ts';
import { parseShard, type Shard, shardPlace, shardSize } from '../../../src/probe/scan/shard.ts';
import { refusal } from './refusal.ts';

const places = (shard: Shard, count: number): number[] => Array.from({ length: shardSize(shard, count) }, (_, n) => shardPlace(shard, n));

describe('shards', () => {
  it('are disjoint and together the whole, pair by pair', () => {
    const scan = fc.record({
      hosts: fc.integer({ min: 1, max: 40 }),
      ports: fc.integer({ min: 1, max: 40 }),
      count: fc.integer({ min: 1, max: 50 }),
      seed: fc.nat(0xffffffff),
    });
    fc.assert(
      fc.property(scan, ({ hosts, ports, count, seed }) => {
        const pairs = Array.from({ length: count }, (_, i) => {
          // Each machine makes its own order from the same seed.
          const order = new ProbeOrder(hosts, ports, seededRandom(seed));
          return places({ index: i + 1, count }, order.count).map((place) => order.at(place));
        });
        expect(pairs.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: hosts * ports }, (_, i) => i));
        const sizes = pairs.map(({ length }) => length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('of more parts than places are empty at the end', () => {
    expect([1, 2, 3, 4, 5].map((index) => places({ index, count: 5 }, 3))).toEqual([[0], [1], [2], [], []]);
  });
});

describe('I/N', () => {
  it('counts from 1', () => {
    expect(parseShard('--shard', '1/5', {})).toEqual({ index: 1, count: 5 });
    expect(parseShard('--shard', '5/5', {})).toEqual({ index: 5, count: 5 });
  });

  it.each([
    ['0/5', 'there is no part 0 of 5; parts are counted from 1: give 1/5 to 5/5'],
    ['6/5', 'there is no part 6 of 5'],
    ['1/0', '0 parts are out of range; give 1 to 1048576'],
    ['1/1048577', '1048577 parts are out of range'],
    ['1', '"1" is not I/N; give I/N such as 2/5: the second of five parts; or auto'],
    ['a/b', 'is not I/N'],
    ['1/2/3', 'is not I/N'],
    ['', 'is not I/N'],
  ])('%j is refused', (text, expected) => {
    expect(refusal(() => parseShard('--shard', text, {}))).toContain(expected);
  });
});

const job = (index: string, completions?: string) => ({ JOB_COMPLETION_INDEX: index, JOB_COMPLETIONS: completions });
/** What sbatch sets for `--array=min-max:step`, and for anything else with its own count. */
const array = (id: number, min: number, max: number, step: number, count = Math.floor((max - min) / step) + 1) => ({
  SLURM_ARRAY_TASK_ID: `${id}`,
  SLURM_ARRAY_TASK_MIN: `${min}`,
  SLURM_ARRAY_TASK_MAX: `${max}`,
  SLURM_ARRAY_TASK_STEP: `${step}`,
  SLURM_ARRAY_TASK_COUNT: `${count}`,
});
const auto = (environment: Record<string, string | undefined>) => parseShard('--shard', 'auto', environment);

describe('auto', () => {
  it('in a Kubernetes Indexed Job counts from its index 0', () => {
    expect(['0', '1', '2'].map((index) => auto(job(index, '3')))).toEqual([1, 2, 3].map((index) => ({ index, count: 3 })));
  });

  it.each([
    [1, 4, 1],
    [0, 31, 1],
    [5, 5, 1],
    [1, 7, 2],
    [10, 30, 10],
  ])('in a Slurm array from %d to %d by %d counts its tasks', (min, max, step) => {
    const ids = Array.from({ length: (max - min) / step + 1 }, (_, i) => min + i * step);
    expect(ids.map((id) => auto(array(id, min, max, step)))).toEqual(ids.map((_, i) => ({ index: i + 1, count: ids.length })));
  });

  it.each([
    [{}, 'neither a Kubernetes Indexed Job (JOB_COMPLETION_INDEX) nor a Slurm array (SLURM_ARRAY_TASK_ID); give I/N'],
    [job('0'), "JOB_COMPLETIONS is not set; give the container JOB_COMPLETIONS in its env, the same number as the job's completions"],
    [job('3', '3'), 'JOB_COMPLETION_INDEX is 3, and JOB_COMPLETIONS only 3'],
    [job('', '3'), 'JOB_COMPLETION_INDEX is "", which is no number'],
    [job('-1', '3'), 'JOB_COMPLETION_INDEX is "-1", which is no number'],
    [{ ...job('0', '3'), ...array(1, 1, 4, 1) }, 'both JOB_COMPLETION_INDEX and SLURM_ARRAY_TASK_ID are set'],
    [{ ...array(1, 1, 4, 1), SLURM_ARRAY_TASK_COUNT: undefined }, 'SLURM_ARRAY_TASK_COUNT is not set'],
    // --array=1,2,7 and --array=1-7:2,20
    [array(7, 1, 7, 1, 3), 'task 7 of 3, from 1 to 7 by 1: the array has gaps'],
    [array(20, 1, 20, 2, 5), 'the array has gaps'],
    [array(1, 1, 4, 0, 4), 'the array has gaps'],
    [array(9, 1, 4, 1), 'the array has gaps'],
  ])('of %j is refused', (environment, expected) => {
    expect(refusal(() => auto(environment))).toContain(expected);
  });
});
