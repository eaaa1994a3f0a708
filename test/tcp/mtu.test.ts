/** The path turns out to be narrower (RFC 1191): what was on its way is cut and sent again. */
import { describe, expect, it } from 'vitest';
import { KIND_MSS, KIND_SACK_PERMITTED, KIND_TIMESTAMPS, type TcpOption } from '../../src/wire/tcp-options.ts';
import { as, type Script, transmission } from '../support/tcp-script.ts';
import { established, inState } from '../support/tcp-states.ts';

const MSS: TcpOption = { kind: KIND_MSS, name: 'mss', mss: 1460 };

describe('a lower MTU', () => {
  it('cuts what is on its way, and what comes after it', () => {
    const t = inState('ESTABLISHED');
    t.write(2000);
    t.sends('. 1:1461(1460) ack 1');
    t.sends('P. 1461:2001(540) ack 1');
    t.mtu(500);
    t.sends('. 1:501(500) ack 1', as('retransmission'), transmission(2));
    t.sends('. 501:1001(500) ack 1', as('retransmission'), transmission(2));
    t.sends('. 1001:1461(460) ack 1', as('retransmission'), transmission(2));
    t.sends('. 1461:1961(500) ack 1', as('retransmission'));
    t.sends('P. 1961:2001(40) ack 1', as('retransmission'));
    t.gets('. 1:1(0) ack 2001');
    t.write(600);
    t.sends('. 2001:2501(500) ack 1', as(undefined));
    t.sends('P. 2501:2601(100) ack 1');
  });

  it('leaves on its way what was small enough', () => {
    const t = inState('ESTABLISHED');
    t.write(100);
    t.sends('P. 1:101(100) ack 1');
    t.write(1000);
    t.sends('P. 101:1101(1000) ack 1');
    t.mtu(600);
    t.sends('. 101:701(600) ack 1', as('retransmission'));
    t.sends('P. 701:1101(400) ack 1', as('retransmission'));
  });

  it('keeps the FIN on the last part', () => {
    const t = established({}, 'S. 0:0(0) ack 1 win 1000 <mss 1460>');
    t.write(1900);
    t.sends('. 1:1001(1000) ack 1');
    t.close();
    t.gets('. 1:1(0) ack 1001 win 2000');
    t.sends('FP. 1001:1901(900) ack 1');
    t.mtu(500);
    t.sends('. 1001:1501(500) ack 1');
    t.sends('FP. 1501:1901(400) ack 1');
    t.gets('. 1:1(0) ack 1902');
    expect(t.state).toBe('FIN-WAIT-2');
  });

  it('has room for timestamps', () => {
    const timestamps: TcpOption = { kind: KIND_TIMESTAMPS, name: 'timestamps', value: 1, echoReply: 0 };
    const t = established({ synOptions: [timestamps] }, 'S. 0:0(0) ack 1 <mss 1460,TS val 1 ecr 1>');
    t.mtu(100);
    t.write(100);
    t.sends('. 1:89(88) ack 1');
    t.sends('P. 89:101(12) ack 1');
  });

  it.each([28, 27, 0, -40])('of %i is no lower than 68 bytes of datagram', (maxSegmentBytes) => {
    const timestamps: TcpOption = { kind: KIND_TIMESTAMPS, name: 'timestamps', value: 1, echoReply: 0 };
    const t = established({ synOptions: [timestamps, { kind: KIND_SACK_PERMITTED, name: 'sack-permitted' }] }, SYN_ACK);
    t.mtu(maxSegmentBytes);
    t.write(16);
    t.sends('P. 1:17(16) ack 1');
    // Of the SACK blocks, what has room.
    for (const seq of [20, 40, 60]) t.getsUnwatched(`. ${seq}:${seq + 10}(10) ack 1 <TS val 1 ecr 1>`);
    t.gets('. 80:90(10) ack 17 <TS val 1 ecr 1>');
    t.sends('. 17:17(0) ack 1 <nop,nop,TS val 1 ecr 1,nop,nop,sack 80:90>');
  });

  it('does not become higher again', () => {
    const t = inState('ESTABLISHED');
    t.mtu(500);
    t.mtu(1400);
    t.write(600);
    t.sends('. 1:501(500) ack 1');
    t.sends('P. 501:601(100) ack 1');
  });

  it('learned before the handshake is through counts after it', () => {
    const t = inState('SYN-SENT');
    t.mtu(500);
    t.gets('S. 0:0(0) ack 1 <mss 1460>');
    t.sends('. 1:1(0) ack 1');
    t.write(600);
    t.sends('. 1:501(500) ack 1');
    t.sends('P. 501:601(100) ack 1');
  });

  it('leaves alone what the peer has by SACK', () => {
    const t = established(
      { synOptions: [MSS, { kind: KIND_SACK_PERMITTED, name: 'sack-permitted' }] },
      'S. 0:0(0) ack 1 <mss 1460,sackOK>',
    );
    t.write(2920);
    t.sends('. 1:1461(1460) ack 1');
    t.sends('P. 1461:2921(1460) ack 1');
    t.gets('. 1:1(0) ack 1 <sack 1461:2921>');
    t.mtu(1000);
    t.sends('. 1:1001(1000) ack 1', as('retransmission'));
    t.sends('. 1001:1461(460) ack 1', as('retransmission'));
    t.gets('. 1:1(0) ack 2921');
  });

  it('sends again no more than the congestion window lets through', () => {
    const t: Script = inState('ESTABLISHED');
    t.write(14_600);
    t.forget();
    t.wait(1000);
    t.sends('. 1:1461(1460) ack 1', as('retransmission'));
    t.mtu(730);
    t.sends('. 1:731(730) ack 1', as('retransmission'));
    t.sends('. 731:1461(730) ack 1', as('retransmission'));
    t.gets('. 1:1(0) ack 731');
    t.sends('. 1461:2191(730) ack 1', as('retransmission'));
    t.sends('. 2191:2921(730) ack 1', as('retransmission'));
  });
});

const SYN_ACK = 'S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 1 ecr 1>';
