/** Capture files, pcap and pcapng, read piece by piece: no more of a file is held than its longest block. */
import type { CapturedPacket, CaptureFormat } from './capture-format.ts';
import { DecodeError } from './errors.ts';
import { PcapFormat } from './pcap-reader.ts';
import { PcapngFormat } from './pcapng-reader.ts';

/** Of compressed files. */
const PACKERS: readonly (readonly [name: string, magic: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
];

const MAGIC_LENGTH = 4;

export class CaptureReader {
  #bytes: Uint8Array = new Uint8Array(0);
  /** Of the file, what stands first in `#bytes`. */
  #offset = 0;
  #at = 0;
  #format: CaptureFormat | undefined;

  /** More of the file. The bytes are not copied: leave them alone. */
  push(chunk: Uint8Array): void {
    const rest = this.#bytes.subarray(this.#at);
    this.#offset += this.#at;
    this.#at = 0;
    if (rest.length === 0) {
      this.#bytes = chunk;
      return;
    }
    const joined = new Uint8Array(rest.length + chunk.length);
    joined.set(rest);
    joined.set(chunk, rest.length);
    this.#bytes = joined;
  }

  /**
   * The next packet of what has been pushed.
   * @returns undefined where more of the file is needed
   * @throws DecodeError where the file is damaged, or no capture
   */
  next(): CapturedPacket | undefined {
    for (;;) {
      const bytes = this.#bytes.subarray(this.#at);
      if (this.#format === undefined && bytes.length < MAGIC_LENGTH) return undefined;
      this.#format ??= formatOf(bytes);
      const piece = this.#format.next(bytes, this.#offset + this.#at);
      if (piece === undefined) return undefined;
      this.#at += piece.length;
      if (piece.packet !== undefined) return piece.packet;
    }
  }

  /** All of the file has been pushed and read. @throws DecodeError where it ends within something */
  end(): void {
    const left = this.#bytes.length - this.#at;
    const fileLength = this.#offset + this.#bytes.length;
    if (fileLength === 0) throw new DecodeError('capture', 0, 'an empty file');
    if (this.#format === undefined) throw new DecodeError('capture', 0, 'not a capture file: neither pcap nor pcapng');
    if (left > 0) throw new DecodeError(this.#format.name, fileLength, `cut off: the file ends ${left} bytes into a record`);
  }

  /** Undefined until its first bytes have been read. */
  get format(): CaptureFormat['name'] | undefined {
    return this.#format?.name;
  }

  get dropped(): number | undefined {
    return this.#format?.dropped;
  }
}

function formatOf(bytes: Uint8Array): CaptureFormat {
  const format = PcapngFormat.detect(bytes) ?? PcapFormat.detect(bytes);
  if (format !== undefined) return format;
  const packer = PACKERS.find(([, magic]) => magic.every((byte, i) => bytes[i] === byte));
  if (packer !== undefined) throw new DecodeError('capture', 0, `compressed by ${packer[0]}`);
  throw new DecodeError('capture', 0, 'not a capture file: neither pcap nor pcapng');
}
