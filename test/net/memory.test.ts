/** The network that the other tests stand on: its clock, its faults, its ports. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Faults, NO_FAULTS } from '../../src/net/faults.ts';
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { encodePacket } from '../../src/wire/packet.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';

const A = 0x0a000001;
const B = 0x0a000002;

/** A datagram for B with a number in it. */
const datagram = (number: number): Uint8Array =>
  encodePacket({ ip: ipv4Header({ source: A, destination: B, protocol: 253 }), payload: Uint8Array.of(number >> 8, number) });

/** The same in a segment from a port to port 80. */
const segment = (number: number, sourcePort: number): Uint8Array =>
  encodePacket({
    ip: ipv4Header({ source: A, destination: B }),
    tcp: tcpSegment({ sourcePort, destinationPort: 80, payload: Uint8Array.of(number >> 8, number) }),
  });

const numberIn = (bytes: Uint8Array): number => ((bytes.at(-2) as number) << 8) | (bytes.at(-1) as number);

describe('VirtualClock', () => {
  it('fires timers in order of time, those of one time in the order they were set, but for the cancelled', () => {
    const timer = fc.record({ atUs: fc.integer({ min: 0, max: 50 }), cancelled: fc.boolean() });
    fc.assert(
      fc.property(fc.array(timer, { maxLength: 200 }), (timers) => {
        const clock = new VirtualClock();
        const fired: number[] = [];
        const cancels = timers.map(({ atUs }, i) =>
          clock.setTimer(atUs, () => {
            expect(clock.nowUs()).toBe(atUs);
            fired.push(i);
          }),
        );
        timers.forEach(({ cancelled }, i) => {
          if (cancelled) cancels[i]?.();
        });
        while (clock.step());
        const expected = timers.map((_, i) => i).filter((i) => !timers[i]?.cancelled);
        expect(fired).toEqual(expected.sort((a, b) => (timers[a]?.atUs ?? 0) - (timers[b]?.atUs ?? 0)));
      }),
    );
  });

  it('takes a time that is over for now, and a second cancellation for nothing', () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.setTimer(100, () => {
      clock.setTimer(50, () => fired.push(`late at ${clock.nowUs()}`));
      const cancel = clock.setTimer(60, () => fired.push('cancelled'));
      cancel();
      cancel();
    });
    const over = clock.setTimer(0, () => fired.push('first'));
    while (clock.step());
    over();
    expect(fired).toEqual(['first', 'late at 100']);
    expect(clock.step()).toBe(false);
  });

  it('runs until a promise settles', async () => {
    const clock = new VirtualClock();
    const sleep = (us: number) => new Promise<void>((resolve) => clock.setTimer(clock.nowUs() + us, resolve));
    const work = async () => {
      for (let i = 0; i < 10; i++) await sleep(7);
      return clock.nowUs();
    };
    expect(await clock.run(work())).toBe(70);
    await expect(clock.run(Promise.reject(new Error('its own')))).rejects.toThrow('its own');
  });

  it('says so where a run can never end', async () => {
    const never = new Promise(() => {});
    await expect(new VirtualClock().run(never)).rejects.toThrow('no timer left');
    const clock = new VirtualClock();
    const again = () => clock.setTimer(clock.nowUs() + 1, again);
    again();
    await expect(clock.run(never, 20)).rejects.toThrow('after 20 steps');
  });
});

