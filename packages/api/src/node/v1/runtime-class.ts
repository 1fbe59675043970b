import { dnsLabelErrors, type Kind, validateLabels, writeJson } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { resourceName, resourceRequirements } from '../../checks/quantities.ts';
import { named, unchanged, unique } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import { validateTolerations } from '../../core/v1/pod-validation.ts';
import type { RuntimeClass } from '../../generated/types/node-v1.ts';

export const runtimeClass: Kind<RuntimeClass> = builtIn<RuntimeClass>('node.k8s.io/v1.RuntimeClass', {
  columns: columnsOf('node.k8s.io/RuntimeClass', { Handler: (c) => c.handler }),
  behaviour: {
    updatesUnconditionally: false,
    desired: false,
    validate({ handler, overhead, scheduling }, at) {
      named(handler, dnsLabelErrors, at.at('handler'));
      if (overhead) resourceRequirements({ limits: overhead.podFixed ?? {} }, at.at('overhead'), resourceName);
      if (!scheduling) return;
      validateLabels(scheduling.nodeSelector, at.at('scheduling', 'nodeSelector'));
      validateTolerations(scheduling.tolerations, at.at('scheduling', 'tolerations'));
      unique(scheduling.tolerations, (toleration) => writeJson(toleration), at.at('scheduling', 'tolerations'));
    },
    validateUpdate: (next, previous, at) => unchanged(next.handler, previous.handler, at.at('handler')),
  },
});
