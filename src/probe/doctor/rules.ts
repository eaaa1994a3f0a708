/**
 * What a firewall's rules mean for us, as far as rules can be judged by reading. Two things are looked for: a rule that
 * drops RSTs on their way out, as other tools have people make against their own kernel, and an input chain that drops
 * by default and lets in no answers to connections of ours.
 */

export interface Finding {
  detail: string;
  /** As root. */
  remedy: string;
}

interface Rule {
  drops: boolean;
  accepts: boolean;
  /** The chain it goes on to. */
  target: string | undefined;
  /** It asks for nothing: every datagram that comes to it. */
  matchesAll: boolean;
  /** It asks whether the datagram belongs to a connection. */
  asksEstablished: boolean;
  /** It asks for RST. */
  asksRst: boolean;
  /** The command that takes it away. */
  undo: string;
}

interface Chain {
  title: string;
  /** Undefined for a chain that others go on to. */
  hook: string | undefined;
  dropsRest: boolean;
  rules: Rule[];
  /** The command that lets in what belongs to a connection. */
  admit: string;
}

/** Chains by table and name. */
type Chains = Map<string, Chain>;

function findings(chains: Chains): Finding[] {
  const found: Finding[] = [];
  for (const chain of chains.values()) {
    const rules = [...reachable(chain, chains, new Set())];
    if (chain.hook === 'output') {
      for (const { undo } of rules.filter(({ drops, asksRst }) => drops && asksRst))
        found.push({ detail: `${chain.title} drops RSTs on their way out, ours too`, remedy: undo });
    }
    if (chain.hook === 'input') {
      const drops = chain.dropsRest || rules.some((rule) => rule.drops && rule.matchesAll);
      const admits = rules.some((rule) => rule.accepts && (rule.asksEstablished || rule.matchesAll));
      if (drops && !admits)
        found.push({ detail: `${chain.title} drops by default and lets in no answers to connections of ours`, remedy: chain.admit });
    }
  }
  return found;
}

/** The rules of a chain and of those that it goes on to. */
function* reachable(chain: Chain, chains: Chains, seen: Set<Chain>): Generator<Rule> {
  if (seen.has(chain)) return;
  seen.add(chain);
  for (const rule of chain.rules) {
    yield rule;
    const target = rule.target === undefined ? undefined : chains.get(rule.target);
    if (target === undefined) continue;
    for (const further of reachable(target, chains, seen)) yield { ...further, matchesAll: further.matchesAll && rule.matchesAll };
  }
}

/** What `nft --json list ruleset` prints, as far as it is read (libnftables-json(5)). */
interface NftObject {
  chain?: { family: string; table: string; name: string; hook?: string; policy?: string };
  rule?: { family: string; table: string; chain: string; handle: number; expr: readonly Record<string, unknown>[] };
}

/**
 * @param text of `nft --json list ruleset`
 * @param others tables, as `ip filter`, that iptables made and tells more of
 * @throws where it is no JSON
 */
export function findingsOfNft(text: string, others: ReadonlySet<string>): Finding[] {
  const { nftables } = JSON.parse(text) as { nftables: readonly NftObject[] };
  const foreign = new Set(others);
  // Matches of iptables are not told in JSON: nothing can be said of a table that has them.
  for (const { rule } of nftables) if (rule?.expr.some((part) => 'xt' in part)) foreign.add(`${rule.family} ${rule.table}`);
  const chains: Chains = new Map();
  for (const { chain } of nftables) {
    if (chain === undefined || (chain.family !== 'ip' && chain.family !== 'inet') || foreign.has(`${chain.family} ${chain.table}`))
      continue;
    const title = `${chain.family} ${chain.table} ${chain.name}`;
    chains.set(title, {
      title: `nft chain ${title}`,
      hook: chain.hook,
      dropsRest: chain.policy === 'drop',
      rules: [],
      admit: `nft insert rule ${title} ct state established,related accept`,
    });
  }
  for (const { rule } of nftables) {
    if (rule === undefined) continue;
    const { family, table, chain, handle, expr } = rule;
    chains.get(`${family} ${table} ${chain}`)?.rules.push({
      ...readNftRule(expr, (target) => `${family} ${table} ${target}`),
      undo: `nft delete rule ${family} ${table} ${chain} handle ${handle}`,
    });
  }
  return findings(chains);
}

function readNftRule(expr: readonly Record<string, unknown>[], chainOf: (name: string) => string): Omit<Rule, 'undo'> {
  const text = JSON.stringify(expr);
  const statement = (name: string): { target: string } | undefined =>
    expr.find((part) => name in part)?.[name] as { target: string } | undefined;
  const has = (name: string): boolean => expr.some((part) => name in part);
  const onward = statement('jump') ?? statement('goto');
  return {
    drops: has('drop') || has('reject'),
    // A verdict map decides by what it asks for.
    accepts: has('accept') || (has('vmap') && /"established",\{"accept"/.test(text)),
    target: onward && chainOf(onward.target),
    matchesAll: !has('match') && !has('vmap'),
    asksEstablished: text.includes('"ct":{"key":"state"}') && text.includes('"established"'),
    asksRst: expr.some(({ match }) => match !== undefined && asksForRst(match as { right: unknown; left: unknown })),
  };
}

const asksForRst = ({ left, right }: { left: unknown; right: unknown }): boolean =>
  JSON.stringify(left).includes('"field":"flags"') && JSON.stringify(right).includes('"rst"');

/**
 * @param text of `iptables-save`
 * @param command which iptables it is of
 */
export function findingsOfIptables(text: string, command = 'iptables'): Finding[] {
  const chains: Chains = new Map();
  let table = '';
  for (const line of text.split('\n')) {
    const [first = '', name = '', ...words] = line.split(' ');
    if (first.startsWith('*')) table = first.slice(1);
    else if (first.startsWith(':')) {
      const chain = first.slice(1);
      const hook = name === '-' ? undefined : chain.toLowerCase();
      chains.set(`${table} ${chain}`, {
        title: `${command} chain ${chain} of ${table}`,
        hook,
        dropsRest: name === 'DROP',
        rules: [],
        admit: `${command} -t ${table} -I ${chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`,
      });
    } else if (first === '-A') {
      chains
        .get(`${table} ${name}`)
        ?.rules.push({ ...readIptablesRule(words, table), undo: `${command} -t ${table} -D ${name} ${words.join(' ')}` });
    }
  }
  return findings(chains);
}

function readIptablesRule(words: readonly string[], table: string): Omit<Rule, 'undo'> {
  const after = (...options: string[]): string | undefined => words[words.findIndex((word) => options.includes(word)) + 1 || words.length];
  const target = after('-j', '-g');
  const flags = words.indexOf('--tcp-flags');
  return {
    drops: target === 'DROP' || target === 'REJECT',
    accepts: target === 'ACCEPT',
    target: target && `${table} ${target}`,
    matchesAll: words.indexOf('-j') === 0 || words.indexOf('-g') === 0,
    asksEstablished: after('--ctstate', '--state')?.split(',').includes('ESTABLISHED') === true,
    asksRst: flags >= 0 && words[flags + 2]?.split(',').includes('RST') === true,
  };
}

/** The tables that iptables-save tells of, as nft calls them. */
export const tablesOfIptables = (text: string): Set<string> => new Set([...text.matchAll(/^\*(\w+)$/gm)].map(([, name]) => `ip ${name}`));
