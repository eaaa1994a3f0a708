/**
 * Segments as packetdrill and tcpdump write them, with sequence numbers from the sender's ISN and acknowledgments
 * from the receiver's: `'S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 7>'`.
 */
import { optionText } from '../../src/plan/script/text.ts';
import { ACK, formatFlags, parseFlags } from '../../src/wire/flags.ts';
import { fromHex } from '../../src/wire/hex.ts';
import { seqAdd, seqDiff } from '../../src/wire/seq.ts';
import type { TcpSegment } from '../../src/wire/tcp.ts';
import {
  KIND_MSS,
  KIND_NOP,
  KIND_SACK,
  KIND_SACK_PERMITTED,
  KIND_TIMESTAMPS,
  KIND_WINDOW_SCALE,
  type TcpOption,
} from '../../src/wire/tcp-options.ts';

/** A segment as written; undefined where the text does not say. */
export interface Written {
  flags: number;
  seq: number;
  length: number;
  ack: number | undefined;
  window: number | undefined;
  urgent: number | undefined;
  options: TcpOption[] | undefined;
}

const SEGMENT = /^(\S+) (-?\d+):(-?\d+)\((\d+)\)(?: ack (-?\d+))?(?: win (\d+))?(?: urg (\d+))?(?: <(.*)>)?$/;

const optional = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

/** Reads a segment. @param receiverIsn what the blocks of a SACK option count from */
export function readSegment(text: string, receiverIsn: number): Written {
  const match = SEGMENT.exec(text);
  if (match === null) throw new Error(`not a segment: ${text}`);
  const [, flagText, from, to, length, ack, window, urgent, options] = match as unknown as string[] &
    [string, string, string, string, string];
  const flags = parseFlags(flagText);
  if (flags === undefined) throw new Error(`not flags: ${flagText}`);
  if (Number(to) - Number(from) !== Number(length)) throw new Error(`${text}: ${from} to ${to} are not ${length}`);
  return {
    flags,
    seq: Number(from),
    length: Number(length),
    ack: optional(ack),
    window: optional(window),
    urgent: optional(urgent),
    options: options === undefined ? undefined : readOptions(options, receiverIsn),
  };
}

function readOptions(text: string, isn: number): TcpOption[] {
  if (text === '') return [];
  return text.split(',').map((part): TcpOption => {
    const [name, ...values] = part.trim().split(' ') as [string, ...string[]];
    const number = (at: number) => Number(values[at]);
    switch (name) {
      case 'nop':
        return { kind: KIND_NOP, name };
      case 'mss':
        return { kind: KIND_MSS, name, mss: number(0) };
      case 'wscale':
        return { kind: KIND_WINDOW_SCALE, name: 'window-scale', shift: number(0) };
      case 'sackOK':
        return { kind: KIND_SACK_PERMITTED, name: 'sack-permitted' };
      case 'TS':
        return { kind: KIND_TIMESTAMPS, name: 'timestamps', value: number(1), echoReply: number(3) };
      case 'sack':
        return { kind: KIND_SACK, name, blocks: values.map((block) => readBlock(block, isn)) };
      case 'malformed':
        return { kind: number(0), name, bytes: fromHex(values[1] as string) };
      default:
        throw new Error(`not an option: ${part}`);
    }
  });
}

function readBlock(text: string, isn: number): { left: number; right: number } {
  const [left, right] = text.split(':').map((number) => seqAdd(isn, Number(number)));
  return { left: left as number, right: right as number };
}

/** Writes of a segment what the pattern says: flags, numbers and length always, the rest where it is named there. */
export function writeSegment(segment: TcpSegment, senderIsn: number, receiverIsn: number, like: Written): string {
  const seq = seqDiff(segment.seq, senderIsn);
  const { length } = segment.payload;
  let text = `${formatFlags(segment.flags)} ${seq}:${seq + length}(${length})`;
  if (segment.flags & ACK) text += ` ack ${seqDiff(segment.ack, receiverIsn)}`;
  if (like.window !== undefined) text += ` win ${segment.window}`;
  if (like.urgent !== undefined) text += ` urg ${segment.urgent}`;
  if (like.options !== undefined) text += ` <${segment.options.map((option) => optionText(option, receiverIsn)).join(',')}>`;
  return text;
}
