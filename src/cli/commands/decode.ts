import type { Readable } from 'node:stream';
import type { Args } from '../../options/args.ts';
import { CliError, usageError } from '../../options/errors.ts';
import { type Option, OUTPUT_OPTIONS, reworded } from '../../options/options.ts';
import { misread } from '../../options/values.ts';
import { resultLine } from '../../report/json.ts';
import { createReadingReporter } from '../../report/reading-reporter.ts';
import { DecodeError } from '../../wire/errors.ts';
import { fromHex } from '../../wire/hex.ts';
import { decodePacketLax, decodeSegmentLax, type LaxPacket, looksLikeIpv4 } from '../../wire/packet.ts';
import type { CommandBody } from '../command.ts';
import { gatherOutput } from '../gather.ts';
import type { Io } from '../io.ts';
import { whenOutputFails } from '../present.ts';
import { lookOf } from '../terminal.ts';

const SHOWN = ['json', 'quiet', 'ascii', 'color'];

/** Bytes that could not be read to their end (sysexits.h: EX_DATAERR). */
const CUT_OFF = 65;

/** Several times what the hex of the longest datagram takes. */
const LONGEST_LINE = 1 << 20;

const OPTIONS: readonly Option[] = [
  { name: 'ip', group: 'Reading', describe: 'The bytes are an IPv4 datagram; default: told by what they look like' },
  { name: 'tcp', group: 'Reading', describe: 'The bytes are a TCP segment without its datagram' },
  ...reworded(
    OUTPUT_OPTIONS.filter(({ name }) => SHOWN.includes(name)),
    { quiet: { describe: "Print one line a datagram, in tcpdump's words" } },
  ),
];

export const decodeCommand: CommandBody = {
  positionals: [
    {
      name: 'HEX',
      describe:
        'Hex digits; spaces, colons and a leading 0x are passed over. Without it, or with -: one datagram a line of stdin, as hex or as JSON with a field "hex"',
      required: false,
      repeatable: true,
    },
  ],
  options: OPTIONS,
  examples: [
    ['rawshake decode 450000280001000040067ccd7f0000017f0000019c40005000000001000000005002faf01a5e0000', 'a SYN, field by field'],
    ['rawshake send 127.0.0.1 80 --dry-run --json | rawshake decode --quiet', "what would be sent, in tcpdump's words"],
  ],
  run,
};

async function run(args: Args, processIo: Io): Promise<number> {
  const io = gatherOutput(processIo);
  const json = args.flag('json') === true;
  const read = chooseReader(args);
  let endedBy: number | undefined;
  whenOutputFails(io, (exitCode) => {
    endedBy = exitCode;
  });
  const write = (text: string) => io.stdout.write(text);
  const reporter = createReadingReporter({ write, ...lookOf(io, args), json, quiet: args.flag('quiet') === true });
  const take = (hex: string, where: string) => {
    const bytes = readHex(hex, where);
    reporter.datagram(read(bytes), bytes);
  };
  const hex = args.positionals.join(' ');
  try {
    if (args.positionals.length > 0 && hex !== '-') {
      take(hex, 'HEX');
    } else {
      let number = 0;
      for await (const lines of linesOf(stdin(io))) {
        if (endedBy !== undefined) return endedBy;
        for (const line of lines) {
          const text = hexOf(line, ++number);
          if (text !== undefined) take(text, `line ${number}`);
        }
      }
      if (reporter.result.datagrams === 0) throw new CliError('bad-data', 'stdin holds no datagram', 'give HEX, or one datagram a line');
    }
    const exitCode = reporter.result.stopped > 0 ? CUT_OFF : 0;
    if (json) io.stdout.write(resultLine(reporter.result, exitCode));
    return exitCode;
  } finally {
    // What was read before something that can't be read is worth having.
    io.flush();
  }
}

function chooseReader(args: Args): (bytes: Uint8Array) => LaxPacket {
  const [ip, tcp] = [args.flag('ip') === true, args.flag('tcp') === true];
  if (ip && tcp) throw usageError('--ip and --tcp at once', 'give one of them');
  if (ip) return decodePacketLax;
  if (tcp) return decodeSegmentLax;
  return (bytes) => (looksLikeIpv4(bytes) ? decodePacketLax(bytes) : decodeSegmentLax(bytes));
}

/** @param where it stands, for the error */
function readHex(hex: string, where: string): Uint8Array {
  try {
    const bytes = fromHex(hex);
    if (bytes.length > 0) return bytes;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new CliError('bad-data', `${where}: ${misread(error, hex)}`, 'give pairs of hex digits');
  }
  throw new CliError('bad-data', `${where}: no bytes`, 'give pairs of hex digits');
}

/** Of a line of stdin; undefined for one without bytes: empty, or a line of JSON that is about something else. */
function hexOf(line: string, number: number): string | undefined {
  if (!line.startsWith('{')) return line.trim() === '' ? undefined : line;
  try {
    const { hex } = JSON.parse(line) as { hex?: unknown };
    return typeof hex === 'string' ? hex : undefined;
  } catch (error) {
    throw new CliError('bad-data', `line ${number}: not JSON: ${(error as Error).message}`, 'give hex, or what --dry-run --json prints');
  }
}

function stdin({ stdin }: Io): Readable {
  if ((stdin as { isTTY?: boolean }).isTTY) throw usageError('HEX is missing', 'give it as an argument, or on stdin');
  return stdin;
}

/** As many at a time as have come. @throws CliError where one has no end */
async function* linesOf(stream: Readable): AsyncGenerator<string[]> {
  let rest = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield lines;
    if (rest.length > LONGEST_LINE)
      throw new CliError('bad-data', `stdin: a line of more than ${LONGEST_LINE} characters`, 'give hex, one datagram a line');
  }
  if (rest !== '') yield [rest];
}
