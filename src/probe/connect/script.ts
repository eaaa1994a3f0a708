/** What our side of the conversation does next: send, wait, close. A function of how things stand, called after each event. */
import type { State } from '../../tcp/state.ts';
import type { CloseKind, ConnectResult } from '../events.ts';

/** How things stand. */
export interface Standing {
  state: State;
  nowUs: number;
  /** Not all of our data are written, sent and acknowledged. */
  dataLeft: boolean;
  /** All of our data are written to the endpoint. */
  dataWritten: boolean;
  /** There were data of ours at all. */
  hasData: boolean;
  /** The close was asked of the endpoint. */
  closeAsked: boolean;
  startedAtUs: number;
  /** When the connection was made, or last brought data or progress. */
  progressAtUs: number;
  /** When the first FIN or RST was sent or came. */
  closeBeganAtUs: number;
  timeWaitSinceUs: number;
}

/** The waits of a request, in microseconds. */
export interface Waits {
  idleUs: number;
  timeoutUs: number;
  timeWaitUs: number;
  deadlineUs: number;
}

export type Decision =
  /** Until something arrives, or this time. */
  | { do: 'wait'; untilUs: number }
  | { do: 'close' }
  /** Reset the connection. `ended`: not because it was asked for. */
  | { do: 'abort'; ended: ConnectResult['ended'] }
  | { do: 'finish' };

export function decide(kind: CloseKind, at: Standing, waits: Waits): Decision {
  const overAtUs = at.startedAtUs + waits.deadlineUs;
  if (at.state === 'CLOSED') return { do: 'finish' };
  if (at.nowUs >= overAtUs) return at.state === 'TIME-WAIT' ? { do: 'finish' } : { do: 'abort', ended: 'deadline' };
  const decision = next(kind, at, waits);
  return decision.do === 'wait' ? { do: 'wait', untilUs: Math.min(decision.untilUs, overAtUs) } : decision;
}

function next(kind: CloseKind, at: Standing, waits: Waits): Decision {
  switch (at.state) {
    case 'ESTABLISHED':
      return established(kind, at, waits);
    case 'CLOSE-WAIT':
      return closeWait(kind, at);
    case 'FIN-WAIT-2':
      // A half-close goes on receiving for as long as something comes; any other has a time for all of its end.
      return waitOrAbort(at, (kind === 'half' ? at.progressAtUs : at.closeBeganAtUs) + waits.timeoutUs);
    case 'TIME-WAIT': {
      const untilUs = at.timeWaitSinceUs + waits.timeWaitUs;
      return at.nowUs >= untilUs ? { do: 'finish' } : { do: 'wait', untilUs };
    }
    default:
      // Something of ours is unacknowledged, and the endpoint minds how long.
      return WAIT;
  }
}

const WAIT: Decision = { do: 'wait', untilUs: Number.POSITIVE_INFINITY };
const CLOSE: Decision = { do: 'close' };

function waitOrAbort(at: Standing, untilUs: number): Decision {
  return at.nowUs >= untilUs ? { do: 'abort', ended: 'timeout' } : { do: 'wait', untilUs };
}

function established(kind: CloseKind, at: Standing, waits: Waits): Decision {
  if (at.closeAsked) return WAIT;
  if (kind === 'half') return at.dataWritten ? CLOSE : WAIT;
  if (at.dataLeft) return WAIT;
  if (kind === 'passive' || kind === 'simultaneous') return waitOrAbort(at, at.progressAtUs + waits.timeoutUs);
  const quietUntilUs = at.hasData ? at.progressAtUs + waits.idleUs : at.nowUs;
  if (at.nowUs < quietUntilUs) return { do: 'wait', untilUs: quietUntilUs };
  return ending(kind);
}

/** The peer has closed its side. */
function closeWait(kind: CloseKind, at: Standing): Decision {
  if (at.closeAsked || !at.dataWritten) return WAIT;
  if (kind === 'reset' || kind === 'none') return at.dataLeft ? WAIT : ending(kind);
  return CLOSE;
}

function ending(kind: CloseKind): Decision {
  if (kind === 'reset') return { do: 'abort', ended: undefined };
  return kind === 'none' ? { do: 'finish' } : CLOSE;
}
