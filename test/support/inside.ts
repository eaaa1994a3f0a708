import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';
import type { Namespace } from './netns.ts';

const CLONE_NEWNET = 0x40000000;
const setns = koffi.load(null).func('int setns(int, int)');

function enter(path: string): void {
  const descriptor = openSync(path, 'r');
  const result = setns(descriptor, CLONE_NEWNET);
  closeSync(descriptor);
  if (result !== 0) throw new Error(`setns to ${path}: errno ${koffi.errno()}`);
}

/**
 * Moves this process into a namespace: the sockets that it opens from now on, and the programs that it starts, are in there.
 * @returns a function that moves back; call it before the namespace is removed, which ends all that is inside
 */
export function moveInto(namespace: Namespace): () => void {
  const home = openSync('/proc/self/ns/net', 'r');
  enter(`/run/netns/${namespace.name}`);
  return () => {
    enter(`/proc/self/fd/${home}`);
    closeSync(home);
  };
}
