/** What an ICMP error has behind its quote, as events tell it. */
import type { IcmpExtension } from '../../wire/icmp.ts';
import { decodeMplsStack, isMplsStack } from '../../wire/mpls.ts';
import type { HopExtensions } from '../events.ts';

/** Undefined where there are none. The data of the others are copies. */
export function hopExtensions(objects: readonly IcmpExtension[]): HopExtensions | undefined {
  if (objects.length === 0) return undefined;
  return {
    mpls: objects.filter(isMplsStack).flatMap(({ data }) => decodeMplsStack(data)),
    others: objects.filter((object) => !isMplsStack(object)).map((object) => ({ ...object, data: object.data.slice() })),
  };
}
