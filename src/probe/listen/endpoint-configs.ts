/** What the endpoints of a listener begin with. */
import type { Flow } from '../../net/flow.ts';
import type { Random } from '../../net/random.ts';
import { DEFAULT_TCB_CONFIG, type TcbChoice } from '../../tcp/tcb.ts';
import { MIN_HEADERS_LENGTH } from '../../wire/packet.ts';
import type { TcpOption } from '../../wire/tcp-options.ts';
import { synOptions } from '../syn-options.ts';
import type { ListenRequest } from './request.ts';

/** So much each peer may have in flight towards us, and no more, where many share the kernel's buffer. */
const LEAST_WINDOW_BYTES = 64 * 1024;
const MOST_WINDOW_BYTES = 1 << 20;
/** As Linux: over a path of a fraction of a second the RFC's second would be most of the time. */
const MIN_RTO_US = 200_000;

export class EndpointConfigs {
  readonly #request: ListenRequest;
  readonly #random: Random;
  readonly #receiveWindowBytes: number;
  /** By MTU: a flood asks for them again and again. */
  readonly #offers = new Map<number, readonly TcpOption[]>();

  /** @param receiveWindowBytes for all peers together */
  constructor(request: ListenRequest, random: Random, receiveWindowBytes: number) {
    this.#request = request;
    this.#random = random;
    this.#receiveWindowBytes = receiveWindowBytes;
  }

  /** @param open how many connections share the kernel's buffer already */
  of({ port, peerPort }: Flow, mtu: number, iss: number, timestamp: number, open: number): TcbChoice {
    const { window, timeoutMs, misbehaviour, echo } = this.#request;
    const share = Math.floor(this.#receiveWindowBytes / (open + 1));
    return {
      localPort: port,
      remotePort: peerPort,
      iss,
      synOptions: this.#offer(mtu, timestamp),
      synWindow: misbehaviour.zeroWindowMs !== undefined ? 0 : (window ?? DEFAULT_TCB_CONFIG.synWindow),
      fixedWindow: window !== undefined,
      receiveBufferBytes: Math.max(LEAST_WINDOW_BYTES, Math.min(MOST_WINDOW_BYTES, share)),
      userReads: echo || misbehaviour.zeroWindowMs !== undefined,
      maxSegmentBytes: mtu - MIN_HEADERS_LENGTH,
      userTimeoutUs: timeoutMs * 1000,
      minRtoUs: MIN_RTO_US,
    };
  }

  /** Of a new connection's timestamp clock. */
  firstTimestamp(): number {
    const { timestamps } = this.#request.synOptions;
    return typeof timestamps === 'object' ? timestamps.value : this.#random.uint32();
  }

  /** The options of our SYN+ACK. */
  #offer(mtu: number, timestamp: number): readonly TcpOption[] {
    let offer = this.#offers.get(mtu);
    if (offer === undefined) {
      offer = synOptions(this.#request.synOptions, mtu - MIN_HEADERS_LENGTH, 0);
      this.#offers.set(mtu, offer);
    }
    return offer.map((option) => (option.name === 'timestamps' ? { ...option, value: timestamp } : option));
  }
}
