/** MPLS label stacks, as routers add them to an ICMP error (RFC 4950). */
import { get32 } from './bytes.ts';
import type { IcmpExtension } from './icmp.ts';

/** An entry of a label stack (RFC 3032 §2.1, RFC 5462). */
export interface MplsLabel {
  /** 20 bits. */
  label: number;
  /** Once called EXP. */
  trafficClass: number;
  /** The last of its stack. */
  bottom: boolean;
  ttl: number;
}

/** The class of the object, and its one type: the stack as it came (RFC 4950 §3). */
const MPLS_CLASS = 1;
const INCOMING_STACK = 1;
const ENTRY_LENGTH = 4;

export const isMplsStack = (object: IcmpExtension): boolean => object.class === MPLS_CLASS && object.type === INCOMING_STACK;

/** Reads the entries of a label stack, outermost first, up to one that is cut off. */
export function decodeMplsStack(data: Uint8Array): MplsLabel[] {
  const labels: MplsLabel[] = [];
  for (let at = 0; at + ENTRY_LENGTH <= data.length; at += ENTRY_LENGTH) {
    const entry = get32(data, at);
    labels.push({ label: entry >>> 12, trafficClass: (entry >>> 9) & 7, bottom: (entry & 0x100) !== 0, ttl: entry & 0xff });
  }
  return labels;
}
