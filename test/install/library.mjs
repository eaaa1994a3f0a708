// A program that uses the library: run with each Node.js, and read by the compiler.
import { createServer } from 'node:net';
import { CONNECT_DEFAULTS, connect, createContext, openKernelNetwork, resolveHost } from 'rawshake';

const server = createServer((socket) => socket.end('hello'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

const host = 'localhost';
const { address } = await resolveHost(host);
const network = openKernelNetwork();
for await (const event of connect({ ...CONNECT_DEFAULTS, host, address, port, close: 'passive' }, createContext(network))) {
  if (event.type === 'result') console.log(event.verdict, event.data.receivedBytes, event.close.finalState);
}
network.close();
server.close();
