/** `decode`, and `send --dry-run` that writes what it reads. */
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';

/** 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1, win 64240, options [mss 1460], length 0 */
const SYN = '4500002c 12344000 4006 1496 0a000001 0a000002 9c400050 00000001 00000000 6002faf0 eca10000 020405b4';

/** The SYN, whole but for a number of bytes at its end. */
const cut = (bytes: number): string => SYN.replaceAll(' ', '').slice(0, 88 - 2 * bytes);

describe('decode', () => {
  it('reads a datagram field by field', async () => {
    const { code, stdout, stderr } = await runCli(['decode', SYN]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "  IPv4  10.0.0.1 > 10.0.0.2
          header length     5 words, 20 bytes
          type of service   0x00, DSCP 0, ECN 0
          total length      44 bytes
          identification    4660, 0x1234
          flags             DF
          fragment offset   0
          TTL               64
          protocol          6, TCP
          checksum          0x1496, correct
        TCP  40000 > 80
          sequence          1, 0x00000001
          acknowledgment    0, 0x00000000
          data offset       6 words, 24 bytes
          reserved          0
          flags             0x002, SYN
          window            64240
          checksum          0xeca1, correct
          urgent pointer    0
          option            mss 1460
          payload           0 bytes
        0000  45 00 00 2c 12 34 40 00  40 06 14 96 0a 00 00 01  E..,.4@.@.......
        0010  0a 00 00 02 9c 40 00 50  00 00 00 01 00 00 00 00  .....@.P........
        0020  60 02 fa f0 ec a1 00 00  02 04 05 b4              \`...........
      "
    `);
  });

  it('reads a segment without its datagram', async () => {
    const { code, lines } = await runCli(['decode', '--json', SYN.slice(45)]);
    expect(code).toBe(0);
    expect(lines[0]).toMatchObject({
      type: 'segment',
      sourcePort: 40_000,
      flags: ['SYN'],
      options: [{ kind: 2, name: 'mss', mss: 1460 }],
      checksum: 0xeca1,
    });
    // Without addresses there is nothing to judge it by.
    expect(lines[0]).not.toHaveProperty('checksumVerdict');
    expect(lines[0]).not.toHaveProperty('source');
    expect(lines[1]).toEqual({ type: 'result', datagrams: 1, stopped: 0, exitCode: 0 });
  });

  it('takes one datagram in many words, and - for stdin', async () => {
    const whole = await runCli(['decode', SYN]);
    expect(await runCli(['decode', ...SYN.split(' ')])).toEqual(whole);
    expect(await runCli(['decode', '-'], `${SYN}\n`)).toEqual(whole);
  });

  it('takes bytes for what they are said to be', async () => {
    expect((await runCli(['decode', '--tcp', '--json', SYN])).lines[0]).toMatchObject({
      type: 'segment',
      sourcePort: 0x4500,
      destinationPort: 44,
    });
    expect((await runCli(['decode', '--ip', '--json', SYN.slice(45)])).lines[0]).toMatchObject({
      type: 'datagram',
      stopped: { protocol: 'IPv4', offset: 0, reason: 'version 9, not 4' },
    });
  });

  it.each<[string, number, object, object]>([
    ['a cut in the IPv4 header', 30, { protocol: 'IPv4', offset: 14 }, { totalLength: 44, ttl: 64, ipChecksum: 0x1496 }],
    ['a cut in the TCP header', 14, { protocol: 'TCP', offset: 30 }, { source: '10.0.0.1', sourcePort: 40_000, seq: 1 }],
    [
      'a cut in the TCP options',
      2,
      { protocol: 'TCP', offset: 42 },
      { flags: ['SYN'], options: [{ kind: 2, name: 'malformed', bytes: '0204' }] },
    ],
  ])('gives what there is before %s, and where and why it stopped', async (_name, bytes, stopped, fields) => {
    const { code, lines } = await runCli(['decode', '--json', cut(bytes)]);
    expect(code).toBe(65);
    expect(lines[0]).toMatchObject({ ...fields, stopped: { ...stopped, reason: expect.stringContaining('cut off') } });
    expect(lines[1]).toMatchObject({ type: 'result', stopped: 1, exitCode: 65 });
    const text = await runCli(['decode', cut(bytes)]);
    expect(text.code).toBe(65);
    expect(text.stdout).toContain('Stopped');
  });

  it.each([
    ['correct', SYN, 'correct', 'correct'],
    ['left to a network card', SYN.replace('eca1', '1421'), 'correct', 'partial'],
    ['wrong', SYN.replace('eca1', 'eca2').replace('1496', '1497'), 'wrong', 'wrong'],
  ])('judges checksums: %s', async (_name, hex, ip, tcp) => {
    const { lines } = await runCli(['decode', '--json', hex]);
    expect(lines[0]).toMatchObject({ ipChecksumVerdict: ip, checksumVerdict: tcp });
  });

  it('judges the checksum of a segment whose data offset lies, but none of what is cut off', async () => {
    const lying = await runCli(['decode', '--json', SYN.replace('6002faf0 eca1', '3002faf0 1ca2')]);
    expect(lying.lines[0]).toMatchObject({ checksumVerdict: 'correct', stopped: { offset: 32, reason: 'data offset 3, less than 5' } });
    const [short] = (await runCli(['decode', '--json', cut(1)])).lines;
    expect(short).not.toHaveProperty('checksumVerdict');
  });

  it('reads an ICMP error and what it quotes', async () => {
    // 10.0.0.254 > 10.0.0.1: ICMP host 10.0.0.2 unreachable - admin prohibited filter
    const quote = SYN.replaceAll(' ', '').slice(0, 56);
    const icmp = `4500 0038 0000 0000 4001 65c7 0a0000fe 0a000001 030d ${checksumOf(`030d0000 00000000 ${quote}`)} 00000000 ${quote}`;
    const { code, lines } = await runCli(['decode', '--json', icmp]);
    expect(code).toBe(0);
    expect(lines[0]).toMatchObject({
      type: 'icmp',
      icmpType: 3,
      code: 13,
      name: 'admin-prohibited',
      checksumVerdict: 'correct',
      source: '10.0.0.254',
      quoted: { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 40_000, destinationPort: 80, seq: 1 },
    });
    expect((await runCli(['decode', icmp])).stdout).toMatch(
      /ICMP {2}admin-prohibited[\s\S]*Quoted IPv4 {2}10\.0\.0\.1 > 10\.0\.0\.2[\s\S]*Quoted TCP {2}40000 > 80/,
    );
  });

  describe('stdin', () => {
    it('holds a datagram a line, as hex or as JSON with it; other lines of JSON are passed over', async () => {
      const stdin = `${SYN}\n\n{"type":"start"}\n{"type":"segment","hex":"${SYN.replaceAll(' ', '')}"}\n  ${SYN.slice(45)}`;
      const { code, stdout } = await runCli(['decode', '--quiet'], stdin);
      expect(code).toBe(0);
      const line = '10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1, win 64240, options [mss 1460], length 0';
      expect(stdout.split('\n')).toEqual([line, line, '40000 > 80: Flags [S], seq 1, win 64240, options [mss 1460], length 0', '']);
    });

    it('that can not be read ends it there, with what came before', async () => {
      const { code, stdout, stderr } = await runCli(['decode', '--quiet'], `${SYN}\n\n45zz\n${SYN}\n`);
      expect(code).toBe(65);
      expect(stdout.split('\n')).toHaveLength(2);
      expect(stderr).toBe('rawshake: line 3: "z" is not a hex digit, at character 3: 45>z<z; give pairs of hex digits\n');
    });

    it.each([
      ['nothing', '', /stdin holds no datagram/],
      ['a line without end', 'ab'.repeat(1 << 20), /stdin: a line of more than 1048576 characters/],
      ['half a byte', '450', /line 1: an odd number of hex digits/],
      ['half a JSON', '{"hex":', /line 1: not JSON/],
    ])('of %s: 65', async (_name, stdin, line) => {
      const { code, stderr } = await runCli(['decode'], stdin);
      expect(code).toBe(65);
      expect(stderr).toMatch(line);
      expect(stderr).toMatch(/^rawshake: [^\n]+\n$/);
    });
  });

  it.each<[string, string[], number, RegExp]>([
    ['a stray character', ['4500_003c'], 65, /HEX: "_" is not a hex digit, at character 5: 4500>_<003c/],
    ['half a byte', ['450'], 65, /HEX: an odd number of hex digits/],
    ['no bytes', [''], 65, /HEX: no bytes/],
    ['--ip and --tcp', ['--ip', '--tcp', '45'], 64, /--ip and --tcp at once/],
  ])('refuses %s', async (_name, words, exitCode, line) => {
    const { code, stdout, stderr } = await runCli(['decode', ...words]);
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' });
    expect(stderr).toMatch(line);
  });
});

