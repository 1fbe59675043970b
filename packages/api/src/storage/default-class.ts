import type { ApiObject } from '@navarch/machinery';

/** Annotations of the storage class that claims get which ask for none. */
export const DEFAULT_STORAGE_CLASS: readonly string[] = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** The class marked as everybody's: the newest, should there be several, so that a new default takes over at once. */
export const defaultClassOf = <O extends ApiObject>(classes: readonly O[], marks: readonly string[]): O | undefined =>
  classes
    .filter(({ metadata }) => marks.some((mark) => metadata.annotations?.[mark] === 'true'))
    .sort(
      (a, b) =>
        order(b.metadata.creationTimestamp ?? '', a.metadata.creationTimestamp ?? '') ||
        order(a.metadata.name, b.metadata.name),
    )[0];

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
