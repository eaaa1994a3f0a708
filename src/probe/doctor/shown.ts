/** What the connection on loopback has shown, check by check. */
import type { NetError } from '../../net/errors.ts';
import { asRoot } from '../../net/shell.ts';
import type { CheckEvent, CheckName } from '../events.ts';
import { breaks, limits, type User, works } from './check.ts';
import type { RulesReading } from './read-rules.ts';
import type { Trial } from './trial.ts';

/** Those that only a trial can make. */
const NAMES: readonly CheckName[] = ['guard', 'filter', 'time-stamps', 'checksums', 'receive-buffer'];

/** Without a trial. */
export const notTried = (why: string): CheckEvent[] =>
  NAMES.map((name) => (name === 'guard' ? breaks(name, `not tried: ${why}`) : limits(name, 'not tried')));

export const checkTrial = (trial: Trial, user: User): CheckEvent[] => [
  checkGuard(trial),
  checkFilter(trial),
  checkStamps(trial),
  checkChecksums(trial),
  checkReceiveBuffer(trial, user),
];

/** All went as asked, and our kernel kept out of it. */
export const isGuarded = ({ result, seen }: Trial): boolean =>
  result.verdict === 'open' && result.close.completed && (seen?.resets ?? 0) === 0;

function checkGuard(trial: Trial): CheckEvent {
  const { result, seen, means, durationUs } = trial;
  const by = means.filter ? (means.leastTtl ? 'filter and least TTL' : 'filter') : 'least TTL alone, which a TTL of 255 gets past';
  if (seen !== undefined && seen.resets > 0)
    return breaks('guard', `our kernel sent RST for it (${seen.resets} seen on loopback); by ${by}`);
  if (!isGuarded(trial))
    return breaks('guard', `not proven: loopback came to ${result.verdict} (${result.reason}), ${result.ended ?? 'not closed'}`);
  const watched = seen === undefined ? 'not watched: no packet socket sees it' : `${seen.segments} segments of ours seen, no RST`;
  return works('guard', `connected and closed in ${(durationUs / 1000).toFixed(1)} ms, ${watched}; by ${by}`);
}

function checkFilter({ filtered: { wanted, unwanted }, seen }: Trial): CheckEvent {
  if (unwanted > 0) return breaks('filter', `attached to a raw socket, but ${unwanted} segments passed that should not`);
  if (wanted === 0) return limits('filter', 'attached to a raw socket; nothing came that it should let through');
  const kept = seen === undefined ? '' : `, of ours kept out: ${seen.segments}`;
  return works('filter', `segments of the peer let through: ${wanted}${kept}`);
}

function checkStamps({ stamps: { receive, transmit } }: Trial): CheckEvent {
  const arriving = receive ? 'the kernel dates what arrives' : 'what arrives is dated when it is read';
  const leaving =
    transmit === undefined ? 'not tried for what leaves' : transmit ? 'and can date what leaves' : 'it does not date what leaves';
  return receive && transmit !== false ? works('time-stamps', `${arriving}, ${leaving}`) : limits('time-stamps', `${arriving}; ${leaving}`);
}

function checkChecksums({ checksums }: Trial): CheckEvent {
  if (checksums.has('wrong')) return limits('checksums', 'segments arrive on loopback with wrong checksums, and are ignored');
  if (checksums.has('partial')) return works('checksums', 'offloaded: partial on loopback, taken for correct');
  return checksums.size > 0
    ? works('checksums', 'not offloaded: complete on loopback')
    : limits('checksums', 'nothing arrived to judge by');
}

function checkReceiveBuffer({ receiveBuffer: { bytes, wantedBytes } }: Trial, user: User): CheckEvent {
  const mebibytes = (count: number): string => `${Number((count / 2 ** 20).toFixed(1))} MiB`;
  if (bytes >= wantedBytes) return works('receive-buffer', mebibytes(bytes));
  return limits(
    'receive-buffer',
    `${mebibytes(bytes)} of the ${mebibytes(wantedBytes)} asked for: bursts may overflow it`,
    user.inUserNamespace ? undefined : asRoot(`sysctl -w net.core.rmem_max=${wantedBytes / 2}`, user),
  );
}

/** What stands between us and the peer on this machine: shown by the trial, or read from the rules. */
export function checkFirewall(trial: Trial | undefined, failure: NetError | undefined, rules: RulesReading, user: User): CheckEvent {
  const [finding, ...others] = rules.findings;
  const look = rules.read.includes('iptables') && !rules.read.includes('nft') ? 'iptables-save' : 'nft --handle list ruleset';
  const remedy = asRoot(finding?.remedy ?? look, user);
  const named = finding === undefined ? '' : `: ${finding.detail}`;
  const obstacle = obstacleOf(trial, failure);
  if (obstacle !== undefined) return breaks('firewall', `${obstacle}${named}`, remedy);
  if (trial?.resetError?.code === 'local-firewall') return limits('firewall', `refuses the RSTs that we send${named}`, remedy);
  if (finding !== undefined)
    return limits('firewall', `${finding.detail}${others.length > 0 ? `; and ${others.length} more` : ''}`, remedy);
  if (trial === undefined) return limits('firewall', 'not tried on loopback');
  const read = rules.read.length > 0 ? `, nor in the rules of ${rules.read.join(' and ')}` : '';
  const unread = rules.unread.length > 0 ? `; ${rules.unread.join('; ')}` : '';
  return works('firewall', `nothing in the way on loopback${read}${unread}`);
}

/** A server listens there: whatever keeps us from it is on this machine. */
function obstacleOf(trial: Trial | undefined, failure: NetError | undefined): string | undefined {
  if ((failure ?? trial?.result.error)?.code === 'local-firewall') return 'refuses what we send on loopback';
  switch (trial?.result.verdict) {
    case 'filtered':
      if (trial.result.reason === 'interrupted') return undefined;
      return trial.result.reason === 'no-response'
        ? 'swallows segments on loopback'
        : `refuses segments on loopback by ICMP (${trial.result.reason})`;
    case 'closed':
      return 'refuses segments on loopback by RST';
    case 'open':
      return trial.result.ended === 'timeout' || trial.result.ended === 'deadline'
        ? 'swallows segments of an open connection on loopback'
        : undefined;
    default:
      return undefined;
  }
}
