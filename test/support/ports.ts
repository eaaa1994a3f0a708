/** Ports that do something else than those of their network would. */
import type { Network, Port, PortRequest } from '../../src/net/network.ts';

/** @param change of each port, when it was opened */
export function changePorts(network: Network, change: (port: Port, request: PortRequest) => void): void {
  const openPort = network.openPort.bind(network);
  network.openPort = (request) => {
    const port = openPort(request);
    change(port, request);
    return port;
  };
}

/** @param failure why a datagram can't leave, the n-th of all ports, from 1; undefined where it can */
export function failSends(network: Network, failure: (n: number, datagram: Uint8Array, request: PortRequest) => Error | undefined): void {
  let n = 0;
  changePorts(network, (port, request) => {
    const send = port.send.bind(port);
    port.send = (datagram) => {
      const error = failure(++n, datagram, request);
      if (error !== undefined) throw error;
      return send(datagram);
    };
  });
}
