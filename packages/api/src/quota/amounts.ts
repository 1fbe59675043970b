import { addQuantities, compareQuantities, formatQuantity, parseQuantity, type Quantity } from '@navarch/machinery';

/** Amounts by resource name, exact. */
export type Amounts = ReadonlyMap<string, Quantity>;
export type ResourceList = Readonly<Record<string, string>>;

const ZERO: Quantity = { nano: 0n, format: 'DecimalSI' };
export const wholeAmount = (count: number): Quantity => ({ nano: BigInt(count) * 1_000_000_000n, format: 'DecimalSI' });

export function amountsOf(list: ResourceList | undefined): Amounts {
  return new Map(
    Object.entries(list ?? {}).flatMap(([name, text]) => {
      const amount = parseQuantity(text);
      return amount ? [[name, amount] as const] : [];
    }),
  );
}

export const listOfAmounts = (amounts: Amounts): ResourceList =>
  Object.fromEntries(
    [...amounts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, amount]) => [name, formatQuantity(amount)]),
  );

export function sumAmounts(a: Amounts, b: Amounts): Amounts {
  const total = new Map(a);
  for (const [name, amount] of b)
    total.set(name, total.has(name) ? addQuantities(total.get(name) ?? ZERO, amount) : amount);
  return total;
}

/** What `after` has more than `before`; what it has less counts as nothing. */
export function increaseOfAmounts(before: Amounts, after: Amounts): Amounts {
  return new Map(
    [...after].flatMap(([name, amount]) => {
      const nano = amount.nano - (before.get(name)?.nano ?? 0n);
      return nano > 0n ? [[name, { ...amount, nano }] as const] : [];
    }),
  );
}

export const onlyAmounts = (amounts: Amounts, names: ReadonlySet<string>): Amounts =>
  new Map([...amounts].filter(([name]) => names.has(name)));

/** Names of which there is more than the limit; a resource without a limit has none. */
export const amountsBeyond = (amounts: Amounts, limits: Amounts): readonly string[] =>
  [...amounts]
    .filter(([name, amount]) => {
      const limit = limits.get(name);
      return limit !== undefined && compareQuantities(amount, limit) > 0;
    })
    .map(([name]) => name);
