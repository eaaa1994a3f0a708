/** When V8 compiles what a command calls. */
import { setFlagsFromString } from 'node:v8';

const AHEAD = [
  // Functions are compiled when they are loaded, not when they are first called,
  '--no-lazy',
  // and to machine code at once.
  '--always-sparkplug',
];

/**
 * For commands that do all in a few milliseconds, most of which would go to compiling. To be called before they are loaded, which
 * takes half as long again.
 */
export function compileAhead(): void {
  for (const flag of AHEAD) setFlagsFromString(flag);
}

/** In bytes of bytecode that a function has run, thrice. */
const LATE = '--interrupt-budget=1000000';

/**
 * For commands that do many things, each of them but some hundred times: a third of their time would go to optimizing, on a
 * thread of its own but of processors that others need too. To be called before they are loaded. From Node.js 22 on V8 waits
 * longer by itself, and does not know the flag.
 */
export function optimizeLate(): void {
  if (process.versions.v8.startsWith('11.')) setFlagsFromString(LATE);
}
