/** Bytes that are not what they claim to be. The only error a decoder throws. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /**
   * @param protocol what was being read, such as `'TCP'`
   * @param offset where in the given bytes reading stopped
   * @param reason what is wrong there, in a few words
   */
  constructor(
    readonly protocol: 'IPv4' | 'TCP' | 'ICMP' | 'hex' | 'capture' | 'pcap' | 'pcapng',
    readonly offset: number,
    readonly reason: string,
  ) {
    super(`${protocol}: ${reason} (at byte ${offset})`);
  }

  /** The same for the bytes that those given were a part of, from `start` on. */
  within(start: number): DecodeError {
    return new DecodeError(this.protocol, this.offset + start, this.reason);
  }
}

/** A record that can't be put into bytes: a value that its field can't hold, options longer than theirs. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError';
  /**
   * @param field what could not be written, such as `'TCP window'`
   * @param reason why, in a few words
   */
  constructor(
    readonly field: string,
    readonly reason: string,
  ) {
    super(`${field}: ${reason}`);
  }
}
