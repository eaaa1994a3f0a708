/** What raw-socket can refuse, from one that does so on demand. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createClock } from '../../src/net/clock.ts';
import type { NetError } from '../../src/net/errors.ts';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import { libc } from '../../src/net/libc.ts';
import type { RawSocketModule } from '../../src/net/modules.ts';
import { RawSocket } from '../../src/net/raw.ts';
import { Sender } from '../../src/net/sender.ts';

const raw = vi.hoisted(() => ({ createError: '', sendErrors: [] as string[], sent: 0, fail: (_: Error) => {} }));

/** With a UDP socket behind it, so that options can be set. */
function fakeModule(): RawSocketModule {
  return {
    createSocket() {
      if (raw.createError) throw new Error(raw.createError);
      const fd = libc().socket(2, 2, 0);
      return {
        pauseRecv() {},
        resumeRecv() {},
        close: () => libc().close(fd),
        wrap: {
          on(event, listener) {
            if (event === 'error') raw.fail = listener as (error: Error) => void;
          },
          removeAllListeners() {},
          getOption: (level, option, value) => libc().getsockopt(fd, level, option, value),
          send() {
            const error = raw.sendErrors.shift();
            if (error) throw new Error(error);
            raw.sent++;
          },
        },
      };
    },
  };
}

vi.mock('../../src/net/modules.ts', async (original) => ({ ...(await original<object>()), loadRawSocket: fakeModule }));

beforeEach(() => Object.assign(raw, { createError: '', sendErrors: [], sent: 0 }));

describe('a raw socket that can not be had', () => {
  it.each([
    ['Operation not permitted', 'no-permission', /CAP_NET_RAW/, /sudo|--cap-add NET_RAW/],
    ['Permission denied', 'no-permission', /sandbox/, /profile/],
    ['Protocol not supported', 'not-supported', /no raw IPv4 sockets/, /gVisor/],
    ['Address family not supported by protocol', 'not-supported', /no IPv4/, /AF_INET/],
    ['Too many open files', 'system', /EMFILE/, /ulimit/],
  ])('%s: %s', (text, code, reason, hint) => {
    raw.createError = text;
    const matching = { code, operation: 'open', subject: 'a raw socket' };
    expect(() => new RawSocket(255)).toThrow(
      expect.objectContaining({ ...matching, reason: expect.stringMatching(reason), hint: expect.stringMatching(hint) }),
    );
  });
});

describe('a sender', () => {
  const datagram = new Uint8Array(40).fill(0x45);
  const attempt = (...errors: string[]): NetError | number => {
    raw.sendErrors = errors;
    const sender = new Sender(createClock(), true, {});
    try {
      sender.send(datagram, '192.0.2.1');
      return sender.retries;
    } catch (error) {
      return error as NetError;
    } finally {
      sender.close();
    }
  };

  it('sends', () => {
    expect(attempt()).toBe(0);
    expect(raw.sent).toBe(1);
  });

  it('tries again while the queue is full, and counts', () => {
    expect(attempt('No buffer space available', 'Resource temporarily unavailable')).toBe(2);
    expect(raw.sent).toBe(1);
  });

  it('gives up soon', () => {
    const startMs = performance.now();
    expect(attempt(...Array(100).fill('No buffer space available'))).toMatchObject({ code: 'no-buffers' });
    expect(raw.sendErrors).toHaveLength(94);
    expect(performance.now() - startMs).toBeLessThan(1000);
  });

  it('among strangers waits for a queue that stays full once in a while', () => {
    raw.sendErrors = Array(100).fill('No buffer space available');
    const sender = new Sender(createClock(), true, { amongStrangers: true });
    const send = (): void => void sender.send(datagram, '192.0.2.1');
    const full = expect.objectContaining({ code: 'no-buffers' });
    for (let i = 0; i < 10; i++) expect(send).toThrow(full);
    expect([sender.retries, raw.sendErrors.length]).toEqual([5, 85]);
    sender.close();
  });

  it.each([
    ['Message too long', 'message-too-long', /40 bytes/],
    ['Network is unreachable', 'no-route', /no route/],
    ['No route to host', 'no-route', /unreachable/],
    ['Permission denied', 'no-route', /prohibit/],
    ['Invalid argument', 'no-route', /blackhole/],
    ['Network is down', 'no-route', /down/],
    ['Operation not permitted', 'local-firewall', /firewall/],
    ['Input/output error', 'system', /EIO/],
  ])('%s: %s', (text, code, reason) => {
    expect(attempt(text)).toMatchObject({ code, operation: 'send', subject: 'to 192.0.2.1', reason: expect.stringMatching(reason) });
  });

  it('knows a header that is longer than its datagram from a blackhole', () => {
    datagram[0] = 0x4f;
    expect(attempt('Invalid argument')).toMatchObject({ code: 'system', reason: expect.stringMatching(/header/) });
  });

  it('is not opened again by a send after its end', () => {
    const sender = new Sender(createClock(), true, {});
    sender.close();
    expect(() => sender.send(datagram, '192.0.2.1')).toThrow('closed');
    expect(raw.sent).toBe(0);
  });
});

describe('a network whose socket breaks', () => {
  const request = { destination: 0x7f000001, destinationPort: 9 };

  it('rejects every wait, and opens new sockets for the next port', async () => {
    const network = openKernelNetwork();
    const ports = [network.openPort(request), network.openPort(request)];
    const waits = ports.map((port) => port.next(Number.POSITIVE_INFINITY));
    raw.fail(new Error('-9'));
    for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: 'system', operation: 'receive', reason: '-9' });
    for (const port of ports) {
      expect(() => port.send(new Uint8Array(40))).toThrow('closed');
      expect(port.dropped).toBe(0);
      port.close();
    }
    const port = network.openPort(request);
    port.send(new Uint8Array(40));
    expect(raw.sent).toBe(1);
    port.close();
    network.close();
  });
});
