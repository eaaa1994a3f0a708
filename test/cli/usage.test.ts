/** What a command line gets wrong, and the one line that says so. */
import { expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';

it.each<[string[], string]>([
  [['connect', '10.0.0.0/24', '80'], 'HOST: "10.0.0.0/24" is more than one host; give one; rawshake scan takes networks and ranges'],
  [['ping', '10.0.0.1-9:80'], 'HOST: "10.0.0.1-9" is more than one host; give one; rawshake scan takes networks and ranges'],
  [['connect', '10.0.0.1', '80,443'], 'PORT: 80,443 is more than one port; give one; rawshake scan takes many'],
  [['trace', '10.0.0.1:80-90'], 'PORT: 80-90 is more than one port; give one; rawshake scan takes many'],
  [['connect', '10.0.0.1', 'HTTP'], 'PORT: "HTTP" is no known service name; did you mean http?'],
  [['connect', '10.0.0.1', '-1'], 'PORT: -1 is no port; give 1 to 65535'],
  [['connect', '10.0.0.1', '80', '--no-timestamps=1,2'], '--no-timestamps=1,2: --no-timestamps takes no value; leave the value out'],
  [['connect', '10.0.0.1', '80', '--pcap', '-', '--json'], '--json and --pcap - at once; both are for stdout: give --pcap a file'],
  [['connect', '10.0.0.1', '80', '--save', '-', '--json'], '--json and --save - at once; both are for stdout: give --save a file'],
  [['connect', '10.0.0.1', '80', '--save', '-', '--pcap', '/dev/stdout'], '--save and --pcap into one file; name two'],
  [['scan', '10.0.0.1', '--csv', '-', '--json'], '--json and --csv - at once; both are for stdout: give --csv a file'],
  [['scan', '10.0.0.1', '--show', 'foo'], '--show: "foo" is not known; give one of open, closed, filtered, unfiltered, open|filtered, all'],
  [['send', '10.0.0.1', '80', '--sweep', 'ttl=5..1'], '--sweep: ttl=5..1 runs backwards; give ttl=1..5'],
])('%j', async (argv, line) => {
  const { code, stderr } = await runCli(argv);
  expect({ code, stderr }).toEqual({ code: 64, stderr: `rawshake: ${line}\n` });
});
