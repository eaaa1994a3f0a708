/** Rules as nft 1.0.6 and iptables 1.8.9 print them. */
import { describe, expect, it } from 'vitest';
import { findingsOfIptables, findingsOfNft, tablesOfIptables } from '../../../src/probe/doctor/rules.ts';

type Expression = Record<string, unknown>[];

const FLAGS = { payload: { protocol: 'tcp', field: 'flags' } };
const STATE = { ct: { key: 'state' } };
const [drop, accept] = [{ drop: null }, { accept: null }];

/** One table with one chain of a hook, and one that it may go on to. */
function ruleset(hook: 'input' | 'output', policy: string, rules: Expression[], further: Expression[] = [], family = 'inet'): string {
  const where = { family, table: 't' };
  const rule = (chain: string) => (expr: Expression, i: number) => ({ rule: { ...where, chain, handle: 10 + i, expr } });
  return JSON.stringify({
    nftables: [
      { metainfo: { version: '1.0.6', json_schema_version: 1 } },
      { table: { family, name: 't', handle: 1 } },
      { chain: { ...where, name: 'further', handle: 1 } },
      { chain: { ...where, name: 'c', handle: 2, type: 'filter', hook, prio: 0, policy } },
      ...further.map(rule('further')),
      ...rules.map(rule('c')),
    ],
  });
}

const none = new Set<string>();

describe('nft: RSTs on their way out', () => {
  it.each<[string, Expression]>([
    ['tcp flags rst drop', [{ match: { op: 'in', left: FLAGS, right: 'rst' } }, drop]],
    ['tcp flags & rst == rst drop', [{ match: { op: '==', left: { '&': [FLAGS, 'rst'] }, right: 'rst' } }, drop]],
    [
      'tcp flags & (fin|syn|rst) == rst counter drop',
      [{ match: { op: '==', left: { '&': [FLAGS, ['fin', 'syn', 'rst']] }, right: 'rst' } }, { counter: { packets: 0, bytes: 0 } }, drop],
    ],
    ['tcp flags { rst, rst|ack } drop', [{ match: { op: '==', left: FLAGS, right: { set: [{ '|': ['rst', 'ack'] }, 'rst'] } } }, drop]],
    ['tcp flags rst reject', [{ match: { op: 'in', left: FLAGS, right: 'rst' } }, { reject: null }]],
  ])('%s', (_text, expression) => {
    expect(findingsOfNft(ruleset('output', 'accept', [expression]), none)).toEqual([
      { detail: expect.stringContaining('nft chain inet t c drops RSTs'), remedy: 'nft delete rule inet t c handle 10' },
    ]);
  });

  it('also in a chain that it goes on to', () => {
    const rules = ruleset(
      'output',
      'accept',
      [[{ jump: { target: 'further' } }]],
      [[{ match: { op: 'in', left: FLAGS, right: 'rst' } }, drop]],
    );
    expect(findingsOfNft(rules, none)).toMatchObject([{ remedy: 'nft delete rule inet t further handle 10' }]);
  });

  it.each<[string, Expression]>([
    [
      'tcp flags & (fin|syn|rst|ack) == fin drop',
      [{ match: { op: '==', left: { '&': [FLAGS, ['fin', 'syn', 'rst', 'ack']] }, right: 'fin' } }, drop],
    ],
    ['tcp flags rst accept', [{ match: { op: 'in', left: FLAGS, right: 'rst' } }, accept]],
    ['tcp dport 80 drop', [{ match: { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right: 80 } }, drop]],
  ])('but not %s', (_text, expression) => expect(findingsOfNft(ruleset('output', 'accept', [expression]), none)).toEqual([]));

  it('nor on their way in', () =>
    expect(findingsOfNft(ruleset('input', 'accept', [[{ match: { op: 'in', left: FLAGS, right: 'rst' } }, drop]]), none)).toEqual([]));
});

