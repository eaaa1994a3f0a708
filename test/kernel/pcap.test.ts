/** `--pcap` against real kernels: read by tshark, set against tcpdump's capture of the same, and told again by `replay`. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { command } from '../support/command.ts';
import { createPair, type Network, temporaryDirectory } from '../support/netns.ts';
import { captureRawshake, type Line, rawshake, rawshakeArgv, startRawshake } from '../support/rawshake.ts';
import { startNginx, startServers } from '../support/servers.ts';
import { tshark } from '../support/tshark.ts';

const NEVER_CLOSES = '9';
const SPEAKS_AFTER_FIN = '16';
const RESETS = '17';
const CLOSED = '4';
const GET = String.raw`GET /small HTTP/1.0\r\n\r\n`;

/** What Wireshark has to say against the file or its packets: nothing. */
function complaints(file: string): string {
  const all = execFileSync('sh', ['-c', 'exec tshark -n -r "$1" -q 2>&1', 'sh', file], { encoding: 'utf8' });
  return all.replace(/^Running as user "root".*\n/, '');
}

/** Seconds since 1970 of the packets that a filter shows, by their source and identification. */
const times = (file: string, filter = 'tcp'): Map<string, number> =>
  new Map(
    tshark(file, filter, ['ip.src', 'ip.id', 'tcp.dstport', 'frame.time_epoch']).map((packet) => [
      `${packet['ip.src']} ${packet['ip.id']} ${packet['tcp.dstport']}`,
      Number(packet['frame.time_epoch'][0]),
    ]),
  );

