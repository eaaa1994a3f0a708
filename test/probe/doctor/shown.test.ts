/** What is made of a trial: a table of what can come of one. */
import { describe, expect, it } from 'vitest';
import { NetError } from '../../../src/net/errors.ts';
import type { User } from '../../../src/probe/doctor/check.ts';
import type { RulesReading } from '../../../src/probe/doctor/read-rules.ts';
import { checkFirewall, checkTrial, isGuarded, notTried } from '../../../src/probe/doctor/shown.ts';
import type { Trial } from '../../../src/probe/doctor/trial.ts';
import type { CheckEvent, CheckName, ConnectResult } from '../../../src/probe/events.ts';
import { result } from '../../report/conversations.ts';

const ROOT: User = { uid: 0, hasSudo: false, inUserNamespace: false, rawshake: ['node', 'rawshake.js'] };
const USER: User = { ...ROOT, uid: 1000, hasSudo: true };

/** One where all went well. */
const trial = (fields: Partial<Trial> = {}, outcome: Partial<ConnectResult> = {}): Trial => ({
  means: { filter: true, leastTtl: true },
  result: { ...(result('half') as ConnectResult), verdict: 'open', reason: 'syn-ack', ended: undefined, error: undefined, ...outcome },
  durationUs: 3100,
  seen: { segments: 6, resets: 0 },
  filtered: { wanted: 4, unwanted: 0 },
  stamps: { receive: true, transmit: true },
  checksums: new Set(['partial'] as const),
  receiveBuffer: { bytes: 16 << 20, wantedBytes: 16 << 20 },
  resetError: undefined,
  ...fields,
});

const checkOf = (name: CheckName, of: Trial, user = ROOT): CheckEvent =>
  checkTrial(of, user).find((check) => check.name === name) as CheckEvent;

it('all works where all went well', () => {
  expect(isGuarded(trial())).toBe(true);
  expect(checkTrial(trial(), ROOT).map(({ name, ok }) => [name, ok])).toEqual([
    ['guard', true],
    ['filter', true],
    ['time-stamps', true],
    ['checksums', true],
    ['receive-buffer', true],
  ]);
});

it('only the guard matters where nothing could be tried', () => {
  expect(notTried('for a reason').map(({ name, ok, fatal }) => [name, ok, fatal])).toEqual([
    ['guard', false, true],
    ['filter', false, false],
    ['time-stamps', false, false],
    ['checksums', false, false],
    ['receive-buffer', false, false],
  ]);
});

describe('guard', () => {
  it('says by what it holds', () => {
    expect(checkOf('guard', trial()).detail).toBe(
      'connected and closed in 3.1 ms, 6 segments of ours seen, no RST; by filter and least TTL',
    );
    expect(checkOf('guard', trial({ means: { filter: false, leastTtl: true } })).detail).toMatch(/least TTL alone.*255/);
    expect(checkOf('guard', trial({ seen: undefined })).detail).toContain('not watched');
  });

  it('fails where our kernel sent a RST', () =>
    expect(checkOf('guard', trial({ seen: { segments: 7, resets: 1 } }))).toMatchObject({
      ok: false,
      fatal: true,
      detail: expect.stringContaining('RST'),
    }));

  it('is not proven by a connection that was not made, or not closed', () => {
    expect(checkOf('guard', trial({}, { verdict: 'filtered', reason: 'no-response' }))).toMatchObject({ ok: false, fatal: true });
    const close = { ...result('half').close, completed: false };
    expect(checkOf('guard', trial({}, { close, ended: 'timeout' }))).toMatchObject({ ok: false, fatal: true });
  });
});

