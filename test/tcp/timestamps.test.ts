/** Timestamps and PAWS: RFC 7323 §3 to §5. */
import { describe, expect, it } from 'vitest';
import { KIND_TIMESTAMPS } from '../../src/wire/tcp-options.ts';
import { as, type Script, type ScriptConfig } from '../support/tcp-script.ts';
import { established, inState } from '../support/tcp-states.ts';

/** Both have offered timestamps; ours begin at 1,000, the peer's at `peer`. */
const start = (peer = 50, config: ScriptConfig = {}): Script =>
  established(
    { synOptions: [{ kind: KIND_TIMESTAMPS, name: 'timestamps', value: 1000, echoReply: 0 }], ...config },
    `S. 0:0(0) ack 1 <mss 1460,TS val ${peer} ecr 1000>`,
  );

describe('our timestamps', () => {
  it('count milliseconds from the value of the first SYN, and echo the peer', () => {
    const t = start();
    t.wait(123);
    t.write(10);
    t.sends('P. 1:11(10) ack 1 <nop,nop,TS val 1123 ecr 50>');
    t.wait(1000);
    t.sends('P. 1:11(10) ack 1 <nop,nop,TS val 2123 ecr 50>');
  });

  it('wrap', () => {
    const t = established(
      { synOptions: [{ kind: KIND_TIMESTAMPS, name: 'timestamps', value: 0xffff_ffff, echoReply: 0 }] },
      'S. 0:0(0) ack 1 <TS val 50 ecr 4294967295>',
    );
    t.wait(2);
    t.write(1);
    t.sends('P. 1:2(1) ack 1 <nop,nop,TS val 1 ecr 50>');
  });

  it('never go back, though an arrival bears the time it came', () => {
    const t = start();
    t.wait(20);
    t.write(10);
    t.sends('P. 1:11(10) ack 1 <nop,nop,TS val 1020 ecr 50>');
    // It came before we wrote, and is read after.
    t.nowUs -= 15_000;
    t.gets('P. 1:11(10) ack 1 <TS val 60 ecr 1000>');
    t.sends('. 11:11(0) ack 11 <nop,nop,TS val 1020 ecr 60>');
    t.delivers(10);
  });

  it('are in no segment unless both have offered them', () => {
    const t = established({}, 'S. 0:0(0) ack 1 <TS val 50 ecr 0>');
    t.write(1);
    t.sends('P. 1:2(1) ack 1 <>');
    t.gets('. 1:1(0) ack 2');
    t.notes();
  });
});

describe('the timestamp that we echo (§4.3)', () => {
  it('is that of the segment that continues what we acknowledged last', () => {
    const t = start();
    t.gets('. 1:11(10) ack 1 <TS val 60 ecr 1000>');
    t.sends('. 1:1(0) ack 11 <nop,nop,TS val 1000 ecr 60>');
    t.delivers(10);
    // Ahead of a gap: not this one.
    t.gets('. 21:31(10) ack 1 <TS val 70 ecr 1000>');
    t.sends('. 1:1(0) ack 11 <nop,nop,TS val 1000 ecr 60>');
    t.gets('. 11:21(10) ack 1 <TS val 80 ecr 1000>');
    t.sends('. 1:1(0) ack 31 <nop,nop,TS val 1000 ecr 80>');
    t.delivers(20);
  });

  it('is that of an ACK too', () => {
    const t = start();
    t.gets('. 1:1(0) ack 1 <TS val 60 ecr 1000>');
    t.write(1);
    t.sends('P. 1:2(1) ack 1 <nop,nop,TS val 1000 ecr 60>');
  });

  it('is not that of a duplicate', () => {
    const t = start();
    t.gets('. 1:11(10) ack 1 <TS val 60 ecr 1000>');
    t.sends('. 1:1(0) ack 11');
    t.delivers(10);
    t.gets('. 1:11(10) ack 1 <TS val 70 ecr 1000>');
    t.notes('duplicate');
    t.sends('. 1:1(0) ack 11 <nop,nop,TS val 1000 ecr 60>');
  });
});

describe('PAWS (§5)', () => {
  it.each([
    [50, 49],
    [0, 0xffff_ffff],
    [0x8000_0000, 1],
    [0xffff_fff0, 0xffff_ffef],
  ])('drops data older than %i, such as %i, and answers', (recent, old) => {
    const t = start(recent);
    t.gets(`. 1:11(10) ack 1 <TS val ${old} ecr 1000>`);
    t.notes('old-timestamp');
    t.delivers(0);
    t.sends(`. 1:1(0) ack 1 <nop,nop,TS val 1000 ecr ${recent}>`, as(undefined));
  });

  it.each([
    [50, 50],
    [0xffff_ffff, 0],
    [0xffff_fff0, 10],
    [1, 0x7fff_ffff],
  ])('takes data as old as %i or younger, such as %i', (recent, value) => {
    const t = start(recent);
    t.gets(`. 1:11(10) ack 1 <TS val ${value} ecr 1000>`);
    t.notes();
    t.delivers(10);
    t.sends(`. 1:1(0) ack 11 <nop,nop,TS val 1000 ecr ${value}>`);
  });

  it('drops an old ACK with all that it says, and answers as to a challenge', () => {
    const t = start();
    t.write(10);
    t.sends('P. 1:11(10) ack 1');
    t.gets('. 1:1(0) ack 11 <TS val 49 ecr 1000>');
    t.notes('old-timestamp');
    t.sends('. 11:11(0) ack 1', as('challenge-ack'));
    expect(t.sndUna).toBe(1);
  });

  it('drops a segment without timestamps, and says nothing (§3.2)', () => {
    const t = start();
    t.gets('. 1:11(10) ack 1');
    t.notes('no-timestamp');
    t.delivers(0);
    t.sendsNothing();
  });

  it('takes a RST whatever its timestamp', () => {
    for (const text of ['R 1:1(0)', 'R 1:1(0) <TS val 1 ecr 1>']) {
      const t = start();
      t.gets(text);
      t.ends('reset');
    }
  });

  it('guards the ACK of our SYN+ACK too', () => {
    const t = inState('LISTEN', { synOptions: [{ kind: KIND_TIMESTAMPS, name: 'timestamps', value: 1, echoReply: 0 }] });
    t.gets('S 0:0(0) <TS val 50 ecr 0>');
    t.sends('S. 0:0(0) ack 1 <TS val 1 ecr 50>');
    t.gets('. 1:1(0) ack 1');
    t.notes('no-timestamp');
    t.gets('. 1:1(0) ack 1 <TS val 49 ecr 1>');
    t.notes('old-timestamp');
    t.sends('. 1:1(0) ack 1');
    expect(t.state).toBe('SYN-RECEIVED');
    t.gets('. 1:1(0) ack 1 <TS val 51 ecr 1>');
    expect(t.state).toBe('ESTABLISHED');
  });

  it('lets an old duplicate from before a wrap of the numbers not pass for new data', () => {
    const t = start();
    t.gets('. 1:11(10) ack 1 <TS val 5000 ecr 1000>');
    t.sends('. 1:1(0) ack 11');
    t.delivers(10);
    // 2^32 numbers ago these were the next ones.
    t.gets('. 11:21(10) ack 1 <TS val 51 ecr 1000>', { payload: new Uint8Array(10).fill(255) });
    t.notes('old-timestamp');
    t.delivers(0);
    t.sends('. 1:1(0) ack 11');
  });
});
