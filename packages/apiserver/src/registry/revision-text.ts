import { ownFault } from './own-fault.ts';

const LARGEST = 2n ** 64n - 1n;

/** What is wrong with the text of a version, as Go's reader says it; undefined: nothing. */
export function revisionFault(text: string): string | undefined {
  const why = !/^\d+$/.test(text) ? 'invalid syntax' : BigInt(text) > LARGEST ? 'value out of range' : undefined;
  return why && `strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`;
}

/** The same of the version that a reader asks for. */
export function revisionMistake(text: string): string | undefined {
  const fault = revisionFault(text);
  return fault && `resourceVersion: Invalid value: ${JSON.stringify(text)}: ${fault}`;
}

/** Upstream takes a version that is none for a fault of its own, but in lists. Throws StatusError. */
export function checkRevision(text: string): void {
  const message = text === '' ? undefined : revisionMistake(text);
  if (message !== undefined) throw ownFault(message);
}
