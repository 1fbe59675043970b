import { StatusError } from '@navarch/machinery';

const LARGEST = 2n ** 64n - 1n;

/** What is wrong with the text of a version, as Go's reader says it; undefined: nothing. */
export function revisionMistake(text: string): string | undefined {
  const why = !/^\d+$/.test(text) ? 'invalid syntax' : BigInt(text) > LARGEST ? 'value out of range' : undefined;
  const quoted = JSON.stringify(text);
  return why && `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: ${why}`;
}

/** Upstream takes a version that is none for a fault of its own, but in lists. Throws StatusError. */
export function checkRevision(text: string): void {
  const message = text === '' ? undefined : revisionMistake(text);
  if (message !== undefined)
    throw new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
}
