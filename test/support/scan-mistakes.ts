/** What can be asked of `scan` and is refused: the words, what comes on stdin, the exit code, and what the one line must say. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './netns.ts';
import type { Mistake } from './refusals.ts';

/** @param host one that could be scanned */
export function scanMistakes(host: string): Mistake[] {
  const directory = temporaryDirectory();
  const file = (name: string, text: string | Uint8Array): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const hosts = file('hosts', `# ours\n${host} ${host} # twice\n\n10.77.1.1/24\n`);
  const names = file('names', 'no-such-host.invalid\nnor-this.invalid\n');
  const empty = file('empty', '# nothing\n\n');
  const binary = file('binary', new Uint8Array(5000).fill(1));
  const state = file('state', '{"type":"scan","format":1,"fingerprint":{"targets":"5 addresses (digest 01234567)"}}\n');
  const notState = file('not-state', 'precious\n');
  mkdirSync(join(directory, 'directory'));
  const wrong = (name: string, words: string[], line: RegExp, exitCode: Mistake['exitCode'] = 64): Mistake => ({
    name,
    words,
    exitCode,
    line,
  });
  return [
    wrong('no target', [], /TARGETS is missing/),
    { name: 'nothing on stdin', words: ['-'], exitCode: 64, line: /TARGETS: there are none/ },
    { name: 'comments alone on stdin', words: ['-'], stdin: '# a\n#b', exitCode: 64, line: /TARGETS: there are none/ },
    {
      name: 'a bad word on stdin',
      words: ['-'],
      stdin: `${host}\n10.0.0.300 # no\n`,
      exitCode: 68,
      line: /"10\.0\.0\.300" \(stdin, line 2\): this is neither a name nor an IPv4 address/,
    },
    wrong('a list of none', [`@${empty}`], /TARGETS: there are none/),
    wrong('a bad line of a list', [`@${hosts}`], /hosts, line 4: "10\.77\.1\.1\/24" has host bits set: the network is 10\.77\.1\.0\/24/),
    wrong('a list that is missing', ['@/nosuchfile'], /TARGETS: can't read "\/nosuchfile": no such file/, 66),
    wrong('a list that is a directory', [`@${directory}`], /TARGETS: .* is a directory/, 66),
    wrong('a list without a name', ['@'], /"@" without a file/),
    wrong('a list of bytes', [`@${binary}`], /binary, line 1: a word of more than 255 characters; this is no list of hosts/, 65),
    wrong('names that do not resolve', [`@${names}`], /"no-such-host\.invalid" \(.*names, line 1\): .*, and so with 1 more/, 68),
    wrong('a name that does not resolve', ['no-such-host.invalid'], /resolve "no-such-host\.invalid": /, 68),
    wrong('a prefix of 33 bits', ['10.77.1.0/33'], /"10\.77\.1\.0\/33": a prefix has 32 bits at most/),
    wrong('a network with host bits', ['10.77.1.2/30'], /has host bits set: the network is 10\.77\.1\.0\/30; give 10\.77\.1\.0\/30, or/),
    wrong('a range backwards', ['10.77.1.9-2'], /runs backwards; give 10\.77\.1\.2-10\.77\.1\.9/),
    wrong('an address of three parts', ['10.77.1'], /"10\.77\.1": this is neither a name nor an IPv4 address/, 68),
    wrong('an IPv6 address', ['2001:db8::1'], /"2001:db8::1": this is an IPv6 address/, 68),
    wrong('a port with the host', [`${host}:80`], /has a port; give .*, and the port as --ports 80/),
    wrong(
      'a source address that is not ours',
      [host, '--source', '192.0.2.1'],
      /use source address 192\.0\.2\.1: it is not an address of this host/,
    ),
    wrong('all excluded', [host, '--exclude', '10.77.1.0/24'], /nothing is left: all are excluded/),
    wrong('a bad exclusion', [host, '--exclude', `${host},10.0.0.0/40`], /--exclude: "10\.0\.0\.0\/40"/),
    wrong('a file of exclusions that is missing', [host, '--exclude-file', '/nosuchfile'], /--exclude-file: .*no such file/, 66),
    wrong('reserved addresses alone', ['192.0.2.0/24'], /all addresses are of reserved ranges: documentation.*--allow-reserved/),
    wrong('a port range backwards', [host, '-p', '90-80'], /--ports: 90-80 runs backwards; give 80-90/),
    wrong('port 0', [host, '-p', '0'], /--ports: 0 is no port; give 1 to 65535/),
    wrong('port 65536', [host, '-p', '80,65536'], /--ports: 65536 is no port/),
    wrong('no port at all', [host, '-p', ','], /--ports: a port is missing/),
    wrong(
      'a service of no such name',
      [host, '-p', 'postgresq'],
      /--ports: "postgresq" is no known service name; did you mean postgresql\?/,
    ),
    wrong('--ports and --top', [host, '-p', '80', '--top', '10'], /--ports and --top at once/),
    wrong('the top 0', [host, '--top', '0'], /--top: 0 is out of range/),
    wrong('more than the table has', [host, '--top', '100000'], /--top: 100000 is out of range/),
    wrong(
      'everything there is',
      ['0.0.0.0/0', '-p', '-'],
      /[\d,]+ addresses with 65,535 ports each are [\d,]{15,} probes at least, [\d,]+ days at 50,000 a second; add --yes/,
    ),
    wrong(
      'a lot at a rate',
      ['10.0.0.0/8', '-p', '80', '--rate', '1000'],
      /16,777,216 probes at least, 4\.7 h at 1,000 a second; add --yes/,
    ),
    wrong('an unknown technique', [host, '--technique', 'sin'], /--technique: "sin" is not known; did you mean syn\?/),
    wrong('--technique and --flags', [host, '--technique', 'fin', '--flags', 'F'], /--technique and --flags at once/),
    wrong('flags that are none', [host, '--flags', 'XYZ'], /--flags: "XYZ"/),
    wrong('a whole segment', [host, '--hex', '00'], /unknown option "--hex"/),
    wrong('data over the MTU', [host, '--data-length', '70000'], /--data-length: more than the 65515 bytes/),
    wrong('a rate of 0', [host, '--rate', '0'], /--rate: 0 is out of range/),
    wrong('a rate that is no number', [host, '--rate', 'fast'], /--rate: "fast" is not a whole number/),
    wrong('too many retries', [host, '--retries', '101'], /--retries: 101 is out of range/),
    wrong('certainty', [host, '--confidence', '1'], /--confidence: 1 is out of range; give more than 0 and less than 1/),
    wrong('a confidence in percent', [host, '--confidence', '99.9'], /--confidence: 99\.9 is out of range/),
    wrong('no time at all', [host, '--max-time', '0'], /--max-time: 0 leaves no time/),
    wrong('an unknown verdict to list', [host, '--show', 'open,shut'], /--show: "shut" is not known/),
    wrong('an unknown requirement', [host, '--require', 'opne'], /--require: "opne" is not known; did you mean open\?/),
    wrong('a shard of none', [host, '--shard', '1/0'], /--shard: 1\/0: 0 parts are out of range/),
    wrong('a shard beyond the last', [host, '--shard', '3/2'], /--shard: 3\/2: there is no part 3 of 2/),
    wrong('a shard that is a word', [host, '--shard', 'first'], /--shard: "first" is not I\/N/),
    wrong(
      'a shard told by nobody',
      [host, '--shard', 'auto'],
      /--shard auto: this is neither a Kubernetes Indexed Job .* nor a Slurm array/,
    ),
    wrong('two outputs in a file', [host, '--csv', '/tmp/same', '--pcap', '/tmp/same'], /--csv and --pcap into one file/),
    wrong('a CSV file in no directory', [host, '--csv', '/nosuch/file'], /can't write "\/nosuch\/file": no such directory/, 74),
    wrong(
      'a resume file of another scan',
      [host, '--resume', state],
      /is of another scan: targets 5 addresses .* there, 1 address .* here, and other ports/,
      65,
    ),
    wrong('a resume file of something else', [host, '--resume', notState], /holds something else than a scan of this version/, 65),
    wrong('a resume file that is a device', [host, '--resume', '/dev/null'], /"\/dev\/null" is no regular file/, 65),
  ];
}
