/** What both SYNs offer and what comes of it: MSS, window scale, illegal options, and the order of ours. */
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/wire/hex.ts';
import {
  KIND_END,
  KIND_FAST_OPEN,
  KIND_MSS,
  KIND_NOP,
  KIND_SACK_PERMITTED,
  KIND_TIMESTAMPS,
  KIND_WINDOW_SCALE,
  type TcpOption,
} from '../../src/wire/tcp-options.ts';
import { Script } from '../support/tcp-script.ts';
import { established, inState } from '../support/tcp-states.ts';

const mss = (value: number): TcpOption => ({ kind: KIND_MSS, name: 'mss', mss: value });
const scale = (shift: number): TcpOption => ({ kind: KIND_WINDOW_SCALE, name: 'window-scale', shift });
const TIMESTAMPS: TcpOption = { kind: KIND_TIMESTAMPS, name: 'timestamps', value: 100, echoReply: 0 };
const SACK_PERMITTED: TcpOption = { kind: KIND_SACK_PERMITTED, name: 'sack-permitted' };

describe('the MSS', () => {
  it.each([
    ['none', '', 536],
    ['0, which is none', '<mss 0>', 536],
    ['1', '<mss 1>', 1],
    ['100', '<mss 100>', 100],
    ['65535', '<mss 65535>', 1460],
  ])('of the peer, %s, makes segments', (_what, options, size) => {
    const t = established({}, `S. 0:0(0) ack 1 ${options}`.trim());
    t.write(size);
    t.sends(`P. 1:${1 + size}(${size}) ack 1`);
    expect(t.tcb.sndMss).toBe(size);
  });

  it('holds with the timestamps in the segment (RFC 6691)', () => {
    const t = established({ synOptions: [mss(1460), TIMESTAMPS] }, 'S. 0:0(0) ack 1 <mss 1000,TS val 1 ecr 100>');
    t.write(1000);
    t.sends('. 1:989(988) ack 1 <nop,nop,TS val 100 ecr 1>');
    t.sends('P. 989:1001(12) ack 1');
  });

  it('that leaves no room beside the timestamps still lets a byte through', () => {
    const t = established({ synOptions: [TIMESTAMPS] }, 'S. 0:0(0) ack 1 <mss 5,TS val 1 ecr 100>');
    t.write(2);
    t.sends('. 1:2(1) ack 1');
    t.sends('P. 2:3(1) ack 1');
  });

  it('is no more than the path takes', () => {
    const t = established({ maxSegmentBytes: 500 }, 'S. 0:0(0) ack 1 <mss 1460>');
    t.write(500);
    t.sends('P. 1:501(500) ack 1');
  });
});

describe('window scale (RFC 7323 §2)', () => {
  it('counts both ways once both have offered it, but in SYNs', () => {
    const t = established({ synOptions: [scale(3)], synWindow: 1000, receiveBufferBytes: 100_000 }, 'S. 0:0(0) ack 1 win 5 <wscale 7>');
    expect(t.tcb.sndWnd).toBe(5);
    t.gets('. 1:1(0) ack 1 win 5');
    expect(t.tcb.sndWnd).toBe(640);
    t.gets('P. 1:2(1) ack 1 win 5');
    t.sends('. 1:1(0) ack 2 win 12500');
    t.delivers(1);
  });

  it('counts the window that completes a passive open', () => {
    const t = inState('LISTEN', { synOptions: [scale(0)] });
    t.gets('S 0:0(0) win 9 <wscale 10>');
    t.sends('S. 0:0(0) ack 1 <wscale 0>');
    t.gets('. 1:1(0) ack 1 win 9');
    expect(t.tcb.sndWnd).toBe(9216);
  });

  it.each([
    ['the peer', [scale(7)], 'S. 0:0(0) ack 1 win 1000'],
    ['we', [], 'S. 0:0(0) ack 1 win 1000 <wscale 7>'],
  ])('does not count where %s did not offer it', (_who, synOptions, synAck) => {
    const t = established({ synOptions, receiveBufferBytes: 1 << 20 }, synAck);
    t.gets('P. 1:2(1) ack 1 win 1000');
    t.sends('. 1:1(0) ack 2 win 65535');
    t.delivers(1);
    expect(t.tcb.sndWnd).toBe(1000);
  });

  it.each([14, 15, 255])('of %i is 14 at most, ours and theirs', (shift) => {
    const t = new Script({ synOptions: [scale(shift)], receiveBufferBytes: 2 ** 31 });
    t.open();
    t.sends(`S 0:0(0) <wscale ${shift}>`);
    t.gets(`S. 0:0(0) ack 1 win 100 <wscale ${shift}>`);
    t.sends('. 1:1(0) ack 1 win 65535');
    t.gets('. 1:1(0) ack 1 win 65535');
    expect(t.tcb).toMatchObject({ sndWscale: 14, rcvWscale: 14, sndWnd: 65_535 * 2 ** 14, rcvWnd: 65_535 * 2 ** 14 });
  });

  it('never offers less than the SYN did', () => {
    const t = established({ synOptions: [scale(14)], synWindow: 20_000, receiveBufferBytes: 20_000 }, 'S. 0:0(0) ack 1 <wscale 0>');
    t.gets('P. 1:2(1) ack 1');
    t.sends('. 1:1(0) ack 2 win 2');
    t.delivers(1);
  });

  it('leaves a fixed window field as it is', () => {
    const t = established({ synOptions: [scale(2)], synWindow: 300, fixedWindow: true }, 'S. 0:0(0) ack 1 <wscale 0>');
    expect(t.tcb.rcvWnd).toBe(1200);
    t.gets('. 1:1201(1200) ack 1');
    t.sends('. 1:1(0) ack 1201 win 300');
    t.delivers(1200);
  });
});

