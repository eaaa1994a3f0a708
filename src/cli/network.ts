/** The network of this host as the commands that send open it, and what it is told by their options. */
import { type KernelNetworkOptions, openKernelNetwork } from '../net/kernel.ts';
import { CLOCK_SOURCES, type Network } from '../net/network.ts';
import type { Args } from '../options/args.ts';
import { among } from '../options/values.ts';
import type { Io } from './io.ts';
import { openThenGiveUp } from './privileges.ts';

/**
 * As {@link openThenGiveUp}, dated by the clock of `--clock`.
 * @param keepsAll privileges are kept as by `--keep-root`
 */
export function openNetwork(
  args: Args,
  io: Pick<Io, 'env'>,
  keep: readonly number[],
  options: KernelNetworkOptions = {},
  keepsAll = false,
): Network {
  const clock = args.read('clock', among(CLOCK_SOURCES));
  const network = openKernelNetwork({ ...options, clock });
  return keepsAll ? network : openThenGiveUp(network, keep, args, io);
}
