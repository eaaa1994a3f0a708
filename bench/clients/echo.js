// An echo, compared byte by byte: `echo.js serve PORT`, and `echo.js call HOST PORT CONNECTIONS BYTES_EACH`.
import { createCipheriv } from 'node:crypto';
import { connect, createServer } from 'node:net';

const CHUNK = 65_536;
const [role, ...rest] = process.argv.slice(2);

// Looks random and is always the same: a missing, doubled or moved byte is seen.
const stream = () => createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
const next = (cipher, length) => cipher.update(Buffer.alloc(length));

function call(host, port, bytes) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    const [sent, expected] = [stream(), stream()];
    let left = bytes;
    let heard = 0;
    const write = () => {
      while (left > 0) {
        const length = Math.min(CHUNK, left);
        left -= length;
        if (!socket.write(next(sent, length))) return;
      }
      socket.end();
    };
    socket.on('connect', write);
    socket.on('drain', write);
    socket.on('data', (data) => {
      heard += data.length;
      if (!data.equals(next(expected, data.length))) reject(new Error(`the echo differs before byte ${heard}`));
    });
    socket.on('end', () => (heard === bytes ? resolve() : reject(new Error(`${heard} of ${bytes} bytes came back`))));
    socket.on('error', reject);
  });
}

if (role === 'serve') {
  createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  }).listen(Number(rest[0]), () => process.stdout.write('listening\n'));
} else {
  const [host, port, connections, bytes] = rest;
  const startedAt = performance.now();
  const results = await Promise.allSettled(Array.from({ length: Number(connections) }, () => call(host, Number(port), Number(bytes))));
  const seconds = (performance.now() - startedAt) / 1000;
  const failed = results.filter(({ status }) => status === 'rejected').map(({ reason }) => String(reason));
  process.stdout.write(`${JSON.stringify({ seconds, failed: failed.length, first: failed[0] })}\n`);
}
