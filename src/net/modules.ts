/**
 * The two native modules, loaded at their first use: nothing that only reads or decodes waits for them,
 * and where one does not load, that is an error with a name and not a crash at start-up.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { NetError } from './errors.ts';

/** The part of raw-socket that is used; it has no types of its own. */
export interface RawSocketModule {
  createSocket(options: { protocol: number }): RawSocketHandle;
}

export interface RawSocketHandle {
  readonly wrap: RawSocketWrap;
  pauseRecv(): void;
  resumeRecv(): void;
  close(): void;
}

/** The binding under raw-socket's Socket. Its errors carry the text of strerror and nothing else. */
export interface RawSocketWrap {
  on(event: 'recvReady', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  removeAllListeners(event: string): void;
  /** Sends at once, unlike Socket.send, which takes a turn of the event loop for each datagram. */
  send(buffer: Uint8Array, offset: number, length: number, address: string, callback: () => void): void;
  getOption(level: number, option: number, value: Uint8Array, length: number): number;
}

export type Koffi = typeof import('koffi');

const require = createRequire(import.meta.url);

/** Where this package is installed: the directory to rebuild its native modules in. */
export const packageDirectory = (): string => dirname(dirname(import.meta.dirname));

/** Also where it does not load. @returns undefined where it is not installed */
export function versionOf(name: 'raw-socket' | 'koffi'): string | undefined {
  for (const directory of require.resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(join(directory, name, 'package.json'), 'utf8')) as { version: string }).version;
    } catch {
      // Not in this one.
    }
  }
  return undefined;
}

function load(name: string, hint: string): unknown {
  try {
    return require(name);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const reason = missing ? 'it is not installed or was not built' : ((error as Error).message.split('\n')[0] as string);
    throw new NetError('module-missing', 'load', `the module ${name}`, reason, hint, { cause: error });
  }
}

let rawSocket: RawSocketModule | undefined;
let koffi: Koffi | undefined;

/** @throws NetError `module-missing` */
export function loadRawSocket(): RawSocketModule {
  rawSocket ??= load(
    'raw-socket',
    'it is compiled when installed: install a C++ compiler, make and python3 (Debian: build-essential python3), then run `npm rebuild raw-socket`',
  ) as RawSocketModule;
  return rawSocket;
}

/** @throws NetError `module-missing` */
export function loadKoffi(): Koffi {
  koffi ??= load('koffi', 'without it the kernel would reset every connection of ours: run `npm install koffi`') as Koffi;
  return koffi;
}
