/** What `connect` waits for in each state, in words. */
import type { ProbeEvent } from '../probe/events.ts';
import type { State } from '../tcp/state.ts';

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

/** Of one run; must see every event. */
export function connectWaits(): (event: ProbeEvent) => string | undefined {
  let state: State = 'CLOSED';
  return (event) => {
    if (event.type === 'state') state = event.to;
    return WAITING_FOR[state];
  };
}
