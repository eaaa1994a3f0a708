// A bulk transfer over loopback, until it is ended: `bulk.js serve PORT`, and `bulk.js send PORT CONNECTIONS`.
import { connect, createServer } from 'node:net';

const HOST = '127.0.0.1';
const CHUNK = Buffer.alloc(65_536);
const [role, port, connections] = process.argv.slice(2);

if (role === 'serve') {
  createServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume();
  }).listen(Number(port), HOST, () => process.stdout.write('listening\n'));
} else {
  for (let i = 0; i < Number(connections); i++) {
    const socket = connect(Number(port), HOST);
    const write = () => {
      while (socket.write(CHUNK));
    };
    socket.on('connect', write);
    socket.on('drain', write);
  }
}
