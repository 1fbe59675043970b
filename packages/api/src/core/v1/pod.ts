import { equalJson, type Field, type Kind, type Mutable } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import type { Container, Pod } from '../../generated/types/core-v1.ts';
import { podColumns } from './pod-columns.ts';
import { completePodSpec } from './pod-defaults.ts';
import { isTerminal, qosClassOf } from './pod-resources.ts';
import { validatePodSpec } from './pod-validation.ts';

export const pod: Kind<Pod> = builtIn<Pod>('/v1.Pod', {
  columns: podColumns,
  selectableFields: {
    'spec.nodeName': (p) => p.spec.nodeName ?? '',
    'spec.restartPolicy': (p) => p.spec.restartPolicy ?? '',
    'spec.schedulerName': (p) => p.spec.schedulerName ?? '',
    'spec.serviceAccountName': (p) => p.spec.serviceAccountName ?? '',
    'spec.hostNetwork': (p) => String(p.spec.hostNetwork ?? false),
    'status.phase': (p) => p.status.phase ?? '',
    'status.podIP': (p) => p.status.podIP ?? '',
    'status.podIPs': (p) => p.status.podIPs?.map((ip) => ip.ip).join(',') ?? '',
    'status.nominatedNodeName': (p) => p.status.nominatedNodeName ?? '',
  },
  behaviour: {
    complete(p) {
      p.spec.enableServiceLinks ??= true;
      completePodSpec(p.spec);
    },
    prepareCreate(p) {
      p.status = { phase: 'Pending', qosClass: qosClassOf(p.spec as Pod['spec']) };
      if (!p.spec.schedulingGates?.length) return;
      p.status.conditions = [{
        type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates',
      }];
    },
    validate: (p, at) => validatePodSpec(p.spec, at.at('spec')),
    validateUpdate: validatePodUpdate,
    desired: (p) => [p.spec],
    graceSeconds(p, requested) {
      if (isTerminal(p) || !p.spec.nodeName) return 0;
      const wanted = requested ?? p.spec.terminationGracePeriodSeconds ?? 30;
      return wanted < 0 ? 1 : wanted;
    },
    parts: {
      status: {
        merge(sent, previous) {
          const next = { ...sent, spec: structuredClone(previous.spec) as Mutable<Pod>['spec'] };
          next.status.qosClass = previous.status.qosClass ?? qosClassOf(previous.spec);
          return next;
        },
      },
      ephemeralcontainers: {
        merge(sent, previous) {
          const next = structuredClone(previous) as Mutable<Pod>;
          next.spec.ephemeralContainers = sent.spec.ephemeralContainers ?? [];
          return next;
        },
        bumpsGeneration: true,
      },
      resize: {
        merge(sent, previous) {
          const next = structuredClone(previous) as Mutable<Pod>;
          for (const container of next.spec.containers) {
            const wanted = sent.spec.containers.find((c) => c.name === container.name);
            if (!wanted) continue;
            container.resources = wanted.resources;
            if (wanted.resizePolicy) container.resizePolicy = wanted.resizePolicy;
          }
          return next;
        },
        bumpsGeneration: true,
      },
    },
  },
});

const UPDATABLE = 'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** After creation only images, deadlines and new tolerations may change (and scheduling gates may go). */
function validatePodUpdate(next: Pod, previous: Pod, at: Field): void {
  const spec = at.at('spec');
  if (next.spec.containers.length !== previous.spec.containers.length) {
    spec.at('containers').forbidden('pod updates may not add or remove containers');
    return;
  }
  next.spec.containers.forEach((container, i) => {
    if (!container.image) spec.at('containers').index(i).at('image').required();
  });
  if (!equalJson(fixedPart(next, previous), fixedPart(previous, previous))) spec.forbidden(UPDATABLE);
  for (const toleration of previous.spec.tolerations ?? []) {
    const isKept = next.spec.tolerations?.some((t) => t.key === toleration.key && t.effect === toleration.effect && t.operator === toleration.operator && t.value === toleration.value);
    if (!isKept) spec.at('tolerations').forbidden('existing toleration can not be modified except its tolerationSeconds');
  }
}

/** What must stay: the spec without its changeable fields, which are taken from `previous` on both sides. */
function fixedPart(p: Pod, previous: Pod): unknown {
  const images = (containers: readonly Container[] = []): unknown => containers.map(({ image: _, ...rest }) => rest);
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, schedulingGates: _gates, ...rest } = p.spec;
  const isNegative = (previous.spec.terminationGracePeriodSeconds ?? 0) < 0;
  return {
    ...rest, containers: images(p.spec.containers), initContainers: images(p.spec.initContainers), ephemeralContainers: undefined,
    // Bound by the scheduler through the binding subresource, which does not come this way.
    nodeSelector: previous.spec.schedulingGates?.length ? undefined : rest.nodeSelector,
    affinity: previous.spec.schedulingGates?.length ? undefined : rest.affinity,
    terminationGracePeriodSeconds: isNegative ? undefined : rest.terminationGracePeriodSeconds,
  };
}
