/** A part of a scan that is split over machines: each takes every N-th place of the same order of probes (permutation.ts). */
import { InputError, quote } from '../input-error.ts';

/** The machine `index` of `count`, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** More machines than places would do nothing. */
const MOST_SHARDS = 2 ** 20;

const SPLIT = 'give I/N such as 2/5: the second of five parts';

/**
 * Reads `I/N`, or `auto`: from the environment of a Kubernetes Indexed Job or a Slurm array.
 * @param option for errors
 * @throws InputError
 */
export function parseShard(option: string, text: string, environment: Readonly<Record<string, string | undefined>>): Shard {
  if (text === 'auto') return shardOfEnvironment(option, environment);
  const match = /^(\d+)\/(\d+)$/.exec(text);
  if (match === null) throw new InputError(`${option}: ${quote(text)} is not I/N`, `${SPLIT}; or auto`);
  const [index, count] = [Number(match[1]), Number(match[2])];
  if (count < 1 || count > MOST_SHARDS)
    throw new InputError(`${option}: ${text}: ${count} parts are out of range`, `give 1 to ${MOST_SHARDS}`);
  if (index < 1 || index > count)
    throw new InputError(
      `${option}: ${text}: there is no part ${index} of ${count}`,
      `parts are counted from 1: give 1/${count} to ${count}/${count}`,
    );
  return { index, count };
}

function shardOfEnvironment(option: string, environment: Readonly<Record<string, string | undefined>>): Shard {
  const inKubernetes = environment.JOB_COMPLETION_INDEX !== undefined;
  const inSlurm = environment.SLURM_ARRAY_TASK_ID !== undefined;
  if (inKubernetes && inSlurm)
    throw new InputError(`${option} auto: both JOB_COMPLETION_INDEX and SLURM_ARRAY_TASK_ID are set, and only one can be meant`, SPLIT);
  const read = (name: string): number => {
    const value = environment[name];
    if (value !== undefined && /^\d{1,9}$/.test(value)) return Number(value);
    const problem = value === undefined ? 'is not set' : `is ${quote(value)}, which is no number`;
    throw new InputError(`${option} auto: ${name} ${problem}`, name === COMPLETIONS ? HOW_TO_SET_COMPLETIONS : SPLIT);
  };
  if (inKubernetes) return shardOfJob(option, read);
  if (inSlurm) return shardOfArray(option, read);
  throw new InputError(
    `${option} auto: this is neither a Kubernetes Indexed Job (JOB_COMPLETION_INDEX) nor a Slurm array (SLURM_ARRAY_TASK_ID)`,
    SPLIT,
  );
}

/**
 * Kubernetes tells a pod its index (`batch.kubernetes.io/job-completion-index`, also as JOB_COMPLETION_INDEX), from 0, but
 * nothing of how many there are: that is not in the downward API. So the manifest says it again.
 */
const COMPLETIONS = 'JOB_COMPLETIONS';
const HOW_TO_SET_COMPLETIONS = `give the container ${COMPLETIONS} in its env, the same number as the job's completions`;

function shardOfJob(option: string, read: (name: string) => number): Shard {
  const [index, count] = [read('JOB_COMPLETION_INDEX'), read(COMPLETIONS)];
  if (index >= count)
    throw new InputError(`${option} auto: JOB_COMPLETION_INDEX is ${index}, and ${COMPLETIONS} only ${count}`, HOW_TO_SET_COMPLETIONS);
  return { index: index + 1, count };
}

/**
 * sbatch: SLURM_ARRAY_TASK_ID is one of _MIN, _MIN + _STEP … _MAX, and _COUNT is how many there are. A list with gaps, as in
 * `--array=1,2,7`, tells no task its place in it.
 */
function shardOfArray(option: string, read: (name: string) => number): Shard {
  const names = ['ID', 'MIN', 'MAX', 'STEP', 'COUNT'].map((name) => `SLURM_ARRAY_TASK_${name}`);
  const [id, min, max, step, count] = names.map(read) as [number, number, number, number, number];
  const place = (id - min) / step;
  if (!Number.isInteger(place) || place < 0 || id > max || (max - min) / step !== count - 1)
    throw new InputError(
      `${option} auto: task ${id} of ${count}, from ${min} to ${max} by ${step}: the array has gaps, and its tasks can't know their places`,
      `submit it as --array=1-${count}, or ${SPLIT}`,
    );
  return { index: place + 1, count };
}

/** How many of some places are a shard's. */
export const shardSize = ({ index, count }: Shard, places: number): number => Math.floor((places - index) / count) + 1;

/** A shard's place in the order of the whole scan. @param n 0 … shardSize-1 */
export const shardPlace = ({ index, count }: Shard, n: number): number => index - 1 + n * count;
