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
    super(faultText({ protocol, offset, reason }));
  }
}

/** What a {@link DecodeError} says, as a value: to make an error takes longer than to read a datagram, for its stack. */
export type DecodeFault = Pick<DecodeError, 'protocol' | 'offset' | 'reason'>;

/** A fault in a line. */
export const faultText = ({ protocol, offset, reason }: DecodeFault): string => `${protocol}: ${reason} (at byte ${offset})`;

/** @throws DecodeError where there is a fault */
export function refuse(fault: DecodeFault | undefined): void {
  if (fault !== undefined) throw new DecodeError(fault.protocol, fault.offset, fault.reason);
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
