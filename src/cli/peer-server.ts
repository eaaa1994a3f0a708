/** The peer of demo and doctor: a server on loopback in a process of its own, so that the kernel's TCP stands behind it. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

const GREETING = 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nHello from the kernel.\n';

/** Answers GET and closes; sorts the lines of anything that starts with "sort" once the peer has closed its side; else sends back what comes. */
function serve(socket: Socket): void {
  const lines: string[] = [];
  let sorting = false;
  socket.on('data', (bytes) => {
    const text = bytes.toString();
    if (text.startsWith('GET ')) socket.end(GREETING);
    else if (sorting || text.startsWith('sort\n')) {
      sorting = true;
      lines.push(...text.split('\n').filter((line) => line !== '' && line !== 'sort'));
    } else socket.write(bytes);
  });
  socket.on('end', () => socket.end(sorting ? `${lines.sort().join('\n')}\n` : ''));
  // A reset is part of the show.
  socket.on('error', () => socket.destroy());
}

/** A port on which nothing listens: one that was free a moment ago. */
function closedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
    probe.on('error', reject);
  });
}

async function tellPorts(server: Server): Promise<void> {
  process.send?.({ open: (server.address() as AddressInfo).port, closed: await closedPort() });
}

const fail = (error: Error): void => {
  process.send?.({ error: error.message });
};

const server = createServer({ allowHalfOpen: true }, serve).on('error', fail);
server.listen(0, '127.0.0.1', () => void tellPorts(server).catch(fail));
// Ends with who started it, however that ends.
process.on('disconnect', () => process.exit());
