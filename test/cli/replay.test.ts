/** `replay` at the command line: what is drawn, what is listed, and what is said of a question that has no answer. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACK, SYN } from '../../src/wire/flags.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { encodePacket } from '../../src/wire/packet.ts';
import { PcapngEncoder } from '../../src/wire/pcapng.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';
import { runCli } from '../support/cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'rawshake-test-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Handshakes of so many conversations, all begun before the first is answered. */
function capture(conversations: number): Uint8Array {
  const encoder = new PcapngEncoder();
  const blocks = [encoder.sectionHeader({}), encoder.interfaceDescription({ linkType: 101 })];
  let timeNs = 1_767_323_045_000_000_000n;
  const put = (fromClient: boolean, client: number, flags: number, seq: number, ack: number) => {
    const [source, destination] = fromClient ? [0x0a000001, 0x0a000002] : [0x0a000002, 0x0a000001];
    const [sourcePort, destinationPort] = fromClient ? [client, 80] : [80, client];
    const bytes = encodePacket({
      ip: ipv4Header({ source, destination }),
      tcp: tcpSegment({ sourcePort, destinationPort, flags, seq, ack }),
    });
    blocks.push(encoder.enhancedPacket({ interfaceId: 0, timeNs, bytes }));
    timeNs += 1000n;
  };
  const clients = Array.from({ length: conversations }, (_, i) => 40_001 + i);
  for (const client of clients) put(true, client, SYN, client, 0);
  for (const client of clients) put(false, client, SYN | ACK, 7, client + 1);
  for (const client of clients) put(true, client, ACK, client + 1, 8);
  return Uint8Array.from(blocks.flatMap((block) => [...block]));
}

describe('replay', () => {
  const few = join(directory, 'few.pcapng');
  const many = join(directory, 'many.pcapng');
  beforeAll(() => {
    writeFileSync(few, capture(2));
    writeFileSync(many, capture(9));
  });

  it('draws a few conversations, one after the other, however they were interleaved', async () => {
    const { code, stdout, stderr } = await runCli(['replay', few]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.match(/^conversation .*/gm)).toEqual([
      'conversation 1: 10.0.0.1:40001 -> 10.0.0.2:80, 2026-01-02T03:04:05.000Z',
      'conversation 2: 10.0.0.1:40002 -> 10.0.0.2:80, 2026-01-02T03:04:05.000Z',
    ]);
    expect(stdout.match(/ESTABLISHED {2}\|/g)).toHaveLength(4);
    expect(stdout).toContain('close       none, open where the capture ends, final state ESTABLISHED');
    expect(stdout).toMatch(/capture +\S+, pcapng, 6\s+packets,\s+2 TCP conversations\n$/);
  });

  it('lists more than 8 of them, or where asked to', async () => {
    const { stdout } = await runCli(['replay', many]);
    expect(stdout.match(/^ {2}\d {2}.*/gm)).toHaveLength(9);
    expect(stdout).not.toContain('conversation 1:');
    expect(stdout).toContain('to draw one add --conversation N');
    const listed = (await runCli(['replay', few, '--list'])).stdout;
    expect(listed.match(/^ {2}\d {2}.*/gm)).toEqual([
      expect.stringMatching(/^ {2}1 .*10\.0\.0\.1:40001 {2}10\.0\.0\.2:80 {3}0 B {7}0 B {2}4\.00 us {2}open$/),
      expect.stringMatching(/^ {2}2 /),
    ]);
  });

  it('draws those that were asked for', async () => {
    const { stdout } = await runCli(['replay', many, '--conversation', '9', '--conversation', '3', '--explain']);
    expect(stdout.match(/^conversation \d/gm)).toEqual(['conversation 3', 'conversation 9']);
    expect(stdout).toContain('Told from the side that began it');
    const [port] = (await runCli(['replay', many, '--port', '40005', '-q'])).stdout.split('\n');
    expect(port).toBe('5  10.0.0.1:40005  open  10.0.0.2:80  syn-ack  rtt 9.00 us  open where the capture ends, ESTABLISHED');
    expect((await runCli(['replay', many, '--address', '192.0.2.1', '-q'])).stdout).toBe('');
  });

  it('says so where none is as asked for', async () => {
    const { code, stdout } = await runCli(['replay', many, '--port', '9']);
    expect([code, stdout.split('\n').at(-2)]).toEqual([0, '  shown       none: no conversation is as asked for']);
  });

  it('prints a line of JSON each, and of each conversation a result', async () => {
    const { lines } = await runCli(['replay', few, '--json']);
    const results = lines.filter(({ type }) => type === 'result');
    expect(results.map(({ conversation, exitCode }) => [conversation, exitCode])).toEqual([
      [1, 0],
      [2, 0],
      [undefined, 0],
    ]);
    expect(lines.slice(0, -1).every(({ conversation }) => conversation === 1 || conversation === 2)).toBe(true);
  });

  it.each([
    [['--conversation', '3'], /--conversation: there is no 3 in ".*"; it has 2; --list shows them/],
    [['--conversation', 'x'], /--conversation: "x" is not a whole number/],
    [['--address', 'host'], /--address: /],
  ])('%s is a question without an answer', async (options, message) => {
    const { code, stderr } = await runCli(['replay', few, ...options]);
    expect(code).toBe(64);
    expect(stderr).toMatch(message);
  });
});
