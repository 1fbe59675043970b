import { writeJson } from '@navarch/machinery';
import type { Draw } from './draw.ts';

type Json = unknown;

/** A text put into JSON as it is, quotes and all: what no encoder would ever write. */
const RAW = '\u0001raw:';
const DEPTH = 2000;

const values: readonly (() => Json)[] = [
  () => null,
  () => true,
  () => -1,
  () => 0,
  () => 2 ** 53,
  () => -(2n ** 63n),
  () => 2n ** 63n - 1n,
  () => 2n ** 53n + 1n,
  () => 1.5,
  () => '',
  () => ' ',
  () => 'a'.repeat(70_000),
  () => '\u0000',
  () => '\ud800',
  () => '../..',
  () => 'a/b',
  () => '%s%n',
  () => '{{.}}',
  () => '2026-01-01T00:00:00Z',
  () => '9999-99-99T99:99:99Z',
  () => '1e999999',
  () => '-',
  () => '999999999999999999999Ei',
  () => [],
  () => ({}),
  () => [null],
  () => [[]],
  () => ({ '': {} }),
  () => ({ '.': 1 }),
  () => ({ constructor: {}, toString: 1, valueOf: null }),
  () => `${RAW}1e400`,
  () => `${RAW}-0`,
  () => `${RAW}1E+2`,
  () => `${RAW}123456789012345678901234567890`,
  () => `${RAW}{"__proto__":{"a":1}}`,
  () => `${RAW}{"a":1,"a":2}`,
  () => `${RAW}${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`,
  () => `${RAW}${'{"a":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`,
  () => `${RAW}nul`,
  () => `${RAW}`,
  () => `${RAW}"\\x"`,
  () => `${RAW}NaN`,
];
const names = [
  'metadata',
  'spec',
  'status',
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'managedFields',
  'finalizers',
  'ownerReferences',
  '$patch',
  '$setElementOrder/x',
  '',
  '__proto__',
  'k:{"name":"a"}',
  'f:spec',
];

/** The value with a few of its parts changed: another type, gone, twice, renamed, moved. The input is left as it is. */
export function mutateJson(draw: Draw, value: Json): Json {
  let made = structuredClone(value);
  for (let i = 1 + draw.below(3); i > 0; i--) made = mutateOnce(draw, made);
  return made;
}

function mutateOnce(draw: Draw, value: Json): Json {
  if (typeof value !== 'object' || value === null || draw.chance(15)) return draw.one(values)();
  if (Array.isArray(value)) return mutateList(draw, value);
  const fields = value as Record<string, Json>;
  const keys = Object.keys(fields);
  const key = keys.length === 0 || draw.chance(15) ? draw.one(names) : draw.one(keys);
  const out = { ...fields };
  if (draw.chance(15)) delete out[key];
  else if (draw.chance(10) && keys.length > 0) put(out, key, fields[draw.one(keys)]);
  else put(out, key, mutateOnce(draw, fields[key]));
  return out;
}

function mutateList(draw: Draw, list: readonly Json[]): Json {
  if (list.length === 0) return [draw.one(values)()];
  const at = draw.below(list.length);
  switch (draw.below(4)) {
    case 0:
      return list.toSpliced(at, 1);
    case 1:
      return [...list, list[at]];
    case 2:
      return draw.chance(5) ? Array.from({ length: 3000 }, () => list[at]) : list.toReversed();
    default:
      return list.with(at, mutateOnce(draw, list[at]));
  }
}

const put = (into: Record<string, Json>, name: string, value: Json): void =>
  void Object.defineProperty(into, name, { value, enumerable: true, writable: true, configurable: true });

/** JSON in which raw texts stand as they are. */
export const jsonText = (value: Json): string =>
  (writeJson(value) ?? '').replaceAll(
    /"\\u0001raw:((?:[^"\\]|\\.)*)"/g,
    (_, text: string) => JSON.parse(`"${text}"`) as string,
  );

/** Bytes with a few places changed, cut off, doubled or added. */
export function mutateBytes(draw: Draw, bytes: Buffer): Buffer {
  let made = Buffer.from(bytes);
  for (let i = 1 + draw.below(4); i > 0; i--) {
    const at = draw.below(made.length + 1);
    switch (draw.below(6)) {
      case 0:
        made = made.subarray(0, at);
        break;
      case 1:
        made = Buffer.concat([made.subarray(0, at), draw.bytes(1 + draw.below(8)), made.subarray(at)]);
        break;
      case 2:
        made = Buffer.concat([made.subarray(0, at), made.subarray(Math.max(0, at - draw.below(64)))]);
        break;
      case 3:
        made = Buffer.concat([
          made.subarray(0, at),
          Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
          made.subarray(at),
        ]);
        break;
      default:
        if (at < made.length) made[at] = draw.below(256);
    }
  }
  return made;
}

/** A text with a few characters changed; stays a text of printable characters when `isPrintable`. */
export function mutateText(draw: Draw, text: string, isPrintable: boolean): string {
  const alphabet = isPrintable ? '/%?&=;,."\'*()[]{}<>!-_~+ aZ09%2f%00' : '\u0000\t\r\n\u007fé€😀"\\%';
  let made = text;
  for (let i = 1 + draw.below(3); i > 0; i--) {
    const at = draw.below(made.length + 1);
    made =
      made.slice(0, at) +
      (draw.chance(30) ? '' : draw.one(Array.from(alphabet)).repeat(draw.chance(5) ? 300 : 1)) +
      made.slice(at + draw.below(3));
  }
  return made;
}
