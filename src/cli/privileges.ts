/** Once sockets and files are open, most of what root may do is no longer needed. */
import { type Caller, giveUpPrivileges } from '../net/credentials.ts';
import type { Network } from '../net/network.ts';
import type { Args } from '../options/args.ts';
import type { Io } from './io.ts';

/**
 * A network that gives up what this process may do as soon as its first port or fan is open: raw sockets and all, before
 * anything is sent. Files must be open by then.
 * @param keep the capabilities that later ports need
 */
export function openThenGiveUp(network: Network, keep: readonly number[], args: Args, io: Pick<Io, 'env'>): Network {
  if (args.flag('keep-root')) return network;
  let done = false;
  const opened = <T extends { close(): void }>(what: T): T => {
    if (done) return what;
    try {
      giveUp(keep, io);
    } catch (error) {
      what.close();
      throw error;
    }
    done = true;
    return what;
  };
  return {
    clock: network.clock,
    get clockSources() {
      return network.clockSources;
    },
    openPort: (request) => opened(network.openPort(request)),
    openFan: (request) => opened(network.openFan(request)),
    openListener: (request) => opened(network.openListener(request)),
    openInbox: () => network.openInbox(),
    close: () => network.close(),
  };
}

/** Gives up what this process may do, but for the capabilities to keep; under sudo it becomes the caller. @throws NetError */
export const giveUp = (keep: readonly number[], { env }: Pick<Io, 'env'>): void => giveUpPrivileges(keep, callerOf(env));

/** Who called sudo; undefined where nobody did, or root. */
export function callerOf({ SUDO_UID, SUDO_GID }: Io['env']): Caller | undefined {
  const [uid, gid] = [SUDO_UID, SUDO_GID].map((text) => (/^\d+$/.test(text ?? '') ? Number(text) : undefined));
  return uid === undefined || uid === 0 || gid === undefined ? undefined : { uid, gid };
}
