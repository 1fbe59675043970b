import { onePiece } from '@navarch/base';
import { type Integer, integerOf, type Mutable, type ObjectMeta } from '@navarch/machinery';

const ORDER = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const satisfies readonly (keyof ObjectMeta)[];

/** The same metadata with its fields in the order in which they are printed; absent ones left out. */
export function inOrder(meta: Mutable<ObjectMeta>): Mutable<ObjectMeta> {
  const out: Record<string, unknown> = {};
  for (const name of ORDER) {
    const value = meta[name];
    if (value !== undefined && value !== '') out[name] = value;
    // Always there, so that the version given at the commit takes its place.
    else if (name === 'resourceVersion') out[name] = '';
  }
  return out as Mutable<ObjectMeta>;
}

let second = Number.NaN;
let secondText = '';

/** RFC 3339 in whole seconds, as metadata carries times. `now` in milliseconds. All writes of a second share one text. */
export function timestamp(now: number): string {
  const asked = Math.floor(now / 1000);
  if (asked !== second) {
    second = asked;
    secondText = onePiece(`${new Date(now).toISOString().slice(0, 19)}Z`);
  }
  return secondText;
}

/** How upstream's storage says that what it holds under the key is not the object that was meant. */
export const outdated = (key: string, detail: string): string =>
  `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${detail}`;

/** The generation that comes after one. Absent is none yet. */
export const generationAfter = (generation: Integer = 0): Integer =>
  typeof generation === 'number' && generation < Number.MAX_SAFE_INTEGER
    ? generation + 1
    : (integerOf(BigInt.asIntN(64, BigInt(generation) + 1n)) as Integer);

/** The most seconds of which a Go duration, which counts nanoseconds, holds as many. */
const DURATION_SECONDS_MAX = Math.floor(2 ** 63 / 1e9);

/** What upstream waits for so many seconds: more than 292 years come out as something else, as its durations overflow. */
export function millisecondsIn(seconds: Integer): number {
  if (seconds <= DURATION_SECONDS_MAX && seconds >= -DURATION_SECONDS_MAX) return Number(seconds) * 1000;
  return Number(BigInt.asIntN(64, BigInt(seconds) * 1_000_000_000n) / 1_000_000n);
}

/** Somebody else was faster, in upstream's words. */
export const OBJECT_MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';
