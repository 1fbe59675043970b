import { formatQuantity, parseQuantity } from '@navarch/machinery';
import { amountOf, type DeviceSpec, ofDevice } from './devices.ts';

type Capacities = NonNullable<DeviceSpec['capacity']>;
type Policy = NonNullable<Capacities[string]['requestPolicy']>;
type Wanted = Readonly<Record<string, string>>;

/** Amounts by the name of the capacity. */
export type Shares = ReadonlyMap<string, bigint>;

/** Whether a device has as much of everything as is asked for. */
export const hasCapacity = ({ capacity }: DeviceSpec, driver: string, wanted: Wanted): boolean =>
  Object.entries(wanted).every(([name, amount]) => {
    const held = ofDevice(capacity, name, driver);
    return held !== undefined && amountOf(held.value) >= amountOf(amount);
  });

/** What a share of a device that several use takes of each of its capacities; undefined: it gives no such share (KEP-5075). */
export function shareOf({ capacity = {} }: DeviceSpec, driver: string, wanted: Wanted): Shares | undefined {
  const shares = new Map<string, bigint>();
  for (const [name, { value, requestPolicy }] of Object.entries(capacity)) {
    const asked = askedOf(name, driver, wanted);
    const amount = asked === undefined ? usual(value, requestPolicy) : rounded(asked, requestPolicy);
    if (amount === undefined || amount > amountOf(value)) return undefined;
    shares.set(name, amount);
  }
  return hasCapacity({ name: '', capacity }, driver, wanted) ? shares : undefined;
}

const askedOf = (name: string, driver: string, wanted: Wanted): bigint | undefined => {
  const amount = wanted[name] ?? wanted[name.includes('/') ? name.slice(name.indexOf('/') + 1) : `${driver}/${name}`];
  return amount === undefined ? undefined : amountOf(amount);
};

/** Who asks for nothing gets what the policy says, and all of it where there is none. */
const usual = (value: string, policy: Policy | undefined): bigint => amountOf(policy?.default ?? value);

/** Up to what the policy lets one have; undefined: it is more than that. */
function rounded(asked: bigint, policy: Policy | undefined): bigint | undefined {
  if (policy?.validValues?.length) return policy.validValues.map(amountOf).find((option) => option >= asked);
  const range = policy?.validRange;
  if (!range) return asked;
  const min = amountOf(range.min ?? '0');
  const step = range.step === undefined ? 0n : amountOf(range.step);
  const over = asked > min ? asked - min : 0n;
  const found = min + (step > 0n ? ((over + step - 1n) / step) * step : over);
  return range.max !== undefined && found > amountOf(range.max) ? undefined : found;
}

/** As a claim's status tells of it. */
export const sharesText = (shares: Shares, capacity: Capacities): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...shares].map(([name, nano]) => [
      name,
      formatQuantity({ nano, format: parseQuantity(capacity[name]?.value ?? '0')?.format ?? 'DecimalSI' }),
    ]),
  );
