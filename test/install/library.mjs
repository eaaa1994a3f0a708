// A program that uses the library: run with each Node.js, and read by the compiler.
import { createServer } from 'node:net';
import { CONNECT_DEFAULTS, connect, createContext, open, openKernelNetwork, resolveHost, resultOf } from 'rawshake';

const server = createServer((socket) => socket.end('hello'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

const host = 'localhost';
const { verdict, data, close } = await resultOf(connect({ host, port, close: 'passive' }));
console.log(verdict, data.receivedBytes, close.finalState);

const connection = await open({ host, port });
for await (const bytes of connection) console.log(connection.state, new TextDecoder().decode(bytes));
await connection.close();

// With all said that may be left out.
const { address } = await resolveHost(host);
const network = openKernelNetwork();
for await (const event of connect({ ...CONNECT_DEFAULTS, host, address, port, close: 'reset' }, createContext(network)))
  if (event.type === 'result') console.log(event.close.kind);
network.close();
server.close();