describe('MemoryWire', () => {
  function carry(faults: Partial<Faults>, count: number, seed = 1): { number: number; atUs: number; bytes: Uint8Array }[] {
    const clock = new VirtualClock();
    const wire = new MemoryWire(clock, { ...NO_FAULTS, ...faults }, seed);
    const arrived: { number: number; atUs: number; bytes: Uint8Array }[] = [];
    wire.attach(B, (bytes, atUs) => arrived.push({ number: numberIn(bytes), atUs, bytes }));
    for (let i = 0; i < count; i++) wire.send(datagram(i));
    while (clock.step());
    return arrived;
  }

  it('carries datagrams in order, whole, after the delay', () => {
    const arrived = carry({ delayUs: 70 }, 100);
    expect(arrived.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(arrived.every(({ atUs, bytes, number }) => atUs === 70 && Buffer.compare(bytes, datagram(number)) === 0)).toBe(true);
  });

  it('loses, duplicates and corrupts about as many as told', () => {
    expect(carry({ loss: 1 }, 100)).toEqual([]);
    expect(carry({ duplicate: 1 }, 100)).toHaveLength(200);
    const count = 20_000;
    expect(carry({ loss: 0.2 }, count).length / count).toBeCloseTo(0.8, 1);
    expect(carry({ duplicate: 0.1 }, count).length / count).toBeCloseTo(1.1, 1);
    const changed = (bytes: Uint8Array, original: Uint8Array): number =>
      bytes.reduce((sum, byte, i) => sum + (byte ^ (original[i] as number)).toString(2).replaceAll('0', '').length, 0);
    const bits = carry({ corrupt: 0.5 }, 1000).map(({ bytes }, i) => changed(bytes, datagram(i)));
    expect(Math.max(...bits)).toBe(1);
    expect(Math.abs(bits.filter((bit) => bit === 1).length - 500)).toBeLessThan(100);
  });

  it('holds some back, so that later ones overtake them, and delays by up to the jitter', () => {
    const arrived = carry({ delayUs: 100, reorder: 0.1 }, 1000);
    const late = arrived.filter(({ atUs }) => atUs > 100);
    expect(late.length).toBeGreaterThan(50);
    expect(late.every(({ atUs }) => atUs <= 500)).toBe(true);
    const times = carry({ delayUs: 100, jitterUs: 50 }, 1000).map(({ atUs }) => atUs);
    expect([Math.min(...times), Math.max(...times)]).toEqual([100, 149]);
  });

  it('does the same for the same seed', () => {
    const faults = { loss: 0.2, duplicate: 0.2, reorder: 0.2, corrupt: 0.2, jitterUs: 1000 };
    expect(carry(faults, 500, 7)).toEqual(carry(faults, 500, 7));
    expect(carry(faults, 500, 7)).not.toEqual(carry(faults, 500, 8));
  });

  it('shows taps what was sent, before faults', () => {
    const clock = new VirtualClock();
    const wire = new MemoryWire(clock, { ...NO_FAULTS, loss: 1 });
    const seen: number[] = [];
    wire.taps.push((bytes, atUs) => seen.push(numberIn(bytes), atUs));
    wire.send(datagram(9));
    expect(seen).toEqual([9, 0]);
  });

  it('keeps what it carries from later changes of the bytes', () => {
    const clock = new VirtualClock();
    const wire = new MemoryWire(clock);
    let arrived: Uint8Array | undefined;
    wire.attach(B, (bytes) => {
      arrived = bytes;
    });
    const bytes = Buffer.from(datagram(3));
    wire.send(bytes);
    bytes.fill(0);
    while (clock.step());
    expect(arrived).toEqual(datagram(3));
  });
});

describe('a host on the wire', () => {
  it('gives each port what arrives for it, in order, until it is closed', async () => {
    const clock = new VirtualClock();
    const wire = new MemoryWire(clock);
    const sender = wire.host(A).openPort({ destination: B, destinationPort: 80 });
    const port = wire.host(B).openPort({ destination: A, destinationPort: sender.port, sourcePort: 80 });
    expect(port).toMatchObject({ port: 80, guard: 'none', dropped: 0, route: { sourceAddress: B, mtu: 1500 } });
    sender.send(segment(1, sender.port));
    sender.send(segment(2, sender.port));
    const first = await clock.run(port.next(1000));
    expect(first).toMatchObject({ atUs: 100 });
    expect(numberIn(first?.datagram as Uint8Array)).toBe(1);
    expect(numberIn((await clock.run(port.next(1000)))?.datagram as Uint8Array)).toBe(2);
    expect(await clock.run(port.next(1000))).toBeUndefined();
    expect(clock.nowUs()).toBe(1000);
    port.close();
    port.close();
    sender.send(segment(3, sender.port));
    expect(await clock.run(port.next(2000))).toBeUndefined();
  });

  it('gives one inbox what arrives for many ports, with the port, in order', async () => {
    const clock = new VirtualClock();
    const wire = new MemoryWire(clock);
    const sender = wire.host(A).openPort({ destination: B, destinationPort: 80 });
    const host = wire.host(B);
    const inbox = host.openInbox();
    const ports = [80, 80].map((_, i) =>
      host.openPort({ destination: A, destinationPort: sender.port, sourcePort: i === 0 ? 80 : undefined, inbox }),
    );
    const [one, two] = ports;
    sender.send(segment(1, sender.port));
    sender.send(
      encodePacket({
        ip: ipv4Header({ source: A, destination: B }),
        tcp: tcpSegment({ sourcePort: sender.port, destinationPort: two?.port as number, payload: Uint8Array.of(0, 2) }),
      }),
    );
    const first = await clock.run(inbox.next(1000));
    expect(first?.port).toBe(one);
    expect(numberIn(first?.datagram as Uint8Array)).toBe(1);
    expect((await clock.run(inbox.next(1000)))?.port).toBe(two);
    two?.close();
    expect(await clock.run(inbox.next(1000))).toBeUndefined();
    expect(clock.nowUs()).toBe(1000);
  });

  it('gives each port of a host a number of its own', () => {
    const host = new MemoryWire(new VirtualClock()).host(A);
    const ports = [1, 2, 3].map(() => host.openPort({ destination: B, destinationPort: 80 }).port);
    expect(new Set(ports).size).toBe(3);
  });
});

it('an ICMP error that quotes nobody goes to the ports that take any quote', async () => {
  const clock = new VirtualClock();
  const wire = new MemoryWire(clock);
  const host = wire.host(A);
  const request = { destination: B, destinationPort: 80 };
  const own = host.openPort({ ...request, sourcePort: 1000 });
  const any = host.openPort({ ...request, sourcePort: 2000, quotes: 'any' });
  const error = (sourcePort: number): Uint8Array =>
    encodePacket({
      ip: ipv4Header({ source: B, destination: A, protocol: 1 }),
      icmp: { type: 11, code: 0, rest: 0, body: segment(1, sourcePort) },
    });
  for (const port of [1000, 2000, 3000]) wire.send(error(port));
  await clock.run(new Promise<void>((resolve) => clock.setTimer(1000, resolve)));
  expect([own.queued, any.queued]).toEqual([1, 2]);
  any.close();
  wire.send(error(3000));
  await clock.run(new Promise<void>((resolve) => clock.setTimer(2000, resolve)));
  expect(own.queued).toBe(1);
});
