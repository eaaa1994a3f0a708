/** What a script knows of both streams: where the next bytes begin, what has come before, and what is still open. */
import { describe, expect, it } from 'vitest';
import { Exchange } from '../../../src/plan/script/exchange.ts';
import { ACK, FIN, RST, SYN } from '../../../src/wire/flags.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import { type TcpSegment, tcpSegment } from '../../../src/wire/tcp.ts';

const ISS = 0xfffffffe;
const IRS = 0xfffffff0;

const segment = (fields: Partial<TcpSegment>) => tcpSegment({ sourcePort: 1, destinationPort: 2, flags: ACK, ...fields });
const ours = (seq: number, fields: Partial<TcpSegment> = {}) => segment({ seq: seqAdd(ISS, seq), ack: seqAdd(IRS, 1), ...fields });
const theirs = (seq: number, fields: Partial<TcpSegment> = {}) => segment({ seq: seqAdd(IRS, seq), ack: seqAdd(ISS, 1), ...fields });
const bytes = (length: number) => ({ payload: new Uint8Array(length) });

/** After the handshake. */
function established(): Exchange {
  const exchange = new Exchange(ISS);
  exchange.sends(segment({ flags: SYN, seq: ISS }), true);
  exchange.hears(theirs(0, { flags: SYN | ACK }));
  exchange.sends(ours(1), true);
  return exchange;
}

describe('what the peer sends', () => {
  it('is next in order once all before it has come', () => {
    const exchange = established();
    exchange.hears(theirs(11, bytes(10)));
    exchange.hears(theirs(31, bytes(10)));
    expect(exchange.rcvNxt).toBe(seqAdd(IRS, 1));
    exchange.hears(theirs(1, bytes(10)));
    expect(exchange.rcvNxt).toBe(seqAdd(IRS, 21));
    exchange.hears(theirs(21, bytes(10)));
    expect(exchange.rcvNxt).toBe(seqAdd(IRS, 41));
  });

  it.each<[string, number, number, 'retransmission' | undefined]>([
    ['all that was taken', 1, 10, 'retransmission'],
    ['a part of what was taken', 3, 2, 'retransmission'],
    ['what waits for what is missing', 21, 10, 'retransmission'],
    ['a part of that', 23, 5, 'retransmission'],
    ['more than that at its end', 25, 10, undefined],
    ['more than that before it', 15, 10, undefined],
    ['what was missing', 11, 10, undefined],
    ['more than what was taken', 5, 10, undefined],
  ])('comes again or not: %s', (_what, seq, length, note) => {
    const exchange = established();
    exchange.hears(theirs(1, bytes(10)));
    exchange.hears(theirs(21, bytes(10)));
    expect(exchange.hears(theirs(seq, bytes(length)))).toBe(note);
  });

  it('is followed however often pieces come in the wrong order', () => {
    const exchange = established();
    for (let at = 1; at < 20_000; at += 2) {
      expect(exchange.hears(theirs(at + 1, bytes(1)))).toBeUndefined();
      expect(exchange.hears(theirs(at, bytes(1)))).toBeUndefined();
      expect(exchange.rcvNxt).toBe(seqAdd(IRS, at + 2));
    }
  });

  it('is a duplicate where it has no length and all its numbers came before', () => {
    const exchange = established();
    expect(exchange.hears(theirs(1))).toBeUndefined();
    expect(exchange.hears(theirs(1))).toBe('duplicate');
    expect(exchange.hears(theirs(1, { window: 9 }))).toBeUndefined();
    expect(exchange.hears(theirs(1, { ack: seqAdd(ISS, 2) }))).toBeUndefined();
  });
});

describe('what is open', () => {
  it('is reset where the peer may expect our next byte (RFC 5961 §3.2)', () => {
    const exchange = established();
    expect(exchange.resets).toEqual([seqAdd(ISS, 1)]);
    exchange.sends(ours(1, bytes(5)), true);
    expect(exchange.resets).toEqual([seqAdd(ISS, 1), seqAdd(ISS, 6)]);
    exchange.hears(theirs(1, { ack: seqAdd(ISS, 6) }));
    expect(exchange.resets).toEqual([seqAdd(ISS, 6)]);
  });

  it('is nothing before the peer has answered, and after a reset of either side', () => {
    expect(new Exchange(ISS).isOpen).toBe(false);
    const byUs = established();
    byUs.sends(ours(7, { flags: RST }), true);
    expect(byUs.isOpen).toBe(true);
    byUs.sends(ours(1, { flags: RST }), false);
    expect(byUs.isOpen).toBe(true);
    byUs.sends(ours(1, { flags: RST }), true);
    expect(byUs.isOpen).toBe(false);
    const byThem = established();
    byThem.hears(theirs(9, { flags: RST }));
    expect(byThem.isOpen).toBe(true);
    byThem.hears(theirs(1, { flags: RST }));
    expect(byThem.isOpen).toBe(false);
  });

  it('is over when both FINs are acknowledged, and not before (RFC 9293 §3.6)', () => {
    const exchange = established();
    exchange.sends(ours(1, { flags: FIN | ACK }), true);
    expect(exchange.isOpen).toBe(true);
    exchange.hears(theirs(1, { flags: FIN | ACK, ack: seqAdd(ISS, 2) }));
    expect(exchange.isOpen).toBe(true);
    exchange.sends(ours(2, { ack: seqAdd(IRS, 2) }), true);
    expect(exchange.isOpen).toBe(false);
    expect(exchange.resets).toEqual([]);
  });
});
