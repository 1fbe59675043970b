import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  QUANTITY_SYNTAX_ERROR,
  subtractQuantities,
} from '../../quantity/quantity.ts';
import { flat, traversing } from '../cost.ts';
import { declare, type Overload } from '../declare.ts';
import { CelError, noOverload, Opaque } from '../values.ts';

const NANO = 1_000_000_000n;
const INT_END = 2n ** 63n;

/** A quantity of Kubernetes as a value. */
export class CelQuantity extends Opaque {
  readonly typeName = 'kubernetes.Quantity';
  readonly quantity: Quantity;

  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }

  override equals(other: unknown): boolean {
    if (!(other instanceof CelQuantity)) throw noOverload();
    return compareQuantities(this.quantity, other.quantity) === 0;
  }

  override toString(): string {
    return formatQuantity(this.quantity);
  }

  get isWhole(): boolean {
    const { nano } = this.quantity;
    return nano % NANO === 0n && nano / NANO < INT_END && nano / NANO >= -INT_END;
  }
}

/** Throws CelError where it is none. */
export function parsed(text: string): CelQuantity {
  const found = parseQuantity(text);
  if (!found) throw new CelError(QUANTITY_SYNTAX_ERROR);
  return new CelQuantity(found);
}

const whole = (value: bigint): Quantity => ({ nano: value * NANO, format: 'DecimalExponent' });
const ordered = (a: CelQuantity, b: CelQuantity): number => compareQuantities(a.quantity, b.quantity);
const sign = ({ quantity: { nano } }: CelQuantity): bigint => (nano > 0n ? 1n : nano < 0n ? -1n : 0n);

function toInteger(value: CelQuantity): bigint {
  if (!value.isWhole) throw new CelError('cannot convert value to integer');
  return value.quantity.nano / NANO;
}

const Q = 'kubernetes.Quantity';

/** Quantities (KEP-2876, "Quantity library"). */
export const quantities: readonly Overload[] = [
  declare(`quantity(string) -> ${Q}`, parsed, traversing()),
  declare('isQuantity(string) -> bool', (text: string) => parseQuantity(text) !== undefined, traversing()),
  declare(`sign(${Q}) -> int`, sign, flat(1)),
  declare(`isGreaterThan(this ${Q}, ${Q}) -> bool`, (a: CelQuantity, b: CelQuantity) => ordered(a, b) > 0),
  declare(`isLessThan(this ${Q}, ${Q}) -> bool`, (a: CelQuantity, b: CelQuantity) => ordered(a, b) < 0),
  declare(`compareTo(this ${Q}, ${Q}) -> int`, (a: CelQuantity, b: CelQuantity) => BigInt(ordered(a, b))),
  declare(`asApproximateFloat(this ${Q}) -> double`, ({ quantity }: CelQuantity) => Number(quantity.nano) / 1e9),
  declare(`asInteger(this ${Q}) -> int`, toInteger),
  declare(`isInteger(this ${Q}) -> bool`, ({ isWhole }: CelQuantity) => isWhole),
  declare(
    `add(this ${Q}, ${Q}) -> ${Q}`,
    (a: CelQuantity, b: CelQuantity) => new CelQuantity(addQuantities(a.quantity, b.quantity)),
  ),
  declare(
    `add(this ${Q}, int) -> ${Q}`,
    (a: CelQuantity, b: bigint) => new CelQuantity(addQuantities(a.quantity, whole(b))),
  ),
  declare(
    `sub(this ${Q}, ${Q}) -> ${Q}`,
    (a: CelQuantity, b: CelQuantity) => new CelQuantity(subtractQuantities(a.quantity, b.quantity)),
  ),
  declare(
    `sub(this ${Q}, int) -> ${Q}`,
    (a: CelQuantity, b: bigint) => new CelQuantity(subtractQuantities(a.quantity, whole(b))),
  ),
];
