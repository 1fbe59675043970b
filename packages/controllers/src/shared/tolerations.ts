import type { Taint, Toleration } from '@navarch/api';

export function tolerates({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  if (operator === 'Equal') return key !== undefined && key !== '' && value === (taint.value ?? '');
  // Lt and Gt compare whole numbers (KEP-5471).
  if (!/^-?\d+$/.test(value) || !/^-?\d+$/.test(taint.value ?? '')) return false;
  return operator === 'Lt' ? Number(taint.value) < Number(value) : Number(taint.value) > Number(value);
}
