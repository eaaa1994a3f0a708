/** What came of a scan as a whole. */
import type { ScanResult, ScanStartEvent, UnsentPortEvent, Verdict } from '../probe/events.ts';
import { type Entry, entry, formatEntry, sentence } from './entries.ts';
import { ENDED_PHRASES } from './phrases.ts';
import { type HostTally, outcomeTexts } from './scan-hosts.ts';
import type { Style } from './style.ts';
import { count, formatPercent, grouped } from './units.ts';

export interface ScanSummaryOptions {
  /** The ports that are listed. */
  shown: ReadonlySet<Verdict>;
  /** Addresses that were asked for and left out as asked for. */
  excluded: number;
  /** How the scan could be gone on with; undefined: not at all. */
  resumeFile: string | undefined;
  /** As it was asked for. */
  confidence: number;
}

/** What the events before the result told. */
export interface KnownOfScan {
  /** Undefined: nothing was sent. */
  start: ScanStartEvent | undefined;
  /** Undefined: nobody counted them. */
  hosts: HostTally | undefined;
  /** The first of them. */
  unsent: UnsentPortEvent | undefined;
}

export function scanSummary(result: ScanResult, known: KnownOfScan, options: ScanSummaryOptions, style: Style): string {
  const { ended, error, kernelDrops, unsent, ignored, done, pairs } = result;
  const { duration, escapeText } = style;
  const entries: Entry[] = [];
  if (result.hosts > 1) entries.push(entry('hosts', ...hostTexts(result, known.hosts)));
  entries.push(entry('ports', ...portTexts(result, style)));
  const rate = result.durationMs > 0 ? ` (${grouped(Math.round(result.probesPerSecond))}/s)` : '';
  entries.push(entry('probes', `${grouped(result.probes)} sent in ${duration(result.durationMs * 1000)}${rate}`));
  // Where nothing is silent, what the loss may be is of no interest.
  const isOfInterest = result.lossBasis === 'measured' || result.attempts !== undefined;
  if (known.start !== undefined && isOfInterest) entries.push(sentence('loss', lossText(result)));
  if (result.attempts !== undefined && result.confidence !== undefined) entries.push(silenceEntry(result, options));
  if (result.proxied > 0) entries.push(sentence('proxied?', proxiedText(result), 'warning'));
  for (const { network, name, source, count: left } of result.skipped) {
    const addresses = left === 1 ? '1 address' : `${grouped(left)} addresses`;
    entries.push(sentence('skipped', `${addresses} of ${network}: ${name}, ${source}; --allow-reserved scans them`));
  }
  if (options.excluded > 0)
    entries.push(entry('excluded', `${grouped(options.excluded)} ${options.excluded === 1 ? 'address' : 'addresses'}`));
  if (unsent > 0)
    entries.push(sentence('not sent', `to ${grouped(unsent)} of the ports; ${escapeText(known.unsent?.message ?? '')}`, 'bad'));
  if (ignored > 0) entries.push(entry('passed over', `${grouped(ignored)} that answer no probe of ours`));
  if (error !== undefined) entries.push(sentence('error', escapeText(error.message), 'bad'));
  if (ended !== undefined) {
    entries.push(sentence('ended early', `${ENDED_PHRASES[ended]}, ${grouped(done)} of ${grouped(pairs)} ports done`, 'warning'));
  }
  if (done < pairs && options.resumeFile !== undefined)
    entries.push(sentence('to go on', `the same command again: ${escapeText(options.resumeFile)} tells it where`));
  if (kernelDrops > 0)
    entries.push(
      sentence('dropped', `${count(kernelDrops, 'datagram')} by our kernel, because we read too slowly: they count as lost`, 'warning'),
    );
  return entries.map((line) => formatEntry(line, style)).join('');
}

function hostTexts({ hosts }: ScanResult, tally: HostTally | undefined): string[] {
  if (tally === undefined) return [grouped(hosts)];
  const { listed, answering, silent, unsent } = tally;
  const texts = [`${grouped(hosts)}: ${grouped(listed)} listed`];
  if (answering > 0) texts.push(answering === 1 ? '1 other that answers' : `${grouped(answering)} others that answer`);
  if (silent > 0) texts.push(`${grouped(silent)} silent`);
  if (unsent > 0) texts.push(`${grouped(unsent)} not sent to`);
  return texts;
}

/** All by what came of them. */
function portTexts({ hosts, ports, outcomes }: ScanResult, style: Style): string[] {
  const [first = 'nothing known of them', ...others] = outcomeTexts(outcomes, style);
  return [`${grouped(ports)}${hosts > 1 ? ' of each' : ''}: ${first}`, ...others];
}

/** What was lost, and how that is known. */
function lossText({ lossBasis, estimatedLossPercent, ended }: ScanResult): string {
  const percent = formatPercent(estimatedLossPercent);
  if (lossBasis === 'prior') return `taken to be ${percent} of probes or their answers: too few came to measure it`;
  if (estimatedLossPercent === 0) return ended === undefined ? 'none seen' : 'none seen so far';
  return `${percent} of probes or their answers, measured`;
}

/** How much a silence is worth. */
function silenceEntry({ attempts, confidence }: ScanResult, { confidence: wanted }: ScanSummaryOptions): Entry {
  const tried = attempts === 1 ? 'once' : `${attempts} times`;
  const chance = formatPercent(100 * (1 - (confidence as number)));
  const isEnough = (confidence as number) >= wanted;
  return sentence(
    'silence',
    `tried ${tried} at least; the chance that loss alone made any port silent is ${chance}`,
    isEnough ? undefined : 'warning',
  );
}

const proxiedText = ({ proxied }: ScanResult): string =>
  `${proxied === 1 ? '1 of the open ports' : `${grouped(proxied)} of the open ports`} may be nobody's: something that answers in the host's place, such as a SYN proxy, looks like this`;
