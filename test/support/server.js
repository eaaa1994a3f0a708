/**
 * TCP servers of a real kernel, run in a namespace of the tests: `node server.js '{"7": "echo", …}'`, a behaviour a port.
 * Tells what happens as JSON Lines on stdout; ends with its stdin.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

/** How long a slow reader does not read. */
const SLOW_MS = 1500;
const GREETING = 'hello from the server\n';

/** What a server does with a connection. Half-open ones stay open until the behaviour ends them. */
const behaviours = {
  /** Sends back all that comes; ends when the peer has. */
  echo: (socket) => socket.pipe(socket),
  /** Greets and closes first. */
  'send-and-close': (socket) => {
    socket.resume();
    socket.end(GREETING);
  },
  /** Answers the first bytes and closes: the application asked it to. */
  'close-on-request': (socket) => {
    socket.once('data', (data) => socket.end(`got ${data.length} bytes\n`));
    socket.resume();
  },
  /** Reads, says nothing, closes 400 ms after the connection came. */
  'close-later': (socket) => {
    socket.resume();
    setTimeout(() => socket.end(), 400);
  },
  /** Reads and never closes. */
  'never-close': (socket) => socket.resume(),
  /** Waits for the peer's FIN, then goes on sending, then closes. */
  'after-fin': (socket) => {
    socket.resume();
    socket.once('end', async () => {
      for (const word of ['one\n', 'two\n', 'three\n']) {
        socket.write(word);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      socket.end();
    });
  },
  /** Counts and hashes; closes after the peer. */
  sink: (socket) => collect(socket),
  /** As sink, after a while in which its window fills up. */
  'slow-reader': (socket) => setTimeout(() => collect(socket), SLOW_MS),
  /** Never reads: its window fills up and stays so. */
  'never-reads': () => undefined,
  /** RST at the first bytes. */
  reset: (socket) => {
    socket.once('data', () => socket.resetAndDestroy());
    socket.resume();
  },
  /** RST as soon as the connection is there. */
  'reset-at-once': (socket) => socket.resetAndDestroy(),
};

function tell(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function collect(socket) {
  const hash = createHash('sha256');
  let bytes = 0;
  socket.on('data', (data) => {
    hash.update(data);
    bytes += data.length;
  });
  socket.once('end', () => {
    tell({ event: 'received', port: socket.localPort, remotePort: socket.remotePort, bytes, sha256: hash.digest('hex') });
    socket.end();
  });
  socket.resume();
}

const servers = Object.entries(JSON.parse(process.argv[2])).map(([port, name]) => {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    const { localPort, remotePort } = socket;
    const told = (event, more) => tell({ event, port: localPort, remotePort, ...more });
    told('connection');
    socket.on('end', () => told('end'));
    socket.on('error', ({ code }) => told('error', { code }));
    socket.on('close', () => told('close'));
    behaviours[name](socket);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(port), '0.0.0.0', resolve);
  });
});

process.stdin.resume().once('end', () => process.exit(0));
await Promise.all(servers);
tell({ event: 'listening' });
