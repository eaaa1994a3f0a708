/** The commands by name. The rest of each is loaded when it is called for, so that none waits for another's modules. */
import type { Command, CommandBody, CommandHead } from './command.ts';

/** A command that is not loaded yet. */
export interface Entry extends CommandHead {
  /** A run of it is over in a few milliseconds, most of which would go to compiling: it is compiled before it begins. */
  compiledAhead?: true;
  /** A run of it does much, but each thing too seldom to be worth being optimized. */
  optimizedLate?: true;
  load(): Promise<CommandBody>;
}

export const ENTRIES: readonly Entry[] = [
  {
    name: 'connect',
    summary: 'Makes a TCP connection from userland: three-way handshake, data, the close asked for; draws every segment.',
    load: async () => (await import('./commands/connect.ts')).connectCommand,
  },
  {
    name: 'send',
    summary: 'Sends any TCP segment, legal or not, and tells all that comes back.',
    load: async () => (await import('./commands/send.ts')).sendCommand,
  },
  {
    name: 'ping',
    summary: 'Probes ports again and again: round trips, loss and what they say, as figures and pictures.',
    load: async () => (await import('./commands/ping.ts')).pingCommand,
  },
  {
    name: 'scan',
    summary: 'Finds the state of many ports on many hosts, right under loss: what is silent is tried until chance is ruled out.',
    load: async () => (await import('./commands/scan.ts')).scanCommand,
  },
  {
    name: 'trace',
    summary: 'Shows the way to a port hop by hop: where it ends and how, and what each hop did to the segment.',
    compiledAhead: true,
    load: async () => (await import('./commands/trace.ts')).traceCommand,
  },
  {
    name: 'run',
    summary: 'Runs plans: named tests with expectations, in YAML; reports for people and for CI.',
    optimizedLate: true,
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  {
    name: 'listen',
    summary: 'Answers handshakes from userland: echoes, sends, closes as asked, misbehaves on purpose; a peer to test against.',
    load: async () => (await import('./commands/listen.ts')).listenCommand,
  },
  {
    name: 'decode',
    summary: 'Reads IPv4 datagrams or TCP segments given as hex, field by field, as far as they go.',
    load: async () => (await import('./commands/decode.ts')).decodeCommand,
  },
  {
    name: 'replay',
    summary: 'Draws and explains the TCP conversations of a capture: pcap or pcapng, of tcpdump, Wireshark or --pcap.',
    load: async () => (await import('./commands/replay.ts')).replayCommand,
  },
  {
    name: 'demo',
    summary:
      'Shows all of connect against a real server that it starts on loopback, each step explained. Needs no root where user namespaces work.',
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
  {
    name: 'doctor',
    summary: 'Tells what works on this machine, by a real connection on loopback, and what to do about what does not.',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  {
    name: 'completion',
    summary: 'Prints the completion script for a shell: commands, options and their values.',
    load: async () => (await import('./commands/completion.ts')).completionCommand(loadAll),
  },
];

export const load = async (entry: Entry): Promise<Command> => ({ ...entry, ...(await entry.load()) });

/** All of them, whole: for what is made from their data. */
export const loadAll = (): Promise<readonly Command[]> => Promise.all(ENTRIES.map(load));
