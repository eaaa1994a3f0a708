// Are these ports open, all of them? node reachable.mjs HOST:PORT... Exits by the answer.
import { connect, connectExitCode, resultOf } from 'rawshake';

const signal = AbortSignal.timeout(30_000);

const checks = process.argv.slice(2).map(async (target) => {
  const [host = '', port] = target.split(':');
  const result = await resultOf(connect({ host, port: Number(port), close: 'reset', timeoutMs: 3000 }, { signal }));
  return { target, result };
});

for (const { target, result } of await Promise.all(checks)) {
  const { verdict, reason, rttUs } = result;
  console.log(`${target}\t${verdict} (${reason})${rttUs === undefined ? '' : `\t${(rttUs / 1000).toFixed(3)} ms`}`);
  process.exitCode ||= connectExitCode(result);
}
