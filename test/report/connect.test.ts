/** Whole conversations as text. The pictures stand in pictures/, to be read as they are. */
import { describe, expect, test } from 'vitest';
import { NetError } from '../../src/net/errors.ts';
import type { ConnectEvent } from '../../src/probe/events.ts';
import { type ConnectReporterOptions, createConnectReporter } from '../../src/report/connect.ts';
import { displayWidth } from '../../src/report/text.ts';
import * as conversations from './conversations.ts';

type Look = Partial<Omit<ConnectReporterOptions, 'write'>>;

function draw(events: Iterable<ConnectEvent>, look: Look = {}): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const plain = { colour: false, ascii: true, width: 80, absolute: false, explain: false, quiet: false, verbose: false };
  const reporter = createConnectReporter({ ...plain, ...look, write });
  for (const event of events) reporter.event(event);
  return text;
}

const widest = (text: string): number => Math.max(...text.split('\n').map(displayWidth));

const { ORDINARY, active, reset, none, closedPort, adminProhibited, lossy, hostile, download } = conversations;

describe('80 columns of ASCII, explained', () => {
  test.each(Object.entries(ORDINARY))('%s', async (name, events) => {
    const text = draw(events(), { explain: true });
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(widest(text)).toBeLessThanOrEqual(80);
    await expect(text).toMatchFileSnapshot(`pictures/${name}.txt`);
  });
});

describe('other looks', () => {
  test.each<[string, () => ConnectEvent[], Look]>([
    ['active-80', active, {}],
    ['active-80-absolute', active, { absolute: true }],
    ['active-120-unicode', active, { ascii: false, width: 120 }],
    ['active-120-colour', active, { ascii: false, colour: true, width: 120 }],
    ['active-200-verbose', active, { ascii: false, verbose: true, width: 200 }],
    ['active-40', active, { width: 40 }],
    ['active-30', active, { width: 30 }],
    ['lossy-120', lossy, { ascii: false, width: 120 }],
    ['adminProhibited-120', adminProhibited, { ascii: false, width: 120 }],
    ['hostile-80', hostile, {}],
    ['hostile-120-unicode', hostile, { ascii: false, width: 120, verbose: true }],
  ])('%s', async (name, events, look) => {
    const text = draw(events(), look);
    expect(widest(text)).toBeLessThanOrEqual(look.width ?? 80);
    await expect(text).toMatchFileSnapshot(`pictures/${name}.txt`);
  });

  test('a single option of a SYN stands in its row where there is room', () => {
    const syn = conversations.sent(0, 'SYN', 0, undefined, 'SYN-SENT', { options: [{ kind: 2, name: 'mss', mss: 1460 }] });
    expect(draw([conversations.start(), syn], { width: 120 })).toContain('win 64240  mss 1460 --');
  });

  test.each([
    [false, 'about seq 1 '],
    [true, `about seq ${conversations.ISS + 1} `],
  ])('what an ICMP error is about is told in the numbers of the rows: absolute %s', (absolute, told) => {
    const error = conversations.icmp(9, 3, 4, 'fragmentation-needed', '10.0.0.9', { seq: conversations.ISS + 1 });
    expect(draw([...conversations.handshake(), error], { verbose: true, absolute, width: 120 })).toContain(told);
  });

  test('a name and an address as long as they can be', () => {
    const start = conversations.start({
      host: `${'a'.repeat(63)}.${'b'.repeat(63)}.example.`,
      address: '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff%verylongname0',
      sourceAddress: 'fe80::ffff:ffff:ffff:ffff%eth0',
    });
    const text = draw([start, ...active().slice(1)]);
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(text.split('\n').slice(0, 6).join('\n')).toMatchInlineSnapshot(`
      "connect
      aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb
      bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.example.
      (2001:db8:ffff:ffff:ffff:ffff:ffff:ffff%verylongname0) port 80

             ms    delta  state        fe80::ffff:ffff:fff...  2001:db8:ffff:ffff:f..."
    `);
  });
});

describe('a long transfer', () => {
  test('is folded', async () => {
    await expect(draw(download(1000))).toMatchFileSnapshot('pictures/download.txt');
  });

  test('has no more rows when it is longer', () => {
    expect(draw(download(20_000)).split('\n').length).toBe(draw(download(1000)).split('\n').length);
  });

  test('has a row for every segment with -v', () => {
    expect(draw(download(1000), { verbose: true })).not.toContain('not drawn');
  });

  test('what is remarkable is drawn among the rest, and counted once there is too much of it', () => {
    const events = [...conversations.handshake()];
    for (let i = 0; i < 200; i++) {
      events.push(conversations.received(1000 + i, 'ACK', 1, 1, 'ESTABLISHED', { note: i % 4 === 0 ? 'out-of-window' : undefined }));
    }
    const text = draw([...events, conversations.result('active')]);
    expect(text.match(/\(out-of-window\)/g)).toHaveLength(24);
    expect(text).toContain('26 out-of-window');
  });
});

test('an error of this machine stands in the summary, escaped', () => {
  const error = new NetError('no-route', 'send to', 'evil\x1b[2J', 'network is down');
  expect(draw([...conversations.handshake(), conversations.result('active', { error })])).toContain(
    '  error       send to evil\\x1b[2J: network is down\n',
  );
});

test('what was only half acknowledged is said so', () => {
  const data = { sentBytes: 2_000_000, ackedBytes: 1448, receivedBytes: 0, firstByteUs: undefined };
  expect(draw([conversations.result('active', { data, evidence: 'fin-acknowledged' })])).toContain(
    '  data        sent 2000000 B (2.00 MB), 1448 B (1.45 kB) acknowledged;\n              received 0 B\n',
  );
});

describe('quiet', () => {
  test.each<[() => ConnectEvent[], string]>([
    [active, 'open  10.0.0.2:80  syn-ack  rtt 312 us  closed active CLOSED 812 us\n'],
    [reset, 'open  10.0.0.2:80  syn-ack  rtt 312 us  closed reset CLOSED\n'],
    [none, 'open  10.0.0.2:80  syn-ack  rtt 312 us  left open as asked, ESTABLISHED\n'],
    [closedPort, 'closed  10.0.0.2:80  rst  rtt 287 us\n'],
    [adminProhibited, 'filtered  10.0.0.2:80  icmp-admin-prohibited\n'],
  ])('is one line', (events, line) => expect(draw(events(), { quiet: true })).toBe(line));
});
