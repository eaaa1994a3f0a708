import { lookup } from 'node:dns/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { openNameSource, resolveHost, resolvePort, tcpServices } from '../../src/net/resolve.ts';

const dns = vi.hoisted(() => ({ reverse: async (_address: string): Promise<string[]> => [], cancelled: 0 }));
vi.mock('node:dns/promises', () => ({
  lookup: vi.fn(),
  Resolver: class {
    reverse = (address: string) => dns.reverse(address);
    cancel = () => void dns.cancelled++;
  },
}));

const SERVICES = `# Network services
tftp\t\t69/udp
http\t\t80/tcp\t\twww\t\t# WorldWideWeb HTTP
gopher\t\t70/tcp\t\t# www of old
`;
const services = vi.hoisted(() => ({ text: undefined as string | undefined }));
vi.mock('node:fs', async (original) => ({
  ...(await original<object>()),
  readFileSync() {
    if (services.text === undefined) throw new Error('ENOENT');
    return services.text;
  },
}));

type Answer = string[] | { code: string };

/** What the resolver of this machine says. */
function resolver(ipv4: Answer, ipv6: Answer = { code: 'ENOTFOUND' }): void {
  const mocked = lookup as unknown as ReturnType<typeof vi.fn>;
  mocked.mockImplementation(async (_host: string, { family }: { family: 4 | 6 }) => {
    const answer = family === 4 ? ipv4 : ipv6;
    if (!Array.isArray(answer)) throw Object.assign(new Error(answer.code), answer);
    return answer.map((address) => ({ address, family }));
  });
}

beforeEach(() => {
  resolver({ code: 'ENOTFOUND' });
  services.text = SERVICES;
});

describe('a host', () => {
  it('that is an address needs no resolver', async () => {
    expect(await resolveHost('192.0.2.1')).toEqual({ address: 0xc0000201, addresses: [0xc0000201] });
    expect(lookup).not.toHaveBeenCalled();
  });

  it('has its addresses in the order of the resolver, each once', async () => {
    resolver(['192.0.2.2', '192.0.2.1', '192.0.2.2']);
    expect(await resolveHost('example.com')).toEqual({ address: 0xc0000202, addresses: [0xc0000202, 0xc0000201] });
  });

  it.each<[string, string, Answer, Answer, RegExp]>([
    ['that does not exist', 'nowhere.invalid', { code: 'ENOTFOUND' }, { code: 'ENOTFOUND' }, /no such name/],
    ['with IPv6 alone', 'six.example', { code: 'ENOTFOUND' }, ['2001:db8::1'], /IPv6 addresses only, such as 2001:db8::1/],
    [
      'while the resolver is down',
      'example.com',
      { code: 'EAI_AGAIN' },
      [],
      /IPv4 lookup failed: the resolver does not answer \(EAI_AGAIN\)/,
    ],
    ['while the IPv6 lookup alone fails', 'example.com', { code: 'ENOTFOUND' }, { code: 'EAI_AGAIN' }, /IPv6 lookup failed/],
    ['while something else is wrong', 'example.com', { code: 'EAI_FAIL' }, [], /IPv4 lookup failed: EAI_FAIL/],
    ['that is an IPv6 address', '2001:db8::1', [], [], /this is an IPv6 address/],
    ['that is empty', '', [], [], /a host name is needed/],
  ])('%s says so', async (_, host, ipv4, ipv6, reason) => {
    resolver(ipv4, ipv6);
    await expect(resolveHost(host)).rejects.toMatchObject({
      code: 'name-not-resolved',
      subject: JSON.stringify(host),
      reason: expect.stringMatching(reason),
      hint: expect.any(String),
    });
  });

  it.each(['010.0.0.1', '127.1', '2130706433', '0x7f000001', '1.2.3.256', '1.2.3.4.'])(
    '%s is no address, and nobody guesses one',
    async (host) => {
      resolver(['192.0.2.1']);
      await expect(resolveHost(host)).rejects.toMatchObject({ code: 'name-not-resolved', hint: expect.stringContaining('leading zeros') });
    },
  );
});

describe('a port', () => {
  it.each([
    ['1', 1],
    ['80', 80],
    ['65535', 65_535],
    ['0x50', 80],
    ['0x', undefined],
    ['http', 80],
    ['www', 80],
    ['0', undefined],
    ['65536', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['', undefined],
    ['no-such-service', undefined],
    ['tftp', undefined],
  ])('%s is %s', (text, port) => expect(resolvePort(text)).toBe(port));

  it('has no name on a system without /etc/services', () => {
    services.text = undefined;
    expect(resolvePort('http')).toBeUndefined();
    expect(resolvePort('80')).toBe(80);
  });

  it('has the names that TCP has, each with its aliases', () => {
    services.text += 'web 80/tcp http\nhttp 8080/tcp\n';
    expect([...tcpServices()]).toEqual([
      ['http', 80],
      ['www', 80],
      ['gopher', 70],
      ['web', 80],
    ]);
  });
});

describe('a name', () => {
  const failing = (code: string) => async (): Promise<never> => {
    throw Object.assign(new Error(code), { code });
  };
  const asked: string[] = [];
  const answering = (names: string[]) => async (address: string) => {
    asked.push(address);
    return names;
  };

  beforeEach(() => {
    services.text = '# Ours\n192.0.2.1 first alias # gone\n192.0.2.1\tsecond\n192.0.2.2\n';
    asked.length = 0;
  });

  it('stands in /etc/hosts, or the resolver has it', async () => {
    dns.reverse = answering(['router.example.net', 'other.example.net']);
    const { nameOf } = openNameSource();
    expect(await nameOf('192.0.2.1')).toBe('first');
    expect(await nameOf('192.0.2.2')).toBe('router.example.net');
    expect(asked).toEqual(['192.0.2.2']);
  });

  it('is undefined where there is none, and where the look-up fails', async () => {
    dns.reverse = failing('ENOTFOUND');
    expect(await openNameSource().nameOf('192.0.2.9')).toBeUndefined();
    dns.reverse = failing('ECONNREFUSED');
    expect(await openNameSource().nameOf('192.0.2.9')).toBeUndefined();
    dns.reverse = answering([]);
    expect(await openNameSource().nameOf('192.0.2.9')).toBeUndefined();
  });

  it('is waited for so long, all of them at once; a resolver that never answered is not asked again', async () => {
    dns.reverse = (address) => {
      asked.push(address);
      return new Promise(() => undefined);
    };
    const { nameOf } = openNameSource(50);
    const startedAt = performance.now();
    const names = await Promise.all(['192.0.2.7', '192.0.2.8', '192.0.2.9'].map(nameOf));
    expect(names).toEqual([undefined, undefined, undefined]);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(await nameOf('192.0.2.10')).toBeUndefined();
    expect(asked).toHaveLength(3);
  });

  it('that takes too long keeps no other from being asked for, where the resolver does answer', async () => {
    const { nameOf } = openNameSource(50);
    dns.reverse = failing('ENOTFOUND');
    await nameOf('192.0.2.7');
    dns.reverse = () => new Promise(() => undefined);
    await nameOf('192.0.2.8');
    dns.reverse = answering(['late.example.net']);
    expect(await nameOf('192.0.2.9')).toBe('late.example.net');
  });

  it('that is no longer wanted is given up', () => {
    const before = dns.cancelled;
    openNameSource().close();
    expect(dns.cancelled).toBe(before + 1);
  });
});
