import type { DeviceId, Taint, TaintRule, Toleration } from './devices.ts';

/** A rule without a selector chooses nothing; each part that it names must be the device's. */
export function chooses({ spec: { deviceSelector: wanted } }: TaintRule, id: DeviceId): boolean {
  if (!wanted) return false;
  return (['driver', 'pool', 'device'] as const).every(
    (part) => wanted[part] === undefined || wanted[part] === id[part],
  );
}

/** Whether a taint keeps a device from whoever does not tolerate it. */
const repels = ({ effect }: Taint): boolean => effect === 'NoSchedule' || effect === 'NoExecute';

export const isRepelled = (taints: readonly Taint[], tolerations: readonly Toleration[]): boolean =>
  taints.some((taint) => repels(taint) && !tolerations.some((toleration) => tolerates(toleration, taint)));

const tolerates = ({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean =>
  (!effect || effect === taint.effect) &&
  (!key || key === taint.key) &&
  (operator === 'Exists' || (operator === 'Equal' && value === (taint.value ?? '')));
