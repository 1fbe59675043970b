import type { CelType } from './types.ts';

/** The least and the most of something. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** The largest number that costs count to. */
const COST_MAX = 2 ** 64;
const capped = (value: number): number => Math.min(value, COST_MAX);

export const exactly = (value: number): Range => ({ min: value, max: value });
export const unknownSize: Range = { min: 0, max: COST_MAX };
export const nothing = exactly(0);

export const plus = (...ranges: readonly Range[]): Range =>
  ranges.reduce((a, b) => ({ min: capped(a.min + b.min), max: capped(a.max + b.max) }), nothing);
export const times = (a: Range, b: Range): Range => ({ min: capped(a.min * b.min), max: capped(a.max * b.max) });
/** Rounded up. */
export const scaled = ({ min, max }: Range, factor: number): Range => ({
  min: capped(Math.ceil(min * factor)),
  max: capped(Math.ceil(max * factor)),
});
export const union = (a: Range, b: Range): Range => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) });

/** What looking through a text once costs for each character. */
export const TRAVERSAL = 0.1;
/** What matching a pattern costs for each of its characters and unit of the text. */
export const PATTERN = 0.25;
export const LIST_COST = 10;
export const MAP_COST = 30;
export const OBJECT_COST = 40;

/** What is known of an argument: before an evaluation within bounds, during one exactly. */
export interface Measured {
  readonly type: CelType;
  readonly size: Range;
  /** The size of what a list holds; undefined where it is no list. */
  readonly itemSize: Range | undefined;
  /** Of an argument that is written out. */
  readonly literal: unknown;
}

/** What a call costs besides its arguments, and the size of what it gives where that is known. */
export interface CallCost {
  readonly cost: Range;
  readonly size?: Range | undefined;
}
export type CostOf = (...args: readonly Measured[]) => CallCost;

/** Of calls that cost the same whatever they are given. */
export const flat =
  (cost: number): CostOf =>
  () => ({ cost: exactly(cost) });

/** Of calls that look through their first argument; `keepsSize`: and give something as large. */
export const traversing =
  (factor = TRAVERSAL, keepsSize = false): CostOf =>
  ({ size }) => ({ cost: scaled(size, factor), ...(keepsSize ? { size } : {}) });

/** Of calls that match their first argument with the pattern in the second. */
export const matching: CostOf = (text, pattern) => ({
  cost: times(scaled(plus(text.size, exactly(1)), TRAVERSAL), scaled((pattern as Measured).size, PATTERN)),
});
