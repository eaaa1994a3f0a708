/** SACK: the blocks that we send (RFC 2018 §4), and recovery by those that we get (RFC 6675). */
import { describe, expect, it } from 'vitest';
import { KIND_MSS, KIND_SACK_PERMITTED, KIND_TIMESTAMPS, type TcpOption } from '../../src/wire/tcp-options.ts';
import { as, type Script } from '../support/tcp-script.ts';
import { established } from '../support/tcp-states.ts';

const MSS: TcpOption = { kind: KIND_MSS, name: 'mss', mss: 1460 };
const SACK_PERMITTED: TcpOption = { kind: KIND_SACK_PERMITTED, name: 'sack-permitted' };
const TIMESTAMPS: TcpOption = { kind: KIND_TIMESTAMPS, name: 'timestamps', value: 100, echoReply: 0 };

const start = (peerOptions = 'mss 1000,sackOK'): Script =>
  established({ synOptions: [MSS, SACK_PERMITTED], userTimeoutUs: 600_000_000 }, `S. 0:0(0) ack 1 <${peerOptions}>`);

describe('the blocks that we send', () => {
  it('name what arrived out of order, the last first', () => {
    const t = start();
    t.gets('. 11:21(10) ack 1');
    t.notes('out-of-order');
    t.sends('. 1:1(0) ack 1 <nop,nop,sack 11:21>');
    t.gets('. 41:51(10) ack 1');
    t.sends('. 1:1(0) ack 1 <nop,nop,sack 41:51 11:21>');
    t.gets('. 61:71(10) ack 1');
    t.sends('. 1:1(0) ack 1 <nop,nop,sack 61:71 41:51 11:21>');
    // Grows the first block, which so is the last that something arrived for.
    t.gets('. 21:31(10) ack 1');
    t.sends('. 1:1(0) ack 1 <nop,nop,sack 11:31 61:71 41:51>');
    // Joins two.
    t.gets('. 31:41(10) ack 1');
    t.sends('. 1:1(0) ack 1 <nop,nop,sack 11:51 61:71>');
    t.gets('. 1:11(10) ack 1');
    t.sends('. 1:1(0) ack 51 <nop,nop,sack 61:71>');
    t.delivers(50);
    t.gets('. 51:61(10) ack 1');
    t.sends('. 1:1(0) ack 71 <>');
    t.delivers(20);
  });

  it('are four at most, the latest', () => {
    const t = start();
    for (const seq of [100, 200, 300, 400, 500]) t.getsUnwatched(`. ${seq}:${seq + 10}(10) ack 1`);
    t.gets('. 600:610(10) ack 1');
    t.sends('. 1:1(0) ack 1 <nop,nop,sack 600:610 500:510 400:410 300:310>');
  });

  it('are three at most beside timestamps', () => {
    const t = established({ synOptions: [SACK_PERMITTED, TIMESTAMPS] }, 'S. 0:0(0) ack 1 <sackOK,TS val 7 ecr 100>');
    for (const seq of [100, 200, 300]) t.getsUnwatched(`. ${seq}:${seq + 10}(10) ack 1 <TS val 7 ecr 100>`);
    t.gets('. 400:410(10) ack 1 <TS val 7 ecr 100>');
    t.sends('. 1:1(0) ack 1 <nop,nop,TS val 100 ecr 7,nop,nop,sack 400:410 300:310 200:210>');
  });

  it('name a segment that came twice once more', () => {
    const t = start();
    t.getsUnwatched('. 11:21(10) ack 1');
    t.getsUnwatched('. 41:51(10) ack 1');
    t.told('note');
    t.gets('. 11:21(10) ack 1');
    t.notes('duplicate');
    t.sends('. 1:1(0) ack 1 <nop,nop,sack 11:21 41:51>');
  });

  it('leave data alone, where they would make a full segment too large; a duplicate ACK follows', () => {
    const t = start();
    t.write(1500);
    t.sends('. 1:1001(1000) ack 1 <>');
    t.sends('P. 1001:1501(500) ack 1 <>');
    t.gets('. 11:21(10) ack 1');
    t.sends('. 1501:1501(0) ack 1 <nop,nop,sack 11:21>');
    t.write(1000);
    t.sends('P. 1501:2501(1000) ack 1 <>', as(undefined));
    t.gets('. 31:41(10) ack 2501');
    t.sends('. 2501:2501(0) ack 1 <nop,nop,sack 31:41 11:21>');
  });

  it('follow data that leave because of the same segment', () => {
    const t = start('mss 1000,sackOK');
    t.write(20_000);
    t.forget();
    t.gets('. 11:21(10) ack 1001');
    t.sends('. 10001:11001(1000) ack 1 <>');
    t.sends('. 11001:12001(1000) ack 1 <>');
    t.sends('. 12001:12001(0) ack 1 <nop,nop,sack 11:21>');
  });

  it('stand in our FIN', () => {
    const t = start();
    t.getsUnwatched('. 11:21(10) ack 1');
    t.close();
    t.sends('F. 1:1(0) ack 1 <nop,nop,sack 11:21>');
  });

  it.each([
    ['the peer', [SACK_PERMITTED], 'mss 1000'],
    ['we', [MSS], 'mss 1000,sackOK'],
  ])('are none where %s did not offer it', (_who, synOptions, peerOptions) => {
    const t = established({ synOptions }, `S. 0:0(0) ack 1 <${peerOptions}>`);
    t.gets('. 11:21(10) ack 1');
    t.sends('. 1:1(0) ack 1 <>');
  });
});

