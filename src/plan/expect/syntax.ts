/** What an expression is made of, before anybody asks what its names mean. */
import type { Span } from './error.ts';
import type { UnitName } from './units.ts';

export const ORDERS = ['==', '!=', '<', '<=', '>', '>='] as const;

/** What compares two values. */
export type Order = (typeof ORDERS)[number];

export type Node = Span & (Condition | Operand | Literal);

type Condition =
  | { kind: 'and' | 'or'; left: Node; right: Node }
  | { kind: 'not'; of: Node }
  | { kind: 'compare'; order: Order; left: Node; right: Node }
  | { kind: 'match'; isNegated: boolean; left: Node; pattern: PatternNode }
  | { kind: 'has'; left: Node; right: Node }
  | { kind: 'in'; left: Node; choices: readonly Node[] };

type Operand =
  | { kind: 'name'; name: string }
  | { kind: 'field'; of: Node; name: string; nameAt: Span }
  | { kind: 'call'; name: string; nameAt: Span; argument: Node }
  | { kind: 'where'; list: Node; condition: Node };

type Literal =
  | { kind: 'number'; value: number; unit: UnitName | undefined }
  | { kind: 'text'; value: string }
  | { kind: 'flag'; value: boolean }
  | { kind: 'none' };

export interface PatternNode extends Span {
  source: string;
  flags: string;
}
