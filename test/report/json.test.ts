import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NetError } from '../../src/net/errors.ts';
import type { ConnectResult } from '../../src/probe/events.ts';
import { resultLine, toJson } from '../../src/report/json.ts';
import { active, change, hostile, ISS, icmp, note, received, result, sent, start, text } from './conversations.ts';

describe('toJson', () => {
  test('start', () => {
    expect(toJson(start())).toBe(
      '{"type":"start","schema":1,"version":"0.1.0","command":"connect","host":"example.com","address":"10.0.0.2","port":80,' +
        '"sourceAddress":"10.0.0.1","sourcePort":51234,"startedAt":"2026-01-02T03:04:05.678Z",' +
        '"clock":{"transmit":"kernel","receive":"kernel"},"guard":"socket"}\n',
    );
  });

  test('a segment, without what is undefined and without its payload', () => {
    expect(toJson(sent(402.123456, 'PSH+ACK', 1, 1, 'ESTABLISHED', { payload: text('hello') }))).toBe(
      '{"type":"segment","direction":"sent","atUs":402.123,"flags":["ACK","PSH"],"seq":4294967281,"ack":4294967295,"relativeSeq":1,' +
        '"relativeAck":1,"window":502,"urgent":0,"length":5,"options":[],"ttl":64,"ipId":6699,"state":"ESTABLISHED","transmission":1}\n',
    );
  });

  // Those of a file are in a Buffer, which has its own idea of JSON.
  test.each([Uint8Array, Buffer])('the bytes of an option are hex digits, in a %o', (kind) => {
    const segment = received(1, 'ACK', 1, 1, 'ESTABLISHED', {
      options: [{ kind: 34, name: 'fast-open', cookie: kind.from([0xca, 0xfe, 0, 1]) }],
    });
    expect(JSON.parse(toJson(segment) as string).options).toEqual([{ kind: 34, name: 'fast-open', cookie: 'cafe0001' }]);
  });

  test('state, icmp and note', () => {
    expect(toJson(change(2, 'TIME-WAIT', 'CLOSED', 'over'))).toBe(
      '{"type":"state","from":"TIME-WAIT","to":"CLOSED","atUs":2,"cause":"over"}\n',
    );
    expect(toJson(icmp(411, 3, 13, 'admin-prohibited', '192.0.2.254'))).toBe(
      `{"type":"icmp","icmpType":3,"code":13,"name":"admin-prohibited","from":"192.0.2.254","atUs":411,"seq":${ISS}}\n`,
    );
    expect(toJson(note(5, 'ignored', 'Text.'))).toBe('{"type":"note","atUs":5,"code":"ignored","text":"Text."}\n');
  });

  test('data are left out', () => expect(toJson({ type: 'data', atUs: 1, payload: text('x') })).toBeUndefined());

  test('nothing from outside comes through raw', () => {
    for (const event of hostile()) {
      if (event.type !== 'result') expect(toJson(event)).toMatch(/^[\x20-\x7e]*\n$/);
    }
  });

  test('any number is written as one that JSON has, to a thousandth', () => {
    fc.assert(
      fc.property(fc.double(), (atUs) => {
        const line = toJson(note(atUs, 'ignored', '')) as string;
        expect(line).not.toMatch(/-0[,}]|NaN|null/);
        const read = JSON.parse(line).atUs;
        if (Number.isFinite(atUs)) expect(Math.abs(read - atUs)).toBeLessThanOrEqual(0.0005 + Math.abs(atUs) * 1e-15);
        else expect(read).toBeUndefined();
      }),
    );
  });
});

describe('resultLine', () => {
  test('the result and the exit code', () => {
    const last = active().at(-1) as ConnectResult;
    expect(resultLine(last, 0)).toBe(
      '{"type":"result","verdict":"open","reason":"syn-ack","rttUs":312,"evidence":"data-acknowledged","iss":4294967280,"irs":4294967294,' +
        '"peer":{"mss":1400,"windowScale":7,"sackPermitted":true,"timestamps":true,"window":64240,"ttl":64},"retransmissions":0,"ignored":{},' +
        '"data":{"sentBytes":18,"ackedBytes":18,"receivedBytes":62,"firstByteUs":1020},' +
        '"close":{"kind":"active","initiator":"local","completed":true,"finalState":"CLOSED","durationUs":812},' +
        '"states":["CLOSED","SYN-SENT","ESTABLISHED","FIN-WAIT-1","FIN-WAIT-2","TIME-WAIT","CLOSED"],"kernelDrops":0,"exitCode":0}\n',
    );
  });

  test('an error where there is no result', () => {
    expect(resultLine(undefined, 64, { code: 'usage', message: 'port 0', hint: undefined })).toBe(
      '{"type":"result","exitCode":64,"error":{"code":"usage","message":"port 0"}}\n',
    );
  });

  test("the result's own error, as code, message and hint", () => {
    const error = new NetError('no-route', 'send to', '10.0.0.2', 'network is down', 'bring it up');
    const line = JSON.parse(resultLine(result('active', { error }), 69));
    expect(line.error).toEqual({ code: 'no-route', message: 'send to 10.0.0.2: network is down', hint: 'bring it up' });
    expect(Object.keys(line).slice(-2)).toEqual(['exitCode', 'error']);
    expect(JSON.parse(resultLine(result('active', { error }), 74, { code: 'output', message: 'full', hint: undefined })).error.code).toBe(
      'output',
    );
  });
});
