/** `trace` as text: a line for each hop and what changed there, the tree of several flows, and where the path ends. */
import type { FigureClock, HopEvent, StartEvent, TraceEvent, TraceResult } from '../probe/events.ts';
import { Ladder } from './ladder.ts';
import { createStyle, type Style, type StyleOptions } from './style.ts';
import { title } from './title.ts';
import { dotText } from './trace-dot.ts';
import { PathRecorder } from './trace-graph.ts';
import { HopLines } from './trace-hop.ts';
import { type KnownOfPath, traceLine, traceSummary } from './trace-summary.ts';
import { treeText } from './trace-tree.ts';

export interface TraceReporterOptions extends StyleOptions {
  write: (text: string) => void;
  /** Nothing but one line at the end. */
  quiet: boolean;
  /** Each segment too. */
  verbose: boolean;
  /** Nothing but the graph, in graphviz' language. */
  dot: boolean;
  /** Of each hop. */
  probes: number;
  flows: number;
}

export interface TraceReporter {
  event(event: TraceEvent): void;
}

export function createTraceReporter(options: TraceReporterOptions): TraceReporter {
  const { write, quiet, verbose, dot, probes, flows } = options;
  const style = createStyle(options);
  const lines = new HopLines({ style, probes, verbose });
  const ladder = new Ladder({ style, absolute: true, verbose: false, unfolded: true, states: false });
  const recorder = new PathRecorder();
  const memory = new PathMemory();
  const drawsTree = flows > 1;
  /** What the segments would stand in the way of. */
  let owed = '';
  let hasHead = false;
  let hasHops = false;
  return {
    event(event) {
      memory.add(event);
      if (event.type === 'hop') recorder.add(event);
      if (event.type === 'result') {
        if (dot) write(dotText(recorder.graphOf(event), event, memory.start));
        else if (quiet) write(traceLine(event, memory, style));
        else {
          const hops = drawsTree ? treeOf(recorder, event, style) : owed;
          const segments = verbose && hasHead ? `${ladder.end()}\n` : '';
          const gap = hops !== '' || hasHops ? '\n' : '';
          write(`${segments}${hops}${gap}${traceSummary(event, memory, style)}`);
        }
        return;
      }
      if (quiet || dot) return;
      switch (event.type) {
        case 'start':
          if (!hasHead) write(title(event, verbose, undefined, style));
          hasHead = true;
          if (verbose) write(ladder.event(event));
          return;
        case 'hop': {
          if (drawsTree) return;
          const text = (owed === '' && !hasHops ? lines.head : '') + lines.text(event);
          hasHops = true;
          if (verbose) owed += text;
          else write(text);
          return;
        }
        case 'segment':
        case 'icmp':
        case 'note':
          if (verbose) write(ladder.event(event));
      }
    },
  };
}

/** What the end has to say of what came before. */
export class PathMemory implements KnownOfPath {
  start: StartEvent | undefined;
  destination: HopEvent | undefined;
  clock: FigureClock | undefined;

  constructor(readonly isEndless = false) {}

  add(event: TraceEvent): void {
    if (event.type === 'start') this.start ??= event;
    if (event.type !== 'hop') return;
    if (event.answer !== undefined) this.destination = event;
    const { rttClock } = event;
    // The least trustworthy of them.
    if (rttClock !== undefined && this.clock !== 'stepped' && (this.clock === undefined || rttClock !== 'kernel')) this.clock = rttClock;
  }
}

function treeOf(recorder: PathRecorder, result: TraceResult, style: Style): string {
  const graph = recorder.graphOf(result);
  return graph.nodes.length === 0 ? '' : treeText(graph, recorder, style);
}