/** Ten segments of 1,000 bytes are on their way, and nothing else waits unless told. */
function inFlight(waiting = 0): Script {
  const t = start();
  t.write(10_000 + waiting);
  for (let seq = 1; seq < 10_000; seq += 1000) t.sends(`${seq === 9001 && waiting === 0 ? 'P' : ''}. ${seq}:${seq + 1000}(1000) ack 1`);
  return t;
}

describe('recovery by the blocks that we get', () => {
  it('holds a segment to be lost once three after it have arrived', () => {
    const t = inFlight();
    t.gets('. 1:1(0) ack 1 <sack 1001:2001>');
    t.gets('. 1:1(0) ack 1 <sack 1001:3001>');
    t.gets('. 1:1(0) ack 1 <sack 1001:4001>');
    t.sends('. 1:1001(1000) ack 1', as('retransmission'));
    expect(t.tcb).toMatchObject({ ssthresh: 5000, cwnd: 5000 });
    t.gets('. 1:1(0) ack 1 <sack 1001:5001>');
    t.gets('. 1:1(0) ack 10001');
    expect(t.watch.retransmissions).toBe(1);
  });

  it('needs no duplicate ACKs for that: one that names three is enough', () => {
    const t = inFlight();
    t.gets('. 1:1(0) ack 1 <sack 7001:10001>');
    // All seven are lost; half the flight may be on its way.
    for (let seq = 1; seq < 5000; seq += 1000) t.sends(`. ${seq}:${seq + 1000}(1000) ack 1`, as('retransmission'));
    t.gets('. 1:1(0) ack 1001 <sack 7001:10001>');
    t.sends('. 5001:6001(1000) ack 1', as('retransmission'));
    t.gets('. 1:1(0) ack 2001 <sack 7001:10001>');
    t.sends('. 6001:7001(1000) ack 1', as('retransmission'));
    t.gets('. 1:1(0) ack 10001');
    expect(t.watch.retransmissions).toBe(7);
  });

  it('repairs several holes at once, and nothing that arrived', () => {
    const t = inFlight();
    t.gets('. 1:1(0) ack 1 <sack 9001:10001 6001:8001 3001:5001>');
    t.sends('. 1:1001(1000) ack 1', as('retransmission'));
    t.sends('. 1001:2001(1000) ack 1', as('retransmission'));
    t.sends('. 2001:3001(1000) ack 1', as('retransmission'));
    t.sends('. 5001:6001(1000) ack 1', as('retransmission'));
    // Only one segment after it has arrived: 8001 may still be on its way.
    t.gets('. 1:1(0) ack 8001 <sack 9001:10001>');
    t.gets('. 1:1(0) ack 10001');
    expect(t.watch.retransmissions).toBe(4);
  });

  it('sends new data as the network empties', () => {
    const t = inFlight(5000);
    t.gets('. 1:1(0) ack 1 <sack 1001:4001>');
    t.sends('. 1:1001(1000) ack 1', as('retransmission'));
    // On their way: ten less three, and the one sent again; five may be.
    t.gets('. 1:1(0) ack 1 <sack 1001:5001>');
    t.gets('. 1:1(0) ack 1 <sack 1001:6001>');
    t.gets('. 1:1(0) ack 1 <sack 1001:7001>');
    t.sends('. 10001:11001(1000) ack 1', as(undefined));
    t.gets('. 1:1(0) ack 11001');
    t.sends('. 11001:12001(1000) ack 1', as(undefined));
    t.sends('. 12001:13001(1000) ack 1', as(undefined));
  });

  it('leaves a retransmission that was lost too to the timer', () => {
    const t = inFlight();
    t.gets('. 1:1(0) ack 1 <sack 1001:4001>');
    t.sends('. 1:1001(1000) ack 1', as('retransmission'));
    t.gets('. 1:1(0) ack 1 <sack 1001:10001>');
    t.wait(1000);
    t.sends('. 1:1001(1000) ack 1', as('retransmission'));
    // What was named may have been thrown away since (RFC 2018 §8): it is sent again unless named again.
    t.gets('. 1:1(0) ack 1001 <sack 1001:10001>');
    t.sendsNothing();
    t.gets('. 1:1(0) ack 10001');
    expect(t.watch.retransmissions).toBe(2);
  });

  it('sends again what the peer had and threw away', () => {
    const t = inFlight();
    t.gets('. 1:1(0) ack 1 <sack 1001:10001>');
    t.forget();
    t.wait(1000);
    t.sends('. 1:1001(1000) ack 1', as('retransmission'));
    t.gets('. 1:1(0) ack 1001');
    t.sends('. 1001:2001(1000) ack 1', as('retransmission'));
    t.sends('. 2001:3001(1000) ack 1', as('retransmission'));
  });

  it('takes the block of a duplicate (RFC 2883) for nothing', () => {
    const t = inFlight();
    t.gets('. 1:1(0) ack 5001 <sack 1:1001>');
    t.gets('. 1:1(0) ack 5001 <sack 1:1001 2001:3001>');
    t.sendsNothing();
    expect([...t.tcb.unacked].every(({ sacked }) => !sacked)).toBe(true);
  });

  it.each([
    ['past what was sent', 'sack 20001:30001'],
    ['before what is acknowledged', 'sack -9000:-8000'],
    ['from before what is acknowledged', 'sack -9000:5001 1:5001'],
    ['to past what was sent', 'sack 5001:10002'],
    ['the wrong way round', 'sack 9001:1001 4001:3001 5001:5001'],
    ['half a world wide', 'sack -1000000000:1000000000'],
    ['within segments', 'sack 1002:2000 2002:3000 3002:4000 4002:5000'],
  ])('takes blocks %s for nothing', (_what, blocks) => {
    const t = inFlight();
    for (let times = 0; times < 5; times++) t.gets(`. 1:1(0) ack 1 win ${60_000 + times} <${blocks}>`);
    t.sendsNothing();
    expect([...t.tcb.unacked].every(({ sacked }) => !sacked)).toBe(true);
  });

  it('reads no blocks where SACK was not agreed', () => {
    const t = established({ userTimeoutUs: 600_000_000 }, 'S. 0:0(0) ack 1 <mss 1000,sackOK>');
    t.write(10_000);
    t.forget();
    t.gets('. 1:1(0) ack 1 <sack 7001:10001>');
    expect([...t.tcb.unacked].every(({ sacked }) => !sacked)).toBe(true);
  });

  it('measures no round trip by a segment that was named before, even if its timestamp is echoed', () => {
    const t = established({ synOptions: [MSS, SACK_PERMITTED, TIMESTAMPS] }, 'S. 0:0(0) ack 1 <mss 1012,sackOK,TS val 7 ecr 100>');
    t.told('rtt');
    t.write(2000);
    t.sends('. 1:1001(1000) ack 1');
    t.sends('P. 1001:2001(1000) ack 1');
    t.wait(100);
    t.gets('. 1:1(0) ack 1 <TS val 7 ecr 100,sack 1001:2001>');
    t.wait(300);
    t.gets('. 1:1(0) ack 2001 <TS val 7 ecr 100>');
    expect(t.told('rtt')).toEqual([]);
  });

  it('measures no round trip by a segment that was named before', () => {
    const t = inFlight();
    t.told('rtt');
    t.wait(100);
    t.gets('. 1:1(0) ack 1 <sack 9001:10001>');
    t.wait(400);
    t.gets('. 1:1(0) ack 10001');
    expect(t.told('rtt')).toEqual([]);
  });
});
