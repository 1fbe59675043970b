import { CelIp, CelCidr } from '../../packages/machinery/src/cel/functions/networks.ts';
import { CelQuantity } from '../../packages/machinery/src/cel/functions/quantities.ts';
import {
  Duration,
  entriesOf,
  formatSeconds,
  formatTimestamp,
  inside,
  isMap,
  Opaque,
  Optional,
  Timestamp,
  TypeName,
  Uint,
} from '../../packages/machinery/src/cel/values.ts';

/** A value with its type, in the form that the Go program answers in. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return { int: String(value) };
  if (value instanceof Uint) return { uint: String(value.value) };
  if (typeof value === 'number') return { double: digits(value) };
  if (typeof value === 'string') return { string: value };
  if (typeof value === 'boolean') return { bool: value };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  if (value === null) return { null: true };
  if (value instanceof Timestamp) return { 'google.protobuf.Timestamp': formatTimestamp(value) };
  if (value instanceof Duration) return { 'google.protobuf.Duration': formatSeconds(value) };
  if (value instanceof Optional) return { optional: value.has ? plain(value.value) : null };
  if (value instanceof TypeName) return { type: value.name };
  if (Array.isArray(value)) return { list: value.map((item) => plain(inside(value, item))) };
  if (isMap(value))
    return {
      map: entriesOf(value)
        .map(([key, inner]) => JSON.stringify([plain(key), plain(inner)]))
        .sort(),
    };
  if (value instanceof CelQuantity) return { quantity: value.toString() };
  if (value instanceof CelIp || value instanceof CelCidr) return { [value.typeName]: value.toString() };
  if (value instanceof Opaque) return { [value.typeName]: true };
  throw new Error(`Cannot show ${String(value)}`);
}

/** Types whose values Go prints in a way of its own: only that it is one is compared. */
const SHOWN_OTHERWISE = /^(?:kubernetes\.(?:URL|Semver|NamedFormat))$/;

/** The Go program's value in the form of ours. */
export function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([type, inner]) => [
      type,
      SHOWN_OTHERWISE.test(type)
        ? true
        : type === 'double'
          ? digits(Number(String(inner).replace('Inf', 'Infinity')))
          : type === 'map'
            ? [...(inner as string[])].map((entry) => JSON.stringify(comparable(JSON.parse(entry)))).sort()
            : comparable(inner),
    ]),
  );
}

/** Whatever the form it was written in. */
const digits = (value: number): string => String(value);
