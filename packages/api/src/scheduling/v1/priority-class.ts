import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { declaredValue, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { PriorityClass } from '../../generated/types/scheduling-v1.ts';

/** Above it, only Kubernetes's own classes. */
const USER_VALUE_MAX = 1_000_000_000;
const SYSTEM: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]);

export const priorityClass: Kind<PriorityClass> = builtIn<PriorityClass>('scheduling.k8s.io/v1.PriorityClass', {
  columns: columnsOf('scheduling.k8s.io/PriorityClass', {
    Value: (p) => p.value,
    'Global-Default': (p) => p.globalDefault ?? false,
    PreemptionPolicy: (p) => p.preemptionPolicy ?? '',
  }),
  behaviour: {
    complete(p) {
      p.preemptionPolicy ??= 'PreemptLowerPriority';
    },
    validate({ metadata, value, globalDefault, preemptionPolicy }, at) {
      const name = metadata.name ?? '';
      if (name.startsWith('system-')) {
        const known = SYSTEM.get(name);
        const reason =
          known === undefined
            ? `${name} is not a known system priority class`
            : known !== value
              ? `value of ${name} PriorityClass must be ${known}`
              : globalDefault
                ? `globalDefault of ${name} PriorityClass must be false`
                : undefined;
        if (reason)
          at.at('metadata', 'name').forbidden(
            `priority class names with 'system-' prefix are reserved for system use only. error: ${reason}`,
          );
      } else if (value > USER_VALUE_MAX)
        at.at('value').forbidden(`maximum allowed value of a user defined priority is ${USER_VALUE_MAX}`);
      if (preemptionPolicy !== undefined)
        declaredValue(preemptionPolicy, ['PreemptLowerPriority', 'Never'], at.at('preemptionPolicy'));
    },
    validateUpdate(next, previous, at) {
      if (next.value !== previous.value) at.at('value').forbidden('may not be changed in an update.');
      unchanged(next.preemptionPolicy, previous.preemptionPolicy, at.at('preemptionPolicy'));
    },
  },
});