describe('nft: an input chain that drops by default', () => {
  const loopback: Expression = [{ match: { op: '==', left: { meta: { key: 'iif' } }, right: 'lo' } }, accept];
  const swallows = [
    {
      detail: expect.stringContaining('nft chain inet t c drops by default'),
      remedy: 'nft insert rule inet t c ct state established,related accept',
    },
  ];

  it('by its policy', () => expect(findingsOfNft(ruleset('input', 'drop', [loopback]), none)).toEqual(swallows));

  it('by its last rule', () =>
    expect(findingsOfNft(ruleset('input', 'accept', [loopback, [{ counter: null }, drop]]), none)).toEqual(swallows));

  it('by a chain that it goes on to in any case', () =>
    expect(findingsOfNft(ruleset('input', 'accept', [[{ jump: { target: 'further' } }]], [[{ reject: null }]]), none)).toEqual(swallows));

  it('but not by one that it goes on to for some', () => {
    const some = [{ match: { op: '==', left: { meta: { key: 'iif' } }, right: 'eth0' } }, { goto: { target: 'further' } }];
    expect(findingsOfNft(ruleset('input', 'accept', [some], [[drop]]), none)).toEqual([]);
  });

  it.each<[string, Expression]>([
    ['ct state established,related accept', [{ match: { op: 'in', left: STATE, right: ['established', 'related'] } }, accept]],
    ['ct state established accept', [{ match: { op: 'in', left: STATE, right: 'established' } }, accept]],
    [
      'ct state vmap { established : accept, … }',
      [
        {
          vmap: {
            key: STATE,
            data: {
              set: [
                ['invalid', drop],
                ['established', accept],
                ['related', accept],
              ],
            },
          },
        },
      ],
    ],
    ['accept', [accept]],
  ])('but lets answers in by: %s', (_text, expression) =>
    expect(findingsOfNft(ruleset('input', 'drop', [loopback, expression]), none)).toEqual([]),
  );
});

it('nft: says nothing of tables that iptables made, of those with matches it does not tell, and of other families', () => {
  expect(findingsOfNft(ruleset('input', 'drop', [], [], 'ip'), new Set(['ip t']))).toEqual([]);
  expect(findingsOfNft(ruleset('input', 'drop', [[{ xt: { type: 'match', name: 'conntrack' } }, accept]]), none)).toEqual([]);
  expect(findingsOfNft(ruleset('input', 'drop', [], [], 'ip6'), none)).toEqual([]);
  expect(findingsOfNft(ruleset('input', 'drop', [], [], 'ip'), none)).toHaveLength(1);
});

it('nft: chains that go on to each other end', () => {
  const onward: Expression = [{ jump: { target: 'further' } }];
  expect(findingsOfNft(ruleset('input', 'drop', [onward], [onward]), none)).toHaveLength(1);
});

describe('iptables', () => {
  const save = (rules: string, policy = 'ACCEPT'): string => `# Generated by iptables-save v1.8.9 (nf_tables) on Sun Nov 22 19:00:09 2026
*filter
:INPUT ${policy} [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ufw - [0:0]
${rules}
COMMIT
# Completed on Sun Nov 22 19:00:09 2026
`;
  const swallows = [
    {
      detail: expect.stringContaining('iptables chain INPUT of filter drops by default'),
      remedy: 'iptables -t filter -I INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
    },
  ];

  it('RSTs on their way out', () => {
    expect(findingsOfIptables(save('-A OUTPUT -o eth0 -p tcp -m tcp --tcp-flags RST RST -j DROP'))).toEqual([
      {
        detail: expect.stringContaining('iptables chain OUTPUT of filter drops RSTs'),
        remedy: 'iptables -t filter -D OUTPUT -o eth0 -p tcp -m tcp --tcp-flags RST RST -j DROP',
      },
    ]);
    expect(findingsOfIptables(save('-A OUTPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP'))).toEqual([]);
  });

  it('an input chain that drops by default', () => {
    expect(findingsOfIptables(save('-A INPUT -i lo -j ACCEPT', 'DROP'))).toEqual(swallows);
    expect(findingsOfIptables(save('-A INPUT -i lo -j ACCEPT\n-A INPUT -j REJECT --reject-with icmp-port-unreachable'))).toEqual(swallows);
    expect(findingsOfIptables(save('-A INPUT -j ufw\n-A ufw -j DROP'))).toEqual(swallows);
  });

  it.each([
    '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A INPUT -m state --state ESTABLISHED -j ACCEPT',
    '-A INPUT -j ufw\n-A ufw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  ])('but lets answers in by: %s', (rules) => expect(findingsOfIptables(save(rules, 'DROP'))).toEqual([]));

  it('tells its tables as nft does', () => {
    expect(tablesOfIptables(`${save('')}*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n`)).toEqual(new Set(['ip filter', 'ip nat']));
    expect(findingsOfIptables('')).toEqual([]);
  });
});
