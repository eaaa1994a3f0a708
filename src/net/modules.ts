/**
 * The two native modules, loaded at their first use: nothing that only reads or decodes waits for them,
 * and where one does not load, that is an error with a name and not a crash at start-up.
 */
import { createRequire } from 'node:module';
import { NetError } from './errors.ts';
import { type NativeModule, repairOf } from './repair.ts';

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

function load(name: NativeModule): unknown {
  try {
    return require(name);
  } catch (error) {
    const { reason, command } = repairOf(name, error);
    throw new NetError('module-missing', 'load', `the module ${name}`, reason, `run \`${command}\``, { cause: error });
  }
}

let rawSocket: RawSocketModule | undefined;
let koffi: Koffi | undefined;

/** @throws NetError `module-missing` */
export function loadRawSocket(): RawSocketModule {
  rawSocket ??= load('raw-socket') as RawSocketModule;
  return rawSocket;
}

/** @throws NetError `module-missing` */
export function loadKoffi(): Koffi {
  koffi ??= load('koffi') as Koffi;
  return koffi;
}
