import { equalJson } from '@navarch/machinery';
import type { PatchOperation } from './explanation.ts';

/** A JSON patch that makes the one into the other; what is added at the end of a list is added, not the list replaced. */
export function patchBetween(before: unknown, after: unknown, path = ''): readonly PatchOperation[] {
  if (equalJson(before, after)) return [];
  if (isRecord(before) && isRecord(after)) {
    const removed = Object.keys(before).filter((key) => after[key] === undefined && before[key] !== undefined);
    return [
      ...removed.map((key): PatchOperation => ({ op: 'remove', path: `${path}/${escaped(key)}` })),
      ...Object.entries(after).flatMap(([key, value]): readonly PatchOperation[] => {
        if (value === undefined) return [];
        const to = `${path}/${escaped(key)}`;
        return before[key] === undefined ? [{ op: 'add', path: to, value }] : patchBetween(before[key], value, to);
      }),
    ];
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    if (before.length === after.length)
      return before.flatMap((value: unknown, i) => patchBetween(value, after[i], `${path}/${i}`));
    if (after.length > before.length && before.every((value: unknown, i) => equalJson(value, after[i])))
      return after.slice(before.length).map((value: unknown) => ({ op: 'add', path: `${path}/-`, value }));
  }
  return [{ op: 'replace', path, value: after }];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