describe('our SYN', () => {
  const all: TcpOption[] = [
    { kind: KIND_NOP, name: 'nop' },
    SACK_PERMITTED,
    TIMESTAMPS,
    { kind: 254, name: 'unknown', data: Uint8Array.of(1, 2) },
    { kind: KIND_NOP, name: 'nop' },
    scale(7),
    mss(1234),
    { kind: KIND_FAST_OPEN, name: 'fast-open', cookie: new Uint8Array() },
    { kind: KIND_END, name: 'end', padding: new Uint8Array() },
  ];
  const TEXT = 'nop,sackOK,TS val 100 ecr 0,unknown-254 0x0102,nop,wscale 7,mss 1234,tfo cookiereq,eol';

  it('has its options in the order given, again and again', () => {
    const t = new Script({ synOptions: all });
    t.open();
    expect(t.optionsSent()).toBe(TEXT);
    t.wait(1000);
    expect(t.optionsSent()).toBe(TEXT.replace('val 100', 'val 1100'));
  });

  it('echoes what it is told to, and begins with any timestamp', () => {
    const t = new Script({ synOptions: [{ ...TIMESTAMPS, value: 0x9000_0000, echoReply: 77 } as TcpOption] });
    t.open();
    expect(t.optionsSent()).toBe('TS val 2415919104 ecr 77');
  });

  it('as a SYN+ACK leaves out those that the peer did not offer, and echoes its timestamp', () => {
    const t = inState('LISTEN', { synOptions: all });
    t.gets('S 0:0(0) <TS val 77 ecr 0,sackOK,mss 1000>');
    expect(t.optionsSent()).toBe('nop,sackOK,TS val 100 ecr 77,unknown-254 0x0102,nop,mss 1234,tfo cookiereq,eol');
  });

  it('offers nothing where it has no options', () => {
    const t = established({ synOptions: [] }, 'S. 0:0(0) ack 1 <mss 1000,sackOK,wscale 7,TS val 1 ecr 2>');
    expect(t.tcb).toMatchObject({ sackOk: false, tsOk: false, scaleAgreed: false, sndMss: 1000 });
    t.write(1);
    t.sends('P. 1:2(1) ack 1 <>');
  });
});

describe('illegal options', () => {
  const malformed: TcpOption[] = [mss(1000), { kind: 3, name: 'malformed', bytes: fromHex('0300') }];

  it('are told, and the rest of the segment counts', () => {
    const t = inState('SYN-SENT');
    t.gets('S. 0:0(0) ack 1', { options: malformed });
    t.notes('malformed-options');
    t.sends('. 1:1(0) ack 1');
    t.gets('P. 1:11(10) ack 1', { options: malformed });
    t.notes('malformed-options');
    t.delivers(10);
    t.sends('. 1:1(0) ack 11');
    expect(t.tcb.sndMss).toBe(1000);
  });

  it('of a known kind and a wrong length are not read', () => {
    const t = inState('SYN-SENT');
    t.gets('S. 0:0(0) ack 1', { options: [{ kind: KIND_MSS, name: 'unknown', data: Uint8Array.of(5) }] });
    t.notes('malformed-options');
    t.sends('. 1:1(0) ack 1');
    expect(t.tcb.sndMss).toBe(536);
  });

  it('of an unknown kind are nothing to speak of', () => {
    const t = inState('SYN-SENT');
    t.gets('S. 0:0(0) ack 1', { options: [{ kind: 200, name: 'unknown', data: Uint8Array.of(5) }] });
    t.notes();
    t.sends('. 1:1(0) ack 1');
  });

  it('are told of a segment that counts for nothing else too', () => {
    const t = inState('ESTABLISHED');
    t.gets('R 5000:5000(0)', { options: malformed });
    t.notes('malformed-options', 'bad-rst');
    t.sends('. 1:1(0) ack 1');
  });
});
