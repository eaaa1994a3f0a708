/** A spinner on stderr while nothing happens, so that silence is seen to be waited for. */
import type { ConnectEvent } from '../probe/events.ts';
import type { State } from '../tcp/state.ts';
import type { Io } from './io.ts';

/** Silence shorter than this needs no explanation. */
const PATIENCE_MS = 600;

const WAITING_FOR: Partial<Record<State, string>> = {
  'SYN-SENT': 'waiting for an answer to our SYN',
  'SYN-RECEIVED': 'waiting for our SYN to be acknowledged',
  ESTABLISHED: 'connected, waiting for the peer',
  'FIN-WAIT-1': 'waiting for our FIN to be acknowledged',
  'FIN-WAIT-2': "waiting for the peer's FIN",
  CLOSING: 'waiting for our FIN to be acknowledged',
  'LAST-ACK': 'waiting for our FIN to be acknowledged',
  'TIME-WAIT': "in TIME-WAIT, in case the peer's FIN comes again",
};

export interface Waiting {
  /** Called before anything is printed, with what it is about. */
  event(event: ConnectEvent): void;
  stop(): void;
}

/** Does nothing off a terminal. */
export function createWaiting({ stderr }: Io): Waiting {
  if (!stderr.isTTY) return { event() {}, stop() {} };
  let state: State = 'CLOSED';
  let timer: NodeJS.Timeout | undefined;
  let spinner: { stop(): unknown } | undefined;
  let stopped = false;
  const clear = () => {
    clearTimeout(timer);
    spinner?.stop();
    spinner = undefined;
  };
  const show = async () => {
    const text = WAITING_FOR[state];
    if (text === undefined) return;
    const shownFor = state;
    // Loading it takes a tenth of a second: only now, when there is nothing else to do.
    const { default: ora } = await import('ora');
    if (!stopped && spinner === undefined && state === shownFor) spinner = ora({ text, discardStdin: false }).start();
  };
  return {
    event(event) {
      clear();
      if (event.type === 'state') state = event.to;
      if (event.type !== 'result') timer = setTimeout(() => void show(), PATIENCE_MS).unref();
    },
    stop() {
      stopped = true;
      clear();
    },
  };
}
