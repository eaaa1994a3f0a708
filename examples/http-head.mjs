// Asks a web server for its headers over a connection made by hand: node http-head.mjs HOST [PORT]
import { ConnectionError, open } from 'rawshake';

const [host = 'localhost', port = '80'] = process.argv.slice(2);

try {
  // Where the language has it: await using connection = await open(...)
  const connection = await open({ host, port: Number(port) });
  await connection.write(`HEAD / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const decoder = new TextDecoder('latin1');
  let headers = '';
  for await (const bytes of connection) headers += decoder.decode(bytes, { stream: true });
  console.log(headers.split('\r\n')[0]);
  console.log(`round trip ${connection.rttUs?.toFixed(1)} µs, state ${connection.state}`);
  await connection.close();
} catch (error) {
  if (!(error instanceof ConnectionError)) throw error;
  console.log(`${error.outcome.verdict}: ${error.message}`);
  process.exitCode = 1;
}
