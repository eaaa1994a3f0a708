import { REFUSED_BY_TRACE, readTrace, TRACE_OPTIONS } from '../../options/trace.ts';
import type { CommandBody } from '../command.ts';
import { compileAhead } from '../compile-ahead.ts';

export const traceCommand: CommandBody = {
  positionals: [
    { name: 'HOST', describe: 'Name or IPv4 address; HOST:PORT is taken too', required: true },
    { name: 'PORT', describe: 'Number or service name', required: false },
  ],
  options: TRACE_OPTIONS,
  refused: REFUSED_BY_TRACE,
  examples: [
    ['rawshake trace example.com 443', 'the way of a SYN: every hop, what it changed, and where and how it ends'],
    ['rawshake trace example.com 443 --flows 16', 'the ways of 16 flows, as a tree where balancers part them'],
    ['rawshake trace example.com 443 --inside --mtu', 'inside a connection, past firewalls that track them; and the path MTU'],
    ['rawshake trace example.com 443 --flows 16 --dot > path.dot', 'the same tree for graphviz: dot -Tsvg path.dot'],
  ],
  async run(args, io) {
    const asked = readTrace(args);
    // Not for help and mistakes, which would take half as long again.
    compileAhead();
    const { runTrace } = await import('../run-trace.ts');
    return runTrace(asked)(args, io);
  },
};
