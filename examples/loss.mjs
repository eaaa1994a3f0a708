// Pings a port and keeps what was sent and heard for Wireshark: node loss.mjs HOST PORT FILE
import { closeSync, openSync, writeSync } from 'node:fs';
import { createCaptureWriter, ping } from 'rawshake';

const [host = 'localhost', port = '80', file = 'loss.pcapng'] = process.argv.slice(2);

const descriptor = openSync(file, 'wx', 0o600);
const capture = createCaptureWriter({ write: (blocks) => writeSync(descriptor, blocks), commandLine: 'loss.mjs', version: '1' });
for await (const event of ping({ host, port: Number(port), count: 20, intervalMs: 10, segments: true })) {
  if (event.type !== 'result') capture.event(event);
  else {
    capture.end(event.kernelDrops);
    const { sent, received, lossPercent, rttUs } = event;
    console.log(`${received} of ${sent} answered, ${lossPercent} % lost${rttUs && `, median ${rttUs.median.toFixed(1)} µs`}`);
  }
}
closeSync(descriptor);
