/** What an ICMP error has behind its quote, as events tell it. */

import { formatIpv4 } from '../../wire/address.ts';
import type { IcmpExtension } from '../../wire/icmp.ts';
import { decodeInterface } from '../../wire/icmp-interface.ts';
import { decodeMplsStack, isMplsStack, type MplsLabel } from '../../wire/mpls.ts';
import type { HopExtensions, HopInterface } from '../events.ts';

/** Undefined where there are none. The data of the others are copies. */
export function hopExtensions(objects: readonly IcmpExtension[]): HopExtensions | undefined {
  if (objects.length === 0) return undefined;
  const read = { mpls: [] as MplsLabel[], interfaces: [] as HopInterface[], others: [] as IcmpExtension[] };
  for (const object of objects) {
    const told = decodeInterface(object);
    if (isMplsStack(object)) read.mpls.push(...decodeMplsStack(object.data));
    else if (told === undefined) read.others.push({ ...object, data: object.data.slice() });
    else read.interfaces.push({ ...told, address: told.address === undefined ? undefined : formatIpv4(told.address) });
  }
  return read;
}
