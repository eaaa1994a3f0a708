/**
 * The far end of a TUN device, run in its namespace: `node device.js NAME`. What the kernel routes into the device comes
 * out of stdout, what goes into stdin comes out of the device; both as datagrams behind their length in two bytes. A first, empty
 * one says that the device is there.
 */
import { openSync, read, writeSync } from 'node:fs';
import koffi from 'koffi';

const TUNSETIFF = 0x400454ca;
const IFF_TUN = 0x0001;
/** Datagrams alone, without a header of the device's own. */
const IFF_NO_PI = 0x1000;
const IFREQ_LENGTH = 40;
const IFREQ_FLAGS = 16;
const LARGEST_DATAGRAM = 65_535;

const ioctl = koffi.load('libc.so.6').func('int ioctl(int descriptor, unsigned long request, uint8_t *argument)');

const tun = openSync('/dev/net/tun', 'r+');
const request = Buffer.alloc(IFREQ_LENGTH);
request.write(process.argv[2], 'latin1');
request.writeUInt16LE(IFF_TUN | IFF_NO_PI, IFREQ_FLAGS);
if (ioctl(tun, TUNSETIFF, request) !== 0) throw new Error(`TUNSETIFF: errno ${koffi.errno()}`);

const datagram = Buffer.alloc(LARGEST_DATAGRAM);
function next() {
  read(tun, datagram, 0, datagram.length, null, (error, length) => {
    if (error) throw error;
    const frame = Buffer.alloc(2 + length);
    frame.writeUInt16BE(length);
    datagram.copy(frame, 2, 0, length);
    process.stdout.write(frame);
    next();
  });
}

let waiting = Buffer.alloc(0);
process.stdin.on('data', (bytes) => {
  waiting = Buffer.concat([waiting, bytes]);
  while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE()) {
    const length = waiting.readUInt16BE();
    writeSync(tun, waiting, 2, length);
    waiting = waiting.subarray(2 + length);
  }
});
process.stdin.once('end', () => process.exit());
next();
process.stdout.write(Buffer.alloc(2));
