import { equalJson, type Field, type Integer } from '@navarch/machinery';
import { shown, shownDifference } from '../../checks/shown.ts';
import { each } from '../../checks/values.ts';
import type { Container, NodeSelectorTerm, Pod, PodSpec, Toleration } from '../../generated/types/core-v1.ts';
import { validateAnnotationUpdate } from './pod-annotations.ts';

const UPDATABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
const INT32_MAX = 2 ** 31 - 1;

/** After creation only images, deadlines and new tolerations may change; while gates hold a pod, where it may go as well. */
export function validatePodUpdate(next: Pod, previous: Pod, at: Field): void {
  validateAnnotationUpdate(next, previous, at.at('metadata', 'annotations'));
  const spec = at.at('spec');
  for (const list of ['containers', 'initContainers'] as const) {
    if ((next.spec[list]?.length ?? 0) !== (previous.spec[list]?.length ?? 0)) {
      spec.at(list).forbidden('pod updates may not add or remove containers');
      return;
    }
  }
  if (
    !validateDeadline(
      next.spec.activeDeadlineSeconds,
      previous.spec.activeDeadlineSeconds,
      spec.at('activeDeadlineSeconds'),
    )
  )
    return;
  const isKept = (what: Toleration): boolean =>
    next.spec.tolerations?.some((other) =>
      equalJson({ ...other, tolerationSeconds: 0 }, { ...what, tolerationSeconds: 0 }),
    ) ?? false;
  if (!(previous.spec.tolerations ?? []).every(isKept)) {
    spec.at('tolerations').forbidden('existing toleration can not be modified except its tolerationSeconds');
  }
  validateGates(next.spec, previous.spec, spec);
  const kept = withAllowed(next.spec, previous.spec);
  if (!equalJson(kept, withAllowed(previous.spec, previous.spec)))
    spec.forbidden(`${UPDATABLE}\n${shownDifference('core.v1.PodSpec', previous.spec, kept)}`);
}

/** False where upstream looks no further. */
function validateDeadline(next: Integer | undefined, previous: Integer | undefined, at: Field): boolean {
  if (next === undefined) {
    if (previous !== undefined) at.invalid(null, 'must not update from a positive integer to nil value');
    return true;
  }
  const isLate = previous !== undefined && previous < next;
  if (next < 0 || next > INT32_MAX) at.invalid(next, `must be between 0 and ${INT32_MAX}, inclusive`);
  else if (isLate) at.invalid(next, 'must be less than or equal to previous value');
  else return true;
  return false;
}

const isGated = (spec: PodSpec): boolean => (spec.schedulingGates?.length ?? 0) > 0;

function validateGates(next: PodSpec, previous: PodSpec, at: Field): void {
  const before = new Set(previous.schedulingGates?.map((gate) => gate.name));
  each(next.schedulingGates, at.at('schedulingGates'), ({ name }, here) => {
    if (!before.has(name))
      here.at('name').forbidden(`only deletion is allowed, but found new scheduling gate '${name}'`);
  });
  if (!isGated(previous)) return;
  const keepsAll = Object.entries(previous.nodeSelector ?? {}).every(
    ([key, value]) => next.nodeSelector?.[key] === value,
  );
  if (!keepsAll)
    at.at('nodeSelector').invalid(
      next.nodeSelector ?? null,
      'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
    );
  validateTerms(
    termsOf(next),
    termsOf(previous),
    at.at('affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms'),
  );
}

const termsOf = (spec: PodSpec): readonly NodeSelectorTerm[] =>
  spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];

/** Where a held pod may go can only become less. */
function validateTerms(next: readonly NodeSelectorTerm[], previous: readonly NodeSelectorTerm[], at: Field): void {
  if (previous.length === 0) return;
  if (next.length !== previous.length)
    return at.invalid(
      shown('[]core.v1.NodeSelectorTerm', next),
      'no additions/deletions to non-empty NodeSelectorTerms list are allowed',
    );
  each(next, at, (term, here, i) => {
    if (!isNarrower(term, previous[i] ?? {}))
      here.invalid(shown('core.v1.NodeSelectorTerm', term), 'only additions are allowed (no mutations or deletions)');
  });
}

function isNarrower(next: NodeSelectorTerm, previous: NodeSelectorTerm): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const;
  // A term without requirements chooses nothing; with some it would choose more.
  const wasEmpty = lists.every((list) => !previous[list]?.length);
  if (wasEmpty) return lists.every((list) => !next[list]?.length);
  return lists.every((list) =>
    equalJson((next[list] ?? []).slice(0, previous[list]?.length ?? 0), previous[list] ?? []),
  );
}

/** The spec as it would be without the changes that are allowed. */
function withAllowed(spec: PodSpec, previous: PodSpec): PodSpec {
  const images = (list: 'containers' | 'initContainers'): readonly Container[] | undefined =>
    spec[list]?.map((container, i) => replaced(container, 'image', previous[list]?.[i]?.image));
  const affinity = { ...spec.affinity, nodeAffinity: previous.affinity?.nodeAffinity };
  const wasNegative = (previous.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1;
  return {
    ...spec,
    containers: images('containers') ?? [],
    initContainers: images('initContainers'),
    activeDeadlineSeconds: previous.activeDeadlineSeconds,
    tolerations: previous.tolerations,
    schedulingGates: previous.schedulingGates,
    ...(isGated(previous)
      ? { nodeSelector: previous.nodeSelector, affinity: equalJson(affinity, {}) ? undefined : affinity }
      : {}),
    ...(wasNegative ? { terminationGracePeriodSeconds: previous.terminationGracePeriodSeconds } : {}),
  } as PodSpec;
}

function replaced<T extends object, K extends keyof T>(value: T, name: K, by: T[K] | undefined): T {
  const { [name]: _, ...rest } = value;
  return (by === undefined ? rest : { ...value, [name]: by }) as T;
}

/** Ephemeral containers are added one by one, and stay as they were started; a mirror of a pod that its node was told of takes none. */
export function validateEphemeralUpdate(next: Pod, previous: Pod, at: Field): void {
  const here = at.at('spec', 'ephemeralContainers');
  const byName = new Map(next.spec.ephemeralContainers?.map((container) => [container.name, container]));
  for (const old of previous.spec.ephemeralContainers ?? []) {
    const same = byName.get(old.name);
    if (!same) here.forbidden(`existing ephemeral containers "${old.name}" may not be removed\n`);
    else if (!equalJson(same, old)) {
      const change = shownDifference('core.v1.EphemeralContainer', old, same);
      here.forbidden(`existing ephemeral containers "${old.name}" may not be changed\n${change}`);
    }
  }
}
