/** The rules of this host's firewall, as its own tools tell them. */
import { execFile } from 'node:child_process';
import { type Finding, findingsOfIptables, findingsOfNft, tablesOfIptables } from './rules.ts';

const TIMEOUT_MS = 1000;
const LONGEST_OUTPUT = 32 << 20;

export interface RulesReading {
  /** The tools that told their rules. */
  read: readonly string[];
  /** Which did not, and why. */
  unread: readonly string[];
  findings: readonly Finding[];
}

/** @param path where to look for the tools, as in PATH */
export async function readRules(path: string): Promise<RulesReading> {
  const [nft, iptables, legacy] = await Promise.all([
    run('nft', ['--json', 'list', 'ruleset'], path),
    run('iptables-save', [], path),
    run('iptables-legacy-save', [], path),
  ]);
  const read: string[] = [];
  const unread: string[] = [];
  const findings: Finding[] = [];
  const take = (tool: string, output: Output, judge: (text: string) => Finding[]): void => {
    if (output.text === undefined) {
      if (output.reason !== NOT_INSTALLED) unread.push(`the rules of ${tool} were not read: ${output.reason}`);
      return;
    }
    try {
      findings.push(...judge(output.text));
      read.push(tool);
    } catch {
      unread.push(`the rules of ${tool} were not understood`);
    }
  };
  take('nft', nft, (text) => findingsOfNft(text, tablesOfIptables(iptables.text ?? '')));
  take('iptables', iptables, (text) => findingsOfIptables(text));
  // iptables itself may be the one of nftables or the one before.
  if (legacy.text !== iptables.text) take('iptables-legacy', legacy, (text) => findingsOfIptables(text, 'iptables-legacy'));
  return { read, unread, findings };
}

const NOT_INSTALLED = 'not installed';

interface Output {
  text?: string;
  reason?: string;
}

function run(program: string, args: readonly string[], path: string): Promise<Output> {
  return new Promise((resolve) => {
    const options = { env: { PATH: path, LC_ALL: 'C' }, timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: LONGEST_OUTPUT } as const;
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve({ text: stdout });
      else if (error.code === 'ENOENT') resolve({ reason: NOT_INSTALLED });
      else if (error.code === 'EACCES') resolve({ reason: `no permission to run ${program}` });
      else if (error.killed) resolve({ reason: 'no answer in time' });
      else if (/not permitted|denied/i.test(stderr)) resolve({ reason: 'only root may' });
      else resolve({ reason: stderr.trim().split('\n')[0] || error.message });
    });
  });
}
