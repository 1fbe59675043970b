import type { Taint, Toleration } from '@navarch/api';

/** Whether one toleration covers a taint (core/v1 Toleration; Lt and Gt compare whole numbers, KEP-5471). */
export function covers({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  switch (operator ?? 'Equal') {
    case 'Exists':
      return true;
    case 'Equal':
      return Boolean(key) && (value ?? '') === (taint.value ?? '');
    case 'Lt':
      return isWhole(value) && isWhole(taint.value) && Number(taint.value) < Number(value);
    case 'Gt':
      return isWhole(value) && isWhole(taint.value) && Number(taint.value) > Number(value);
    default:
      return false;
  }
}

export const tolerates = (tolerations: readonly Toleration[] | undefined, taint: Taint): boolean =>
  tolerations?.some((toleration) => covers(toleration, taint)) ?? false;

/** Taints that keep pods away or send them away, as opposed to those that only ask. */
const isHard = (taint: Taint): boolean => taint.effect !== 'PreferNoSchedule';

export const toleratesAll = (
  tolerations: readonly Toleration[] | undefined,
  taints: readonly Taint[] | undefined,
): boolean => taints?.every((taint) => !isHard(taint) || tolerates(tolerations, taint)) ?? true;

const isWhole = (text: string | undefined): boolean => text !== undefined && /^-?\d+$/.test(text);
