/** Unsigned numbers in network byte order. Who reads has compared the length first; what is written is held to its field. */
import { EncodeError } from './errors.ts';

export const get16 = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1];

export const get32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;

/** The value, where it is a whole number in 0 … max. @throws EncodeError that names the field */
export function inRange(value: number, max: number, field: string): number {
  if (value >>> 0 !== value || value > max) throw new EncodeError(field, `${value} is not a whole number in 0 … ${max}`);
  return value;
}

export function put8(bytes: Uint8Array, at: number, value: number, field: string): void {
  bytes[at] = inRange(value, 0xff, field);
}

export function put16(bytes: Uint8Array, at: number, value: number, field: string): void {
  inRange(value, 0xffff, field);
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function put32(bytes: Uint8Array, at: number, value: number, field: string): void {
  inRange(value, 0xffffffff, field);
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
