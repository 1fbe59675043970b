import { cloneJson, type Field, formatTime, type Kind, type Mutable, type RowCondition } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { ipWarnings } from '../../checks/network.ts';
import type { Pod } from '../../generated/types/core-v1.ts';
import { keptMetadata } from '../../parts.ts';
import { takeProfiles, validateAnnotationUpdate, validateProfiles } from './pod-annotations.ts';
import { podColumns } from './pod-columns.ts';
import { completePodSpec, completeRequests, dropObsolete } from './pod-defaults.ts';
import { applyLabelKeys } from './pod-label-keys.ts';
import { isTerminal, qosClassOf } from './pod-resources.ts';
import { resized, unresizable, validateResize } from './pod-resize.ts';
import { keepObservedGenerations, validatePodStatus } from './pod-status.ts';
import { validateEphemeralUpdate, validatePodUpdate } from './pod-update.ts';
import { validatePod } from './pod-validation.ts';
import { nameWarnings, podWarnings } from './pod-warnings.ts';

export const pod: Kind<Pod> = builtIn<Pod>('/v1.Pod', {
  columns: podColumns,
  rowConditions: ({ status }) => ROW_CONDITIONS[status.phase ?? ''] ?? [],
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
  // Every node asks for its own.
  indexedFields: ['spec.nodeName'],
  behaviour: {
    answersDeletion: true,
    complete(p) {
      dropObsolete(p.metadata);
      p.spec.enableServiceLinks ??= true;
      completePodSpec(p.spec);
      completeRequests(p.spec);
    },
    prepareCreate(p, { now }) {
      applyLabelKeys(p);
      takeProfiles(p);
      p.status = { phase: 'Pending', qosClass: qosClassOf(p.spec as Pod['spec']) };
      if (!p.spec.schedulingGates?.length) return;
      p.status.conditions = [
        {
          type: 'PodScheduled',
          status: 'False',
          lastTransitionTime: formatTime(now),
          reason: 'SchedulingGated',
          message: 'Scheduling is blocked due to non-empty scheduling gates',
        },
      ];
    },
    validateCreate({ metadata, spec }, at) {
      if (spec.ephemeralContainers?.length) at.at('spec', 'ephemeralContainers').forbidden('cannot be set on create');
      if (spec.nodeName && spec.schedulingGates?.length) {
        at.at('spec', 'nodeName').forbidden('cannot be set until all schedulingGates have been cleared');
      }
      validateProfiles(metadata, spec, at.at('spec'));
    },
    validate: validatePod,
    validateUpdate: validatePodUpdate,
    // Controllers write pods all the time, and people hardly ever.
    warnings: (p, previous) =>
      previous ? [] : [...nameWarnings(p.metadata.name, "the Pod's hostname"), ...podWarnings(p.spec, p.metadata)],
    desired: (p) => [p.spec],
    graceSeconds(p, requested) {
      if (isTerminal(p) || !p.spec.nodeName) return 0;
      const wanted = requested ?? p.spec.terminationGracePeriodSeconds ?? 30;
      return wanted < 0 ? 1 : wanted;
    },
    parts: {
      status: {
        takes: ['status'],
        merge(sent, previous) {
          const { ownerReferences } = (previous as Mutable<Pod>).metadata;
          const { ownerReferences: _, ...metadata } = sent.metadata;
          const next = {
            // The very spec, so that it is seen at a glance that it stays.
            ...sent,
            spec: previous.spec as Mutable<Pod>['spec'],
            // A kubelet that says a status never decides who owns the pod.
            metadata: { ...metadata, ...(ownerReferences ? { ownerReferences } : {}) },
          };
          next.status.qosClass ??= previous.status.qosClass ?? qosClassOf(previous.spec);
          keepObservedGenerations(next, previous);
          return next;
        },
        validate(p, previous, at) {
          validateAnnotationUpdate(p, previous, at.at('metadata', 'annotations'));
          validatePodStatus(p, previous, at.at('status'));
        },
        warnings: ({ status }) =>
          (['podIPs', 'hostIPs'] as const).flatMap((list) =>
            (status[list] ?? []).flatMap(({ ip }, i) => ipWarnings(ip, `status.${list}[${i}].ip`)),
          ),
      },
      ephemeralcontainers: {
        merge(sent, previous) {
          const next = { ...(cloneJson(previous) as Mutable<Pod>), metadata: keptMetadata(sent, previous) };
          next.spec.ephemeralContainers = sent.spec.ephemeralContainers ?? [];
          return next;
        },
        validate(p, previous, at) {
          if (previous.metadata.annotations?.[MIRROR] !== undefined)
            return at.forbidden('static pods do not support ephemeral containers');
          changed(p, previous, at);
          validateEphemeralUpdate(p, previous, at);
        },
        bumpsGeneration: true,
      },
      resize: {
        merge: resized,
        validate(p, previous, at) {
          const never = unresizable(previous);
          if (never !== undefined) return at.forbidden(never);
          validatePod(p, at);
          validateResize(p, previous, at);
        },
        bumpsGeneration: true,
      },
    },
  },
});

const MIRROR = 'kubernetes.io/config.mirror';
const ROW_CONDITIONS: Readonly<Record<string, readonly RowCondition[]>> = {
  Succeeded: [
    { type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' },
  ],
  Failed: [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }],
};

function changed(p: Pod, previous: Pod, at: Field): void {
  validatePod(p, at);
  validateAnnotationUpdate(p, previous, at.at('metadata', 'annotations'));
}
