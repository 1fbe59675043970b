import { job, type Pod, type PodTemplateSpec } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { createPod, isNamespaceTerminating } from '../shared/pods.ts';
import { slowStart } from '../shared/slow-start.ts';
import { FAILURE_COUNT, type FailureCounts, IGNORED_FAILURE_COUNT } from './failures-per-index.ts';
import { countCreation } from './measures.ts';
import { COMPLETION_INDEX, isIndexed, type Job, TRACKING_FINALIZER } from './job-pods.ts';

const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX';
/** Longest prefix that the server completes into a name. */
const PREFIX_MAX = 58;

/** One pod to make; undefined: of a job whose pods have no indexes. */
export interface PodPlan {
  readonly index: number;
  /** Failures of the index so far, where they are limited each for itself. */
  readonly failures?: FailureCounts;
}

/** Makes the pods in growing batches. In a namespace that is going nothing more is made, and nobody is told. */
export async function createPods(owner: Job, plans: readonly (PodPlan | undefined)[], context: Context): Promise<void> {
  const template = templateOf(owner);
  try {
    await slowStart(plans.length, async (n) => {
      context.signal.throwIfAborted();
      try {
        await createPod(
          { template, owner, ownerKind: job, complete: (draft) => complete(draft, owner, plans[n]) },
          context,
        );
      } catch (error) {
        countCreation(owner, 'failed', context);
        throw error;
      }
      countCreation(owner, 'succeeded', context);
    });
  } catch (error) {
    if (!isNamespaceTerminating(error)) throw error;
  }
}

type Container = PodTemplateSpec['spec']['containers'][number];

function templateOf(owner: Job): PodTemplateSpec {
  const { metadata, spec } = owner.spec.template;
  const others = (metadata?.finalizers ?? []).filter((finalizer) => finalizer !== TRACKING_FINALIZER);
  const tracked = { ...metadata, finalizers: [...others, TRACKING_FINALIZER] };
  if (!isIndexed(owner)) return { metadata: tracked, spec };
  const { initContainers } = spec;
  return {
    metadata: tracked,
    spec: {
      ...spec,
      containers: spec.containers.map(knowingIndex),
      ...(initContainers ? { initContainers: initContainers.map(knowingIndex) } : {}),
    },
  };
}

function knowingIndex(container: Container): Container {
  if (container.env?.some(({ name }) => name === INDEX_VARIABLE)) return container;
  const fieldPath = `metadata.labels['${COMPLETION_INDEX}']`;
  return {
    ...container,
    env: [...(container.env ?? []), { name: INDEX_VARIABLE, valueFrom: { fieldRef: { fieldPath } } }],
  };
}

function complete(draft: Draft<Pod>, owner: Job, plan: PodPlan | undefined): Draft<Pod> {
  if (!plan) return draft;
  const { index, failures } = plan;
  const { metadata } = draft;
  const suffix = `-${index}-`;
  const { name } = owner.metadata;
  return {
    ...draft,
    metadata: {
      ...metadata,
      generateName: `${name.slice(0, PREFIX_MAX - suffix.length)}${suffix}`,
      labels: { ...metadata?.labels, [COMPLETION_INDEX]: String(index) },
      annotations: {
        ...metadata?.annotations,
        [COMPLETION_INDEX]: String(index),
        ...(failures ? { [FAILURE_COUNT]: String(failures.counted) } : {}),
        ...(failures && failures.ignored > 0 ? { [IGNORED_FAILURE_COUNT]: String(failures.ignored) } : {}),
      },
    },
    spec: { ...draft.spec, hostname: `${name}-${index}` } as NonNullable<Draft<Pod>['spec']>,
  };
}
