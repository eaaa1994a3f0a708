/** A network whose other end is the test: a TUN device in a namespace. */

import { type Ipv4Address, parseIpv4 } from '../../src/wire/address.ts';
import { decodePacket, encodePacket, type Packet } from '../../src/wire/packet.ts';
import type { Child } from '../support/netns.ts';
import { Namespace } from '../support/netns.ts';

const NAME = 'tun0';
const OWN_ADDRESS = '10.99.0.1';
const FIRST_PEER = 2;

/** A namespace with the address 10.99.0.1, whose route to all else of 10.99.0.0/24 ends in this process. */
export class TunNetwork {
  readonly namespace = new Namespace();
  readonly #child: Child;
  readonly #peers = new Map<Ipv4Address, (packet: Packet) => void>();
  #lastPeer = FIRST_PEER - 1;

  private constructor() {
    this.namespace.ip(`tuntap add mode tun name ${NAME}\naddr add ${OWN_ADDRESS}/24 dev ${NAME}\nlink set ${NAME} up`);
    this.#child = this.namespace.spawn([process.execPath, 'test/tun/device.js', NAME]);
    this.#child.stderr.pipe(process.stderr);
  }

  static async open(): Promise<TunNetwork> {
    const network = new TunNetwork();
    await new Promise<void>((resolve) => network.#read(resolve));
    return network;
  }

  /** @param ready called with the first, empty datagram */
  #read(ready: () => void): void {
    let waiting = Buffer.alloc(0);
    this.#child.stdout.on('data', (bytes: Buffer) => {
      waiting = Buffer.concat([waiting, bytes]);
      while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE()) {
        const end = 2 + waiting.readUInt16BE();
        if (end === 2) ready();
        else this.#deliver(Uint8Array.from(waiting.subarray(2, end)));
        waiting = waiting.subarray(end);
      }
    });
  }

  /** Takes an address that nobody had before. @param receive what comes for it */
  addPeer(receive: (packet: Packet) => void): Ipv4Address {
    const address = parseIpv4(`10.99.0.${++this.#lastPeer}`);
    if (address === undefined) throw new Error('no more addresses in 10.99.0.0/24');
    this.#peers.set(address, receive);
    return address;
  }

  /** Sends a datagram to the namespace. */
  send(packet: Packet): void {
    const bytes = encodePacket(packet);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    this.#child.stdin.write(Buffer.concat([length, bytes]));
  }

  #deliver(datagram: Uint8Array): void {
    // The kernel also sends IPv6 and multicast of its own.
    if ((datagram[0] as number) >> 4 !== 4) return;
    const packet = decodePacket(datagram);
    this.#peers.get(packet.ip.destination)?.(packet);
  }

  remove(): void {
    this.namespace.remove();
  }
}

export const ownAddress = parseIpv4(OWN_ADDRESS) as Ipv4Address;