describe('send --dry-run', () => {
  const dryRun = (...words: string[]) => runCli(['send', '127.0.0.1', '80', '--dry-run', '--seed', '7', ...words]);

  it.each<[string, string[]]>([
    ['a SYN', []],
    ['every option', ['--tcp-option', '253/9:00', '--tcp-option', '0:dead', '--ip-options', 'record-route', '--data', 'hello', '--evil']],
    ['fragments', ['--fragment', '16', '--data-length', '50']],
    ['a data offset that lies', ['--data-offset', '3']],
    ['a sweep', ['--sweep', 'flags=0..15']],
    ['a whole segment', ['--hex', '9c40005000000001']],
  ])('writes lines that decode reads the same: %s', async (_name, words) => {
    const written = await (words[0] === '--hex'
      ? runCli(['send', '127.0.0.1', '--dry-run', '--json', ...words])
      : dryRun('--json', ...words));
    expect(written).toMatchObject({ code: 0, stderr: '' });
    const read = await runCli(['decode', '--json'], written.stdout);
    const withoutVariant = written.lines.slice(0, -1).map(({ variant: _, ...line }) => line);
    expect(withoutVariant.length).toBeGreaterThan(0);
    expect(read.lines.slice(0, -1)).toEqual(withoutVariant);
  });

  it('is the same again for a seed', async () => {
    expect((await dryRun()).stdout).toBe((await dryRun()).stdout);
    expect((await dryRun()).stdout).not.toBe((await dryRun('--seed', '8')).stdout);
  });

  it('writes every copy, each with its identification', async () => {
    const { lines } = await dryRun('--json', '--count', '3', '--ttl', '9');
    const ids = lines.slice(0, 3).map(({ ipId }) => ipId as number);
    expect(ids).toEqual([ids[0], (ids[0] as number) + 1, (ids[0] as number) + 2]);
    expect(lines[3]).toEqual({ type: 'result', datagrams: 3, stopped: 0, exitCode: 0 });
  });
});

/** RFC 1071, by hand. */
function checksumOf(digits: string): string {
  const bytes = Buffer.from(digits.replaceAll(' ', ''), 'hex');
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return (~sum & 0xffff).toString(16).padStart(4, '0');
}
