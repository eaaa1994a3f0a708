/** What kept this machine from doing its part; never a statement about the peer. */
export type NetErrorCode =
  /** No CAP_NET_RAW, or a sandbox forbids it. */
  | 'no-permission'
  /** The kernel has no raw IPv4 sockets (gVisor, WSL1, an IPv6-only kernel). */
  | 'not-supported'
  /** raw-socket or koffi is not installed or does not load. */
  | 'module-missing'
  /** The host name gave no IPv4 address, whatever the reason. */
  | 'name-not-resolved'
  /** No route, or one that prohibits, blackholes or is unreachable; an interface that is down. */
  | 'no-route'
  | 'port-in-use'
  /** The source address is not one of this host's. */
  | 'source-address'
  | 'no-such-interface'
  /** The destination is a broadcast or multicast address. */
  | 'bad-destination'
  /** The datagram is larger than the interface's MTU. */
  | 'message-too-long'
  /** A firewall on this host refused to let the segment out. */
  | 'local-firewall'
  /** The send queue or memory is full and stays so. */
  | 'no-buffers'
  /** Any other error of a system call. */
  | 'system';

/** This machine could not do what was asked. Says what failed, on what, why, and what to do. */
export class NetError extends Error {
  override readonly name = 'NetError';
  /**
   * @param operation what was being done, such as `'bind'`
   * @param subject on what, such as `'port 80'`
   * @param reason why it failed
   * @param hint what to do about it
   */
  constructor(
    readonly code: NetErrorCode,
    readonly operation: string,
    readonly subject: string,
    readonly reason: string,
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(`${operation} ${subject}: ${reason}`, options);
  }
}
