/** Every kind of close, against kernels that close first, last, at once or not at all. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { type Capture, resetsFrom, startCapture } from '../support/capture.ts';
import type { Lines } from '../support/lines.ts';
import { createPair, type Network } from '../support/netns.ts';
import { captureRawshake, type Run, rawshake, startRawshake } from '../support/rawshake.ts';
import { type ServerEvent, startNginx, startServers } from '../support/servers.ts';

const OPENING = ['CLOSED', 'SYN-SENT', 'ESTABLISHED'];
const ACTIVE = [...OPENING, 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT'];
const PASSIVE = [...OPENING, 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED'];
const SIMULTANEOUS = [...OPENING, 'FIN-WAIT-1', 'CLOSING', 'TIME-WAIT'];

const ECHO = '7';
const NEVER_CLOSES = '9';
const CLOSES_AT_ONCE = '13';
const CLOSES_ON_REQUEST = '14';
const CLOSES_LATER = '15';
const SPEAKS_AFTER_FIN = '16';
const RESETS = '17';
const RESETS_AT_ONCE = '18';

describeNeeding(['namespaces'], 'close', () => {
  let network: Network;
  let servers: Lines<ServerEvent>;

  beforeAll(async () => {
    network = createPair();
    servers = await startServers(network.server, {
      [ECHO]: 'echo',
      [NEVER_CLOSES]: 'never-close',
      [CLOSES_AT_ONCE]: 'send-and-close',
      [CLOSES_ON_REQUEST]: 'close-on-request',
      [CLOSES_LATER]: 'close-later',
      [SPEAKS_AFTER_FIN]: 'after-fin',
      [RESETS]: 'reset',
      [RESETS_AT_ONCE]: 'reset-at-once',
    });
    await startNginx(network.server);
  });
  afterAll(() => network.remove());

  const connect = (port: string, ...options: string[]): Promise<{ run: Run; capture: Capture }> =>
    captureRawshake(network.client, ['connect', network.serverAddress, port, '--json', '--time-wait', '0.2', ...options]);

  /** What the server made of the run's connection. */
  const atServer = (run: Run, event: ServerEvent['event']): Promise<ServerEvent> => {
    const port = run.of('start')[0]?.sourcePort;
    return servers.first(`${event} of ${port}`, (line) => line.event === event && line.remotePort === port);
  };

  const expectNoReset = (capture: Capture) => expect(capture.packets(resetsFrom(network.clientAddress))).toEqual([]);

  /** Every state the result lists was told when it was entered, and beside the segment that led there. */
  const expectToldStates = (run: Run) => {
    const told = run.of('state');
    expect(['CLOSED', ...told.map(({ to }) => to)]).toEqual(run.result.states);
    for (const [index, { from }] of told.entries()) expect(from).toBe(run.result.states?.[index]);
  };

  describe('active', () => {
    it.each([
      ['a server that closes after us', ECHO, []],
      ['a server that closes after us, with data', ECHO, ['--data', 'hello', '--idle', '0.2']],
      ['nginx, which keeps the connection alive', '80', ['--data', 'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n', '--idle', '0.2']],
    ])('%s', async (_name, port, options) => {
      const { run, capture } = await connect(port, ...options);
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.result).toMatchObject({ verdict: 'open', reason: 'syn-ack', states: ACTIVE, retransmissions: 0, exitCode: 0 });
      expect(run.result.close).toMatchObject({ kind: 'active', initiator: 'local', completed: true, finalState: 'TIME-WAIT' });
      expectToldStates(run);
      expectNoReset(capture);
    });

    it('is the default, and stays in TIME-WAIT for a while', async () => {
      const startedAt = performance.now();
      const run = await rawshake(network.client, ['connect', network.serverAddress, ECHO, '--json']);
      expect(run.result.close?.kind).toBe('active');
      expect(performance.now() - startedAt).toBeGreaterThan(1000);
    });

    it('runs passively where the peer is first: nginx after HTTP/1.0', async () => {
      const { run, capture } = await connect('80', '--data', 'GET / HTTP/1.0\\r\\n\\r\\n');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.result.states).toEqual(PASSIVE);
      expect(run.result.close).toMatchObject({ kind: 'active', initiator: 'peer', completed: true, finalState: 'CLOSED' });
      expectToldStates(run);
      expectNoReset(capture);
    });

    it('is not complete where the peer never closes', async () => {
      const { run, capture } = await connect(NEVER_CLOSES, '--timeout', '1');
      expect(run).toMatchObject({ code: 3, stderr: '' });
      expect(run.result).toMatchObject({ verdict: 'open', ended: 'timeout', exitCode: 3 });
      expect(run.result.close).toMatchObject({ kind: 'active', initiator: 'local', completed: false });
      expect(run.result.states?.slice(0, 5)).toEqual([...OPENING, 'FIN-WAIT-1', 'FIN-WAIT-2']);
      expect(capture.packets(resetsFrom(network.clientAddress))).toHaveLength(1);
    });

    it('is not complete where the peer resets', async () => {
      const { run, capture } = await connect(RESETS, '--data', 'now');
      expect(run).toMatchObject({ code: 3, stderr: '' });
      expect(run.result).toMatchObject({ verdict: 'open', ended: 'reset-by-peer' });
      expect(run.result.close).toMatchObject({ initiator: 'peer', completed: false, finalState: 'CLOSED' });
      expect(run.of('note').map(({ code }) => code)).toContain('reset-by-peer');
      expectNoReset(capture);
    });

    it('tells a reset right after the handshake from a closed port', async () => {
      const { run } = await connect(RESETS_AT_ONCE, '--close', 'passive');
      expect(run).toMatchObject({ code: 3, stderr: '' });
      expect(run.result).toMatchObject({ verdict: 'open', reason: 'syn-ack', ended: 'reset-by-peer' });
    });
  });

  describe('passive', () => {
    it.each([
      ['a server that closes at once', CLOSES_AT_ONCE, [], 22],
      ['a server that closes when asked to', CLOSES_ON_REQUEST, ['--data', 'close, please'], 13],
      ['a server that closes later', CLOSES_LATER, [], 0],
    ])('%s', async (_name, port, options, receivedBytes) => {
      const { run, capture } = await connect(port, '--close', 'passive', ...options);
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.result).toMatchObject({ verdict: 'open', states: PASSIVE });
      expect(run.result.close).toMatchObject({ kind: 'passive', initiator: 'peer', completed: true, finalState: 'CLOSED' });
      expect(run.result.data?.receivedBytes).toBe(receivedBytes);
      expectToldStates(run);
      expectNoReset(capture);
      await atServer(run, 'close');
    });

    it('nginx, asked to close', async () => {
      const { run, capture } = await connect(
        '80',
        '--data',
        'GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n',
        '--close',
        'passive',
      );
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.result.states).toEqual(PASSIVE);
      expect(run.result.data?.receivedBytes).toBeGreaterThan(100);
      expectNoReset(capture);
    });

    it('gives up and resets where no FIN comes in time', async () => {
      const { run, capture } = await connect(NEVER_CLOSES, '--close', 'passive', '--timeout', '1');
      expect(run).toMatchObject({ code: 3, stderr: '' });
      expect(run.result).toMatchObject({ verdict: 'open', ended: 'timeout', exitCode: 3 });
      expect(run.result.close).toMatchObject({ kind: 'passive', completed: false, finalState: 'CLOSED' });
      expect(capture.packets(resetsFrom(network.clientAddress))).toHaveLength(1);
      expect(await atServer(run, 'error')).toMatchObject({ code: 'ECONNRESET' });
    });
  });

  describe('half', () => {
    it('goes on receiving after our FIN', async () => {
      const { run, capture } = await connect(SPEAKS_AFTER_FIN, '--close', 'half', '--data', 'over to you');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.result).toMatchObject({ verdict: 'open', states: ACTIVE });
      expect(run.result.close).toMatchObject({ kind: 'half', initiator: 'local', completed: true, finalState: 'TIME-WAIT' });
      expect(run.result.data).toMatchObject({ sentBytes: 11, ackedBytes: 11, receivedBytes: 14 });
      const fin = run.of('segment').findIndex(({ direction, flags }) => direction === 'sent' && flags.includes('FIN'));
      const data = run.of('segment').findIndex(({ direction, length }) => direction === 'received' && length > 0);
      expect(fin).toBeGreaterThan(0);
      expect(data).toBeGreaterThan(fin);
      expectToldStates(run);
      expectNoReset(capture);
    });

    it('without data', async () => {
      const { run, capture } = await connect(SPEAKS_AFTER_FIN, '--close', 'half');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.result.states).toEqual(ACTIVE);
      expect(run.result.data?.receivedBytes).toBe(14);
      expectNoReset(capture);
    });

    it('gives up and resets where no FIN comes in time', async () => {
      const { run } = await connect(NEVER_CLOSES, '--close', 'half', '--timeout', '1');
      expect(run).toMatchObject({ code: 3, stderr: '' });
      expect(run.result.close).toMatchObject({ kind: 'half', initiator: 'local', completed: false });
    });
  });

  describe('simultaneous', () => {
    it.each([
      ['a server that closes at once', CLOSES_AT_ONCE, []],
      ['a server that closes when asked to', CLOSES_ON_REQUEST, ['--data', 'close, please']],
      ['nginx', '80', ['--data', 'GET / HTTP/1.0\\r\\n\\r\\n']],
    ])('%s', async (_name, port, options) => {
      const { run, capture } = await connect(port, '--close', 'simultaneous', ...options);
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.result).toMatchObject({ verdict: 'open', states: SIMULTANEOUS });
      expect(run.result.close).toMatchObject({ kind: 'simultaneous', completed: true, finalState: 'TIME-WAIT' });
      expectToldStates(run);
      expectNoReset(capture);
      // Neither FIN acknowledges the other: they cross.
      const fins = run.of('segment').filter(({ flags }) => flags.includes('FIN'));
      const ours = fins.find(({ direction }) => direction === 'sent');
      const theirs = fins.find(({ direction }) => direction === 'received');
      expect(ours?.relativeAck).toBeLessThanOrEqual((theirs?.relativeSeq ?? 0) + (theirs?.length ?? 0));
      expect(theirs?.relativeAck).toBeLessThanOrEqual((ours?.relativeSeq ?? 0) + (ours?.length ?? 0));
    });
  });

  describe('reset', () => {
    it('sends one RST with the exact sequence number', async () => {
      const { run, capture } = await connect(ECHO, '--close', 'reset', '--data', 'hello', '--idle', '0.2');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.result.states).toEqual([...OPENING, 'CLOSED']);
      expect(run.result.close).toMatchObject({ kind: 'reset', initiator: 'local', completed: true, finalState: 'CLOSED' });
      expect(run.of('segment').at(-1)).toMatchObject({ direction: 'sent', relativeSeq: 6 });
      expect(run.of('segment').at(-1)?.flags).toContain('RST');
      expect(capture.packets(resetsFrom(network.clientAddress))).toHaveLength(1);
      expect(await atServer(run, 'error')).toMatchObject({ code: 'ECONNRESET' });
    });
  });

  describe('none', () => {
    it('says nothing more and says so', async () => {
      const { run, capture } = await connect(NEVER_CLOSES, '--close', 'none', '--data', 'hello', '--idle', '0.2');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.result).toMatchObject({ verdict: 'open', states: OPENING, exitCode: 0 });
      expect(run.result.close).toMatchObject({ kind: 'none', completed: false, finalState: 'ESTABLISHED' });
      expect(run.result.close?.initiator).toBeUndefined();
      expect(run.of('note').map(({ code }) => code)).toContain('guard-released');
      expect(capture.packets(`src host ${network.clientAddress} and tcp[tcpflags] & (tcp-fin|tcp-rst) != 0`)).toEqual([]);
    });

    it('keeps the guard for --hold seconds', async () => {
      const capture = await startCapture(network.client);
      const run = startRawshake(network.client, [
        'connect',
        network.serverAddress,
        CLOSES_LATER,
        '--json',
        '--close',
        'none',
        '--hold',
        '2',
      ]);
      const start = await run.first('the start', ({ type }) => type === 'start');
      await run.first(
        'the FIN of the peer',
        (line) => line.type === 'segment' && line.direction === 'received' && line.flags.includes('FIN'),
      );
      // Long enough for its first retransmission.
      await new Promise((resolve) => setTimeout(resolve, 500));
      await capture.stop();
      expect(network.client.listeners()).toContain(`:${start.type === 'start' && start.sourcePort} `);
      expect(capture.packets(resetsFrom(network.clientAddress))).toEqual([]);
      expect(capture.packets(`src host ${network.serverAddress} and tcp[tcpflags] & tcp-fin != 0`).length).toBeGreaterThan(1);
      expect((await run.finished).code).toBe(0);
      expect(network.client.listeners()).toBe('');
    });
  });

  it('every time of the close is told and in order', async () => {
    const { run } = await connect(ECHO, '--data', 'hello', '--idle', '0.2');
    const times = run.lines.flatMap((line) => ('atUs' in line ? [line.atUs] : []));
    expect(times.length).toBeGreaterThan(8);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
    const segments = run.of('segment');
    expect(segments[0]).toMatchObject({ direction: 'sent', flags: ['SYN'], atUs: 0, relativeSeq: 0, state: 'SYN-SENT' });
    expect(run.result.rttUs).toBeGreaterThan(0);
    expect(run.result.rttUs).toBeLessThan(100_000);
    expect(run.result.close?.durationUs).toBeGreaterThan(0);
  });
});
