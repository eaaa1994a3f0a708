/** Segments to ask for, drawn from a seed: the words of a command line, and what must then stand on the wire. */
import { type Random, randomBelow, seededRandom } from '../../src/net/random.ts';

/** What a packet must be, field by field. Undefined: left to rawshake, so anything. */
export interface Asked {
  words: string[];
  flags: number;
  seq: number | undefined;
  ack: number | undefined;
  window: number | undefined;
  urgent: number;
  reserved: number;
  /** In words; of the header that there is. */
  dataOffset: number;
  /** The data offset was set to something else than what it is. */
  lies: boolean;
  /** The option area as bytes, padding included; undefined where a preset made some of it. */
  options: Buffer | undefined;
  payload: Buffer;
  checksum: 'right' | 'wrong' | number;
  ttl: number;
  tos: number;
  ipId: number | undefined;
  evil: boolean;
  dontFragment: boolean;
  moreFragments: boolean;
  fragmentOffset: number;
  /** Padded to whole words. */
  ipOptions: Buffer;
}

/** An option as words and as bytes. */
interface RawOption {
  word: string;
  bytes: number[];
}

/** From the lowest bit up. */
const NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'AE'];
const LETTERS = 'FSRPAUEWe';

class Draw {
  constructor(private readonly random: Random) {}

  below = (limit: number): number => randomBelow(this.random, limit);
  chance = (percent: number): boolean => this.below(100) < percent;
  bits = (count: number): number => this.below(2 ** count);
  bytes = (length: number): number[] => Array.from({ length }, () => this.bits(8));
  one = <T>(from: readonly T[]): T => from[this.below(from.length)] as T;
  /** As people write numbers. */
  number = (value: number): string => (this.chance(30) ? `0x${value.toString(16)}` : String(value));
}

const hex = (bytes: readonly number[]): string => Buffer.from(bytes).toString('hex');

export function drawAsked(seed: number, count: number): Asked[] {
  const draw = new Draw(seededRandom(seed));
  return Array.from({ length: count }, () => drawOne(draw));
}

function drawOne(draw: Draw): Asked {
  const words: string[] = [];
  const say = <T>(name: string, value: T, text = String(value)): T => {
    words.push(`--${name}`, text);
    return value;
  };
  /** Said now and then, or left to what it is by itself. */
  const maybe = (name: string, bits: number): number | undefined => {
    if (draw.chance(40)) return undefined;
    const value = draw.bits(bits);
    return say(name, value, draw.number(value));
  };

  const flags = draw.bits(9);
  say('flags', flags, spell(draw, flags));
  const seq = maybe('seq', 32);
  const ack = maybe('ack', 32);
  const window = maybe('window', 16);
  const urgent = maybe('urgent', 16) ?? 0;
  const reserved = draw.chance(20) ? say('reserved', draw.bits(3)) : 0;
  const options = drawOptions(draw, flags, words);
  const payload = drawPayload(draw, words);
  const trueOffset = 5 + Math.ceil((options?.length ?? 20) / 4);
  const dataOffset = draw.chance(10) ? say('data-offset', draw.bits(4)) : trueOffset;
  const checksum = drawChecksum(draw, say);
  const fragmentOffset = draw.chance(8) ? say('fragment-offset', draw.bits(13)) : 0;
  const moreFragments = draw.chance(8);
  if (moreFragments) words.push('--mf');
  const wantsDf = draw.chance(30) ? draw.chance(50) : undefined;
  if (wantsDf !== undefined) words.push(wantsDf ? '--df' : '--no-df');
  const evil = draw.chance(10);
  if (evil) words.push('--evil');
  const ttl = draw.chance(50) ? say('ttl', 1 + draw.below(255)) : 64;
  const tos = drawTos(draw, say);
  const ipId = draw.chance(40) ? say('ip-id', 1 + draw.below(0xffff)) : undefined;
  const ipOptions = drawIpOptions(draw, say);
  return {
    words,
    flags,
    seq,
    ack,
    window,
    urgent,
    reserved,
    dataOffset,
    lies: dataOffset !== trueOffset,
    options,
    payload,
    checksum,
    ttl,
    tos,
    ipId,
    evil,
    dontFragment: wantsDf ?? !(moreFragments || fragmentOffset > 0),
    moreFragments,
    fragmentOffset,
    ipOptions,
  };
}

