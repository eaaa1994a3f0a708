/** What mends a native module that does not load, in the directory in which this package is installed. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { asRoot, hasProgram, quoted } from './shell.ts';

export type NativeModule = 'raw-socket' | 'koffi';

export interface Repair {
  /** Why it does not load. */
  reason: string;
  /** To paste. */
  command: string;
}

/** From dist/net/ and from dist/bundle/ alike. */
const PACKAGE_DIRECTORY = dirname(dirname(import.meta.dirname));

/** raw-socket is compiled where it is installed: what that takes. */
const COMPILERS = ['c++', 'make', 'python3'];

/** The packages that hold them, by what installs packages. */
const COMPILER_PACKAGES: Record<string, string> = {
  'apt-get': 'apt-get install --yes build-essential python3',
  dnf: 'dnf install --assumeyes gcc-c++ make python3',
  apk: 'apk add build-base python3',
};

const require = createRequire(import.meta.url);

/** Of a module that is installed, whether it loads or not. @returns undefined where it is not installed */
export function versionOf(name: NativeModule): string | undefined {
  for (const directory of require.resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(join(directory, name, 'package.json'), 'utf8')) as { version: string }).version;
    } catch {
      // Not in this one.
    }
  }
  return undefined;
}

/** @param error that loading it threw */
export function repairOf(name: NativeModule, error: unknown): Repair {
  const user = { uid: effectiveUid(), hasSudo: hasProgram('sudo') };
  const npm = (words: string): string => {
    const command = `npm ${words.replace('DIR', quoted(PACKAGE_DIRECTORY))}`;
    return isWritable(PACKAGE_DIRECTORY) ? command : asRoot(command, user);
  };
  const rawSocket = join(PACKAGE_DIRECTORY, 'node_modules/raw-socket');
  const steps: string[] = [];
  let reason = reasonOf(name, error);
  if (name === 'koffi' || !existsSync(rawSocket)) steps.push(npm('install --prefix DIR --omit=dev --include=optional'));
  if (name === 'raw-socket' || !existsSync(join(rawSocket, 'build/Release/raw.node'))) {
    // npm rebuild passes by what a package carries with it, and newer versions of npm run no script of that at all.
    steps.push(npm('run --prefix DIR build:raw-socket'));
    const lacking = COMPILERS.filter((program) => !hasProgram(program));
    if (lacking.length > 0) {
      reason += `, and to compile raw-socket ${lacking.join(', ')} must be installed`;
      const installer = Object.keys(COMPILER_PACKAGES).find(hasProgram);
      if (installer !== undefined) steps.unshift(asRoot(COMPILER_PACKAGES[installer] as string, user));
    }
  }
  return { reason, command: steps.join(' && ') };
}

function reasonOf(name: NativeModule, error: unknown): string {
  if (versionOf(name) === undefined) return 'it is not installed';
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'MODULE_NOT_FOUND') return name === 'raw-socket' ? 'it was not compiled when it was installed' : 'a part of it is missing';
  if (/different Node\.js version/.test(message)) return 'it was compiled for another version of Node.js';
  return message.split('\n')[0] as string;
}

/** In a container it may have no name, which is an error; root has one where there is something to install with. */
function effectiveUid(): number {
  try {
    return userInfo().uid;
  } catch {
    return -1;
  }
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
