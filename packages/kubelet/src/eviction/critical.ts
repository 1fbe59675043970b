import { type Pod, qosClassOf } from '@navarch/api';
import type { Rejection } from '../pod-machine/memory.ts';
import { CONFIG_MIRROR, CONFIG_SOURCE } from '../static-pods/manifest.ts';
import { priorityOf } from './rank.ts';
import type { Pressure } from './signals.ts';
import { conditionMessage } from './words.ts';

export const EVICTED = 'Evicted';
/** Classes from here on are those of the system; users can make none so high. */
export const SYSTEM_CRITICAL = 2_000_000_000;

/** A node does not do without these, however little it has left: static pods and those of the system's classes. */
export const isCritical = (pod: Pod): boolean => {
  const { annotations = {} } = pod.metadata;
  return (
    CONFIG_MIRROR in annotations ||
    (annotations[CONFIG_SOURCE] ?? 'api') !== 'api' ||
    priorityOf(pod) >= SYSTEM_CRITICAL
  );
};

/** Why a node that is under pressure does not take a pod: short of memory it takes those that say how much they need. */
export function pressureRejection(pod: Pod, pressures: ReadonlySet<Pressure>): Rejection | undefined {
  if (pressures.size === 0 || isCritical(pod)) return undefined;
  const isOnlyMemory = pressures.size === 1 && pressures.has('MemoryPressure');
  if (isOnlyMemory && (qosClassOf(pod.spec) !== 'BestEffort' || toleratesMemoryPressure(pod))) return undefined;
  return { reason: EVICTED, message: conditionMessage(pressures) };
}

const TAINT = 'node.kubernetes.io/memory-pressure';

const toleratesMemoryPressure = ({ spec }: Pod): boolean =>
  (spec.tolerations ?? []).some(
    ({ key, operator = 'Equal', value = '', effect }) =>
      (!effect || effect === 'NoSchedule') &&
      (operator === 'Exists' ? !key || key === TAINT : key === TAINT && value === ''),
  );
