import type { Field } from '@navarch/machinery';

const SHORT: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
const MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** `RWO,ROX`: each mode once, in the order kubectl knows them. */
export const shortModes = (modes: readonly string[] | undefined): string =>
  Object.keys(SHORT)
    .filter((mode) => modes?.includes(mode))
    .map((mode) => SHORT[mode])
    .join(',');

export function validateAccessModes(modes: readonly string[] | undefined, at: Field, detail: string): void {
  if (!modes?.length) at.required(detail);
  for (const mode of modes ?? []) if (!MODES.includes(mode)) at.notSupported(mode, MODES);
  if (
    modes?.includes('ReadWriteOncePod') &&
    modes.some((mode) => mode !== 'ReadWriteOncePod' && MODES.includes(mode))
  ) {
    at.forbidden('may not use ReadWriteOncePod with other access modes');
  }
}
