/** Runs of trace's engine within a test. */
import type { Network } from '../../src/net/network.ts';
import { createContext } from '../../src/probe/context.ts';
import type { HopEvent, StartEvent, TraceEvent, TraceResult } from '../../src/probe/events.ts';
import { TRACE_DEFAULTS, type TraceRequest } from '../../src/probe/trace/request.ts';
import { trace } from '../../src/probe/trace/trace.ts';
import { formatIpv4 } from '../../src/wire/address.ts';

export interface Traced {
  events: TraceEvent[];
  start: StartEvent;
  /** As told last, by TTL. */
  hops: HopEvent[];
  result: TraceResult;
}

/** Silence is waited for no longer than needed where all is near. */
const NEARBY = { maxMs: 300, here: 3, near: 10 };

export async function traced(network: Network, request: Partial<TraceRequest> & Pick<TraceRequest, 'address' | 'port'>): Promise<Traced> {
  const whole: TraceRequest = { ...TRACE_DEFAULTS, host: formatIpv4(request.address), wait: NEARBY, ...request };
  const events: TraceEvent[] = [];
  for await (const event of trace(whole, createContext(network))) events.push(event);
  const hops = new Map(events.flatMap((event) => (event.type === 'hop' ? [[event.ttl, event]] : [])));
  return { events, start: events[0] as StartEvent, hops: [...hops.values()], result: events.at(-1) as TraceResult };
}

/** The changes that quotes show, a line each: `hop 4: dscp changed`. */
export const quotedChangesOf = ({ hops }: Pick<Traced, 'hops'>): string[] =>
  hops.flatMap(({ ttl, changes }) =>
    changes.filter(({ shownBy }) => shownBy === 'quote').map(({ field, how }) => `hop ${ttl}: ${field} ${how}`),
  );

/** What a run reports of changes, a line each: `hop 4: dscp changed 0 → 10`. */
export const changesOf = ({ hops }: Pick<Traced, 'hops'>): string[] =>
  hops.flatMap(({ ttl, changes }) =>
    changes.map(({ field, how, sent, seen }) => `hop ${ttl}: ${[field, how, sent, seen && `→ ${seen}`].filter(Boolean).join(' ')}`),
  );