describeNeeding(['namespaces'], '--pcap', () => {
  let network: Network;
  let directory: string;

  beforeAll(async () => {
    network = createPair();
    directory = temporaryDirectory();
    await startServers(network.server, { [NEVER_CLOSES]: 'never-close', [SPEAKS_AFTER_FIN]: 'after-fin', [RESETS]: 'reset' });
    await startNginx(network.server);
  });
  afterAll(() => network.remove());

  let files = 0;
  const newFile = () => join(directory, `${++files}.pcapng`);
  const connect = (file: string, port: string, ...options: string[]) => [
    'connect',
    network.serverAddress,
    port,
    '--json',
    '--time-wait',
    '0.1',
    '--pcap',
    file,
    ...options,
  ];

  describe('is read by tshark without a warning, and told by replay as the run told it', () => {
    it.each<[string, string, string[]]>([
      ['a passive close', '80', ['--data', GET, '--close', 'passive']],
      ['an active close', '80', ['--data', 'GET / HTTP/1.1', '--idle', '0.05']],
      ['a half close', SPEAKS_AFTER_FIN, ['--data', 'x', '--close', 'half']],
      ['a reset of ours', '80', ['--close', 'reset']],
      ['a reset of theirs', RESETS, ['--data', 'x']],
      ['a closed port', CLOSED, []],
    ])('%s', async (_name, port, options) => {
      const file = newFile();
      const run = await rawshake(network.client, connect(file, port, ...options));
      expect(complaints(file)).toBe('');
      const packets = tshark(file, 'tcp', [
        'frame.time_epoch',
        'frame.comment',
        'frame.interface_name',
        'frame.packet_flags_direction',
        'tcp.seq_raw',
        'ip.src',
      ]);
      const segments = run.of('segment');
      expect(packets.map((packet) => Number(packet['tcp.seq_raw'][0]))).toEqual(segments.map(({ seq }) => seq));
      expect(new Set(packets.flatMap((packet) => packet['frame.interface_name']))).toEqual(new Set([network.clientInterface]));
      expect(packets.map((packet) => Number(packet['frame.packet_flags_direction'][0]))).toEqual(
        segments.map(({ direction }) => (direction === 'sent' ? 2 : 1)),
      );
      // Each state was entered by a packet that says so.
      const comments = packets.flatMap((packet) => packet['frame.comment']).join('; ');
      const last =
        run.result.states?.at(-1) === 'CLOSED' && run.result.states.includes('TIME-WAIT') ? 'TIME-WAIT' : run.result.states?.at(-1);
      expect(comments).toMatch(/^CLOSED → SYN-SENT/);
      expect(comments).toContain(`→ ${last}`);

      const replayed = await rawshake(network.client, ['replay', file, '--json']);
      expect(replayed.code).toBe(0);
      const [told] = replayed.of('result');
      const numbers = (lines: Line[]) =>
        lines.flatMap((line) => (line.type === 'segment' ? [[line.direction, line.relativeSeq, line.flags]] : []));
      expect(numbers(replayed.lines)).toEqual(numbers(run.lines));
      const { verdict, reason, iss, irs, peer, data, states = [], close } = run.result;
      expect(told).toMatchObject({ verdict, reason, iss, ...(irs !== undefined && { irs, peer }) });
      expect(told?.data).toMatchObject({ sentBytes: data?.sentBytes, ackedBytes: data?.ackedBytes, receivedBytes: data?.receivedBytes });
      expect(told?.close?.initiator).toBe(close?.initiator);
      // Leaving TIME-WAIT is seen by nobody else.
      expect(told?.states).toEqual(states.at(-2) === 'TIME-WAIT' ? states.slice(0, -1) : states);
      expect(told?.rttUs).toBeCloseTo(run.result.rttUs as number, 1);
    });
  });

  it('has the bytes that were on the wire, at the times of the wire', async () => {
    const file = newFile();
    const { capture } = await captureRawshake(network.client, connect(file, '80', '--data', GET, '--close', 'passive'), {});
    const ours = tshark(file, 'tcp', ['ip.id', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.flags', 'tcp.checksum', 'tcp.payload', 'ip.src']);
    const wire = tshark(capture.file, 'tcp', ['ip.id', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.flags', 'tcp.checksum', 'tcp.payload', 'ip.src']);
    const sorted = (packets: object[]) => packets.map((packet) => JSON.stringify(packet)).sort();
    // tcpdump keeps the first bytes of each packet only.
    expect(sorted(ours.map((packet) => ({ ...packet, 'tcp.payload': undefined })))).toEqual(
      sorted(wire.map((packet) => ({ ...packet, 'tcp.payload': undefined }))),
    );
    expect(ours.flatMap((packet) => packet['tcp.payload']).join('')).toContain(Buffer.from('GET /small HTTP/1.0\r\n\r\n').toString('hex'));
    const [own, theirs] = [times(file), times(capture.file)];
    // Of one clock; a packet that is stamped by this process, not by the kernel, is off by more.
    for (const [packet, time] of own) expect(Math.abs(time - (theirs.get(packet) as number))).toBeLessThan(0.05);
  });

  it('of a ping of whole connections too', async () => {
    const file = newFile();
    const argv = ['ping', network.serverAddress, CLOSED, '--full', '-c', '3', '-i', '0.1', '--json', '--pcap', file];
    const { capture } = await captureRawshake(network.client, argv, {});
    const [own, theirs] = [times(file, 'tcp.flags.reset == 1'), times(capture.file, 'tcp.flags.reset == 1')];
    expect(own.size).toBe(3);
    for (const [packet, time] of own) expect(Math.abs(time - (theirs.get(packet) as number))).toBeLessThan(0.0002);
  });

  it('says what was sent again, and what an ICMP error is about', async () => {
    network.server.firewall('input', 'tcp dport 81 drop\ntcp dport 82 reject with icmp type admin-prohibited');
    try {
      const silent = newFile();
      await rawshake(network.client, connect(silent, '81', '--timeout', '1.5'));
      expect(tshark(silent, 'tcp', ['frame.comment']).flatMap((packet) => packet['frame.comment'])).toEqual([
        'CLOSED → SYN-SENT',
        'retransmission 1',
      ]);
      const forbidden = newFile();
      await rawshake(network.client, ['send', network.serverAddress, '82', '--timeout', '0.3', '--pcap', forbidden]);
      const [icmp] = tshark(forbidden, 'icmp', ['frame.comment', 'icmp.code']);
      expect(icmp?.['frame.comment'][0]).toMatch(/^admin-prohibited about our segment with seq \d+, says 10\.77\.1\.2$/);
      expect(complaints(forbidden)).toBe('');
    } finally {
      network.server.openFirewall();
    }
  });

  it('has fragments as they left', async () => {
    const file = newFile();
    await rawshake(network.client, [
      'send',
      network.serverAddress,
      '80',
      '--data-length',
      '100',
      '--fragment',
      '64',
      '--timeout',
      '0.2',
      '--pcap',
      file,
    ]);
    const sent = tshark(file, `ip.src == ${network.clientAddress} && ip.flags.mf == 1 || ip.frag_offset > 0`, [
      'ip.frag_offset',
      'frame.comment',
    ]);
    expect(sent.map((packet) => packet['frame.comment'][0])).toEqual(['fragment 1 of 3', 'fragment 2 of 3', 'fragment 3 of 3']);
  });

  it('tells of each probe of a ping, and of each scene of a demo', async () => {
    const file = newFile();
    const run = await rawshake(network.client, ['ping', network.serverAddress, '80', '-c', '2', '-i', '0.05', '--json', '--pcap', file]);
    expect(run.of('segment')).toEqual([]);
    const comments = tshark(file, 'tcp.flags.syn == 1', ['frame.comment']).map((packet) => packet['frame.comment'][0]?.replace(/;.*/, ''));
    expect(comments.sort()).toEqual(['answer to probe 1', 'answer to probe 2', 'probe 1', 'probe 2']);
    const scene = newFile();
    await rawshake(network.client, ['demo', 'closed', '--pcap', scene]);
    expect(tshark(scene, 'tcp', ['frame.comment']).map((packet) => packet['frame.comment'][0])).toEqual([
      'CLOSED → SYN-SENT',
      expect.stringMatching(/^SYN-SENT → CLOSED/),
    ]);
  });

  it('bears the command line and the version', async () => {
    const file = newFile();
    await rawshake(network.client, connect(file, CLOSED, '--data', "it's"));
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    const about = command(['capinfos', file]);
    expect(about).toContain(String.raw`--data 'it'\''s' (rawshake ${version})`);
    expect(about).toMatch(/Capture application:\s+rawshake/);
    expect(about).toMatch(/File timestamp precision:\s+nanoseconds/);
  });

  describe('goes to stdout', () => {
    const toStdout = (...rest: string[]) =>
      rawshakeArgv(['connect', network.serverAddress, '80', '--time-wait', '0.1', '--pcap', '-', ...rest]);

    it('and the text to stderr', () => {
      const script = '"$@" 2> "$OUT.text" > "$OUT"';
      const file = newFile();
      network.client.exec(['env', `OUT=${file}`, 'sh', '-c', script, 'sh', ...toStdout()]);
      expect(complaints(file)).toBe('');
      expect(tshark(file, 'tcp', ['frame.number']).length).toBeGreaterThan(3);
      expect(readFileSync(`${file}.text`, 'utf8')).toMatch(/verdict +open/);
    });

    it('but not beside JSON', async () => {
      const run = await rawshake(network.client, ['connect', network.serverAddress, '80', '--json', '--pcap', '-']);
      expect(run.code).toBe(64);
      expect(run.result.error?.message).toBe('--json and --pcap - at once');
    });

    it('and ends without a word where its reader goes away', () => {
      const code = network.client.exec([
        'bash',
        '-c',
        '"$@" 2> /dev/null | head -c 8 > /dev/null; echo $PIPESTATUS',
        'bash',
        // Goes on writing until it learns of it, however late that is.
        ...rawshakeArgv(['ping', network.serverAddress, '80', '--count', '200', '--interval', '0.05', '--pcap', '-']),
      ]);
      expect(code).toBe('141\n');
    });
  });

  describe('a file', () => {
    it('is for its owner alone, and under sudo for who called it', async () => {
      const file = newFile();
      const env = { ...process.env, SUDO_UID: '65534', SUDO_GID: '65534' };
      await rawshake(network.client, connect(file, CLOSED), { env });
      const { mode, uid, gid } = statSync(file);
      expect([mode & 0o777, uid, gid]).toEqual([0o600, 65_534, 65_534]);
    });

    it('that exists is kept, and replaced with --force', async () => {
      const file = newFile();
      writeFileSync(file, 'kept');
      chmodSync(file, 0o644);
      const refused = await rawshake(network.client, connect(file, CLOSED));
      expect([refused.code, readFileSync(file, 'utf8')]).toEqual([74, 'kept']);
      const replaced = await rawshake(network.client, connect(file, CLOSED, '--force'));
      expect(replaced.code).toBe(1);
      expect(complaints(file)).toBe('');
      expect(statSync(file).mode & 0o777).toBe(0o600);
    });

    it('is not one that a symbolic link leads to', async () => {
      const link = newFile();
      symlinkSync(join(directory, 'elsewhere'), link);
      const run = await rawshake(network.client, connect(link, CLOSED, '--force'));
      expect([run.code, existsSync(join(directory, 'elsewhere'))]).toEqual([74, false]);
      expect(run.result.error?.message).toContain('symbolic link');
    });

    it('that finds no room is whole as far as it goes, and the run goes on', () => {
      const file = newFile();
      const script = 'mount -t tmpfs -o size=16k tmpfs /mnt && "$@" > /dev/null; echo $?; cp /mnt/full "$FILE"';
      const argv = rawshakeArgv(['ping', network.serverAddress, CLOSED, '-c', '500', '-i', '0', '--pcap', '/mnt/full']);
      const said = network.client.exec(['unshare', '-m', 'env', `FILE=${file}`, 'sh', '-c', `(${script}) 2>&1`, 'sh', ...argv]);
      expect(said).toMatch(/can't write "\/mnt\/full": the disk is full; what came before it is in the file\n74\n$/);
      expect(complaints(file)).toBe('');
      expect(tshark(file, 'tcp', ['frame.number']).length).toBeGreaterThan(50);
    });

    it('that is a pipe nobody reads from does not keep it from ending', async () => {
      const pipe = newFile();
      command(['mkfifo', pipe]);
      const reader = network.client.spawn(['sh', '-c', 'exec sleep 60 < "$1"', 'sh', pipe]);
      const argv = ['ping', network.serverAddress, CLOSED, '-c', '2000', '-i', '0', '-q', '--pcap', pipe];
      const run = await rawshake(network.client, argv, { timeoutMs: 10_000 });
      reader.kill();
      expect(run.code).toBe(74);
      expect(run.stderr).toMatch(/its reader does not come for what is in it\n$/);
    });

    it('is gone again where nothing was sent', async () => {
      const file = newFile();
      const run = await rawshake(network.client, ['connect', '192.0.2.1', '80', '--pcap', file]);
      expect([run.code, existsSync(file)]).toEqual([69, false]);
    });

    it('is refused where nothing is to be sent', async () => {
      const run = await rawshake(network.client, ['send', network.serverAddress, '80', '--dry-run', '--pcap', newFile()]);
      expect(run.code).toBe(64);
    });

    it.each(['SIGKILL', 'SIGINT'] as const)('is whole after %s', async (signal) => {
      const file = newFile();
      const running = startRawshake(network.client, connect(file, NEVER_CLOSES, '--data', 'x', '--idle', '10'));
      await running.first('the handshake', (line) => line.type === 'state' && line.to === 'ESTABLISHED');
      await delay(100);
      // The command runs under two wrappers that replace themselves by it.
      running.child.kill(signal);
      await running.finished.catch(() => undefined);
      expect(complaints(file)).toBe('');
      const comments = tshark(file, 'tcp', ['frame.comment']).flatMap((packet) => packet['frame.comment']);
      expect(comments.slice(0, 2)).toEqual(['CLOSED → SYN-SENT', expect.stringMatching(/^SYN-SENT → ESTABLISHED/)]);
      if (signal === 'SIGINT') expect(comments.at(-1)).toMatch(/→ CLOSED/);
    });
  });
});
