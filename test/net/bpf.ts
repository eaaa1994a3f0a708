/** An interpreter of classic BPF, as linux/Documentation/networking/filter.rst has it, for the instructions that filters here use. */
import type { Program } from '../../src/net/filter.ts';

/** @returns how many bytes of the packet are let in; 0 where it is rejected */
export function runFilter(program: Program, packet: Uint8Array): number {
  let a = 0;
  let x = 0;
  let at = 0;
  const load = (offset: number, length: number): number | undefined => {
    if (offset + length > packet.length) return undefined;
    return packet.subarray(offset, offset + length).reduce((value, byte) => value * 256 + byte, 0);
  };
  for (let steps = 0; steps < 4096; steps++) {
    const instruction = program[at++];
    if (instruction === undefined) throw new Error(`ran off the end at ${at - 1}`);
    const { code, jumpTrue, jumpFalse, k } = instruction;
    const jump = (condition: boolean): void => {
      at += condition ? jumpTrue : jumpFalse;
    };
    const set = (value: number | undefined): boolean => {
      a = value ?? 0;
      return value !== undefined;
    };
    switch (code) {
      case 0x20:
        if (!set(load(k, 4))) return 0;
        break;
      case 0x28:
        if (!set(load(k, 2))) return 0;
        break;
      case 0x30:
        if (!set(load(k, 1))) return 0;
        break;
      case 0x48:
        if (!set(load(x + k, 2))) return 0;
        break;
      case 0x50:
        if (!set(load(x + k, 1))) return 0;
        break;
      case 0xb1: {
        const byte = load(k, 1);
        if (byte === undefined) return 0;
        x = (byte & 15) * 4;
        break;
      }
      case 0x54:
        a = (a & k) >>> 0;
        break;
      case 0x64:
        a = (a << k) >>> 0;
        break;
      case 0x0c:
        a = (a + x) >>> 0;
        break;
      case 0x07:
        x = a;
        break;
      case 0x15:
        jump(a === k);
        break;
      case 0x25:
        jump(a > k);
        break;
      case 0x35:
        jump(a >= k);
        break;
      case 0x45:
        jump((a & k) !== 0);
        break;
      case 0x06:
        return k;
      default:
        throw new Error(`unknown instruction 0x${code.toString(16)}`);
    }
  }
  throw new Error('does not end');
}