describe('the rest', () => {
  it.each<[CheckName, Partial<Trial>, boolean, boolean]>([
    ['filter', { filtered: { wanted: 4, unwanted: 1 } }, false, true],
    ['filter', { filtered: { wanted: 0, unwanted: 0 } }, false, false],
    ['time-stamps', { stamps: { receive: false, transmit: true } }, false, false],
    ['time-stamps', { stamps: { receive: true, transmit: false } }, false, false],
    ['time-stamps', { stamps: { receive: true, transmit: undefined } }, true, false],
    ['checksums', { checksums: new Set(['correct']) }, true, false],
    ['checksums', { checksums: new Set(['partial', 'wrong']) }, false, false],
    ['checksums', { checksums: new Set() }, false, false],
  ])('%s %o', (name, fields, ok, fatal) => expect(checkOf(name, trial(fields))).toMatchObject({ ok, fatal }));

  it('a receive buffer that root can widen', () => {
    const small = trial({ receiveBuffer: { bytes: 8 << 20, wantedBytes: 16 << 20 } });
    expect(checkOf('receive-buffer', small, USER)).toMatchObject({
      ok: false,
      fatal: false,
      remedy: 'sudo sysctl -w net.core.rmem_max=8388608',
    });
    expect(checkOf('receive-buffer', small, { ...ROOT, inUserNamespace: true }).remedy).toBeUndefined();
  });
});

describe('firewall', () => {
  const silent: RulesReading = { read: ['nft'], unread: [], findings: [] };
  const finding = { detail: 'nft chain ip t c drops RSTs on their way out, ours too', remedy: 'nft delete rule ip t c handle 4' };
  const refused = new NetError('local-firewall', 'send', 'to 127.0.0.1', 'refused');

  it.each<[string, Trial | undefined, NetError | undefined]>([
    ['refuses to send from the start', undefined, refused],
    ['refuses to send later', trial({}, { error: refused }), undefined],
    ['swallows', trial({}, { verdict: 'filtered', reason: 'no-response', ended: 'timeout' }), undefined],
    ['refuses by ICMP', trial({}, { verdict: 'filtered', reason: 'icmp-admin-prohibited' }), undefined],
    ['refuses by RST', trial({}, { verdict: 'closed', reason: 'rst' }), undefined],
    ['swallows once open', trial({}, { ended: 'timeout' }), undefined],
    ['swallows to the deadline', trial({}, { ended: 'deadline' }), undefined],
  ])('that %s', (_name, of, error) => {
    expect(checkFirewall(of, error, silent, USER)).toMatchObject({ ok: false, fatal: true, remedy: 'sudo nft --handle list ruleset' });
    expect(checkFirewall(of, error, { ...silent, findings: [finding] }, USER)).toMatchObject({
      fatal: true,
      detail: expect.stringContaining(finding.detail),
      remedy: `sudo ${finding.remedy}`,
    });
  });

  it('that refuses RSTs', () =>
    expect(checkFirewall(trial({ resetError: refused }), undefined, silent, ROOT)).toMatchObject({ ok: false, fatal: false }));

  it('whose rules are in the way elsewhere', () =>
    expect(checkFirewall(trial(), undefined, { ...silent, findings: [finding, finding] }, ROOT)).toMatchObject({
      ok: false,
      fatal: false,
      detail: `${finding.detail}; and 1 more`,
      remedy: finding.remedy,
    }));

  it('that is not in the way', () => {
    expect(checkFirewall(trial(), undefined, silent, ROOT)).toMatchObject({
      ok: true,
      detail: 'nothing in the way on loopback, nor in the rules of nft',
    });
    const unread: RulesReading = { read: [], unread: ['the rules of nft were not read: only root may'], findings: [] };
    expect(checkFirewall(trial(), undefined, unread, ROOT).detail).toBe(
      'nothing in the way on loopback; the rules of nft were not read: only root may',
    );
  });

  it('is not judged by a run that was interrupted, or not tried', () => {
    expect(checkFirewall(trial({}, { verdict: 'filtered', reason: 'interrupted', ended: 'interrupted' }), undefined, silent, ROOT).ok).toBe(
      true,
    );
    expect(checkFirewall(undefined, undefined, silent, ROOT)).toMatchObject({ ok: false, fatal: false, detail: 'not tried on loopback' });
  });
});
