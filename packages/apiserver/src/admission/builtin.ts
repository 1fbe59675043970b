import type { AdmissionPlugin } from './admission.ts';
import { defaultTolerationSeconds } from './plugins/default-toleration-seconds.ts';
import { namespaceLifecycle } from './plugins/namespace-lifecycle.ts';
import { nodeRestriction } from './plugins/node-restriction.ts';
import { podPriority, priorityClasses } from './plugins/priority.ts';
import { bindingEscalation, roleEscalation } from './plugins/rbac-escalation.ts';
import { serviceAccountPlugin } from './plugins/service-account.ts';
import { taintNodesByCondition } from './plugins/taint-nodes-by-condition.ts';

/** Every plugin, in the order in which they are asked. Adding one is adding a file and a line to this list. */
export const builtinAdmission: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  serviceAccountPlugin,
  nodeRestriction,
  taintNodesByCondition,
  podPriority,
  priorityClasses,
  defaultTolerationSeconds,
  roleEscalation,
  bindingEscalation,
];