function spell(draw: Draw, flags: number): string {
  if (flags === 0) return draw.one(['none', '0']);
  const isSet = (_: string, bit: number): boolean => (flags & (1 << bit)) !== 0;
  const names = NAMES.filter(isSet);
  const letters = [...LETTERS].filter(isSet).join('');
  const spellings = [names.join(draw.one([',', '+', '|'])), names.join(',').toLowerCase(), draw.number(flags)];
  // ACK and ECE in letters would read as the name AE.
  if (letters !== 'AE') spellings.push(letters);
  return draw.one(spellings);
}

function drawOptions(draw: Draw, flags: number, words: string[]): Buffer | undefined {
  if (draw.chance(25)) {
    // Left alone: Linux's in a SYN, 20 bytes of them, or none.
    return flags & 2 ? undefined : Buffer.alloc(0);
  }
  const wanted: RawOption[] = [];
  let length = 0;
  for (let tries = draw.below(7); tries > 0; tries--) {
    const option = drawOption(draw);
    if (length + option.bytes.length > 40) continue;
    wanted.push(option);
    length += option.bytes.length;
  }
  if (wanted.length === 0) words.push('--tcp-options', 'none');
  for (const { word } of wanted) words.push('--tcp-option', word);
  const bytes = wanted.flatMap((option) => option.bytes);
  while (bytes.length % 4 !== 0) bytes.push(0);
  return Buffer.from(bytes);
}

/** Known and unknown kinds, right and wrong lengths, no-operations, ends of list with garbage after them. */
function drawOption(draw: Draw): RawOption {
  const style = draw.below(10);
  if (style < 2) return { word: draw.one(['1', '1:']), bytes: [1] };
  if (style === 2) {
    const garbage = draw.bytes(draw.below(5));
    return { word: `0:${hex(garbage)}`, bytes: [0, ...garbage] };
  }
  const [kind, dataLength] = draw.one<[number, number]>([
    [2, 2],
    [3, 1],
    [4, 0],
    [5, 8],
    [5, 16],
    [8, 8],
    [19, 16],
    [28, 2],
    [30, 10],
    [34, 8],
    [draw.bits(8), draw.below(9)],
  ]);
  if (kind < 2) return { word: '1', bytes: [1] };
  const data = draw.bytes(style === 3 ? draw.below(12) : dataLength);
  if (style === 4) {
    const length = draw.bits(8);
    return { word: `${kind}/${length}:${hex(data)}`, bytes: [kind, length, ...data] };
  }
  return { word: `${draw.number(kind)}:${hex(data)}`, bytes: [kind, data.length + 2, ...data] };
}

function drawPayload(draw: Draw, words: string[]): Buffer {
  const style = draw.below(4);
  if (style === 0) {
    const bytes = draw.bytes(1 + draw.below(200));
    words.push('--data-hex', hex(bytes));
    return Buffer.from(bytes);
  }
  if (style === 1) {
    const length = draw.below(1300);
    words.push('--data-length', String(length));
    return Buffer.alloc(length, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ');
  }
  return Buffer.alloc(0);
}

function drawChecksum(draw: Draw, say: <T>(name: string, value: T, text?: string) => T): Asked['checksum'] {
  if (draw.chance(15)) return say('checksum', 'wrong');
  if (draw.chance(15)) return say('checksum', draw.bits(16));
  return 'right';
}

function drawTos(draw: Draw, say: <T>(name: string, value: T, text?: string) => T): number {
  if (draw.chance(50)) return 0;
  if (draw.chance(50)) return say('tos', draw.bits(8));
  const dscp = say('dscp', draw.bits(6));
  return (dscp << 2) | (draw.chance(50) ? say('ecn', draw.bits(2)) : 0);
}

function drawIpOptions(draw: Draw, say: <T>(name: string, value: T, text?: string) => T): Buffer {
  if (!draw.chance(15)) return Buffer.alloc(0);
  // Nothing that the peer's kernel would write into before a capture sees it; any length.
  const bytes = draw.chance(50) ? [0x94, 4, 0, 0] : Array.from({ length: 1 + draw.below(40) }, () => 1);
  say('ip-options', hex(bytes));
  while (bytes.length % 4 !== 0) bytes.push(0);
  return Buffer.from(bytes);
}
