import type { Pod } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { type ApiObject, apiVersionOf, controllerOf, keyIn, keyOf, writeJson } from '@navarch/machinery';
import type { Change, Fix, ObjectName, PatchOperation } from './explanation.ts';
import type { Remedied } from './fix-search.ts';
import { type Templated, type Workload, workloads } from './owners.ts';
import { patchBetween } from './patch-between.ts';
import { quoted, type Step } from './step.ts';
import type { Effect, WhatIf } from './what-if.ts';

type Spec = Pod['spec'];

/** What was found, as things to do: a pod is changed where it came from, if it came from somewhere. */
export function toldAs({ node, steps: found, cost }: Remedied, pod: Pod, whatIf: WhatIf): Fix {
  const steps = found.map((step, i) => ({ ...step, deeds: lasting(deedsOf(step), found.slice(i + 1)) }));
  const edits = steps.flatMap((step) => deedsOf(step).flatMap((deed) => (deed.type === 'pod' ? [deed.spec] : [])));
  const isInPlace = steps.every((step) => step.isInPlace || deedsOf(step).every(({ type }) => type !== 'pod'));
  const ofPod = edits.length > 0 ? podChanges(pod, edits, isInPlace, whatIf.snapshot.objects) : [];
  const others = steps.map((step) => {
    const changes = deedsOf(step).flatMap((deed) => changesOf(deed, whatIf));
    return { changes, commands: step.command === undefined ? changes.map(commandFor) : [step.command] };
  });
  return {
    summary: steps.map(({ summary }) => summary).join('; '),
    node,
    size: Math.round(cost * 100) / 100,
    changes: [...others.flatMap(({ changes }) => changes), ...ofPod],
    commands: [
      ...others.flatMap(({ changes, commands }) => (changes.length > 0 ? commands : [])),
      ...ofPod.map(commandFor),
    ],
  };
}

/** Who edits an object that another step has edited edits what that one left: it is written once. */
const lasting = (deeds: readonly Effect[], later: readonly Step[]): readonly Effect[] =>
  deeds.filter(
    (deed) => deed.type !== 'object' || !later.some((step) => deedsOf(step).some((then) => isOfSame(then, deed))),
  );

const isOfSame = (a: Effect, b: Extract<Effect, { readonly type: 'object' }>): boolean =>
  a.type === 'object' && a.kind === b.kind && keyOf(a.object) === keyOf(b.object);

const deedsOf = ({ deeds, effects }: Step): readonly Effect[] => deeds ?? effects;

function changesOf(deed: Effect, { snapshot }: WhatIf): readonly Change[] {
  switch (deed.type) {
    case 'pod':
      return [];
    case 'gone':
      return [{ type: 'delete', object: nameOf('v1', 'Pod', deed.pod) }];
    case 'node': {
      const before = snapshot.node(deed.name)?.node;
      if (!before) return [];
      return [{ type: 'patch', object: nameOf('v1', 'Node', before), patch: patchBetween(before, deed.node(before)) }];
    }
    case 'away':
      return [{ type: 'delete', object: nameOf(apiVersionOf(deed.kind), deed.kind.kind, deed.object) }];
    case 'object': {
      const before: ApiObject | undefined = snapshot.objects.get<ApiObject>(deed.kind, keyOf(deed.object));
      if (!before) return [{ type: 'create', object: deed.object }];
      const object = nameOf(apiVersionOf(deed.kind), deed.kind.kind, before);
      const patch = patchBetween(before, deed.object);
      return [{ type: deed.isInPlace ? 'patch' : 'recreate', object, patch }];
    }
  }
}

export const nameOf = (apiVersion: string, kind: string, { metadata }: Pick<ApiObject, 'metadata'>): ObjectName => ({
  apiVersion,
  kind,
  ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
  name: metadata.name,
});

function podChanges(
  pod: Pod,
  edits: readonly ((spec: Spec) => Spec)[],
  isInPlace: boolean,
  objects: CacheReader,
): readonly Change[] {
  const edited = (spec: Spec): Spec => edits.reduce((before, edit) => edit(before), spec);
  const ofPod = (): readonly PatchOperation[] => patchBetween(pod.spec, edited(pod.spec), '/spec');
  const own = nameOf('v1', 'Pod', pod);
  const origin = originOf(pod, objects);
  // A gate is the pod's alone: whoever set it on the template wants it on the next pod too.
  const isOfPod = isInPlace && pod.spec.schedulingGates !== edited(pod.spec).schedulingGates;
  if (!origin || isOfPod || (isInPlace && origin.workload.isFixed))
    return [{ type: isInPlace ? 'patch' : 'recreate', object: own, patch: ofPod() }];
  const { object, workload } = origin;
  const { spec } = object.spec.template;
  const patch = patchBetween(spec, edited(spec), '/spec/template/spec');
  // What it was made from stays as it is: the next one finds what this one did not.
  if (patch.length === 0) return [{ type: 'delete', object: own }];
  const target = nameOf(apiVersionOf(workload.kind), workload.kind.kind, object);
  if (workload.isFixed) return [{ type: 'recreate', object: target, patch: [...patch, ...unselected(object)] }];
  return [
    { type: 'patch', object: target, patch },
    ...(workload.leavesPods ? [{ type: 'delete', object: own } as const] : []),
  ];
}

/** The outermost object whose template the pod was made from. */
function originOf(
  pod: Pod,
  objects: CacheReader,
): { readonly object: Templated; readonly workload: Workload } | undefined {
  let found: { readonly object: Templated; readonly workload: Workload } | undefined;
  let child: Pick<ApiObject, 'metadata'> = pod;
  for (;;) {
    const owner = controllerOf(child);
    const workload = workloads.find(({ kind }) => kind.kind === owner?.kind && apiVersionOf(kind) === owner.apiVersion);
    if (!owner || !workload) return found;
    const object = objects.get<Templated>(workload.kind, keyIn(pod.metadata.namespace ?? '', owner.name));
    if (!object) return found;
    found = { object, workload };
    child = object;
  }
}

const GENERATED_LABELS = [
  'batch.kubernetes.io/controller-uid',
  'controller-uid',
  'batch.kubernetes.io/job-name',
  'job-name',
];

/** What the server made for a job, and would refuse to be given. */
function unselected({ spec }: Templated): readonly PatchOperation[] {
  const labels: object = spec.template.metadata?.labels ?? {};
  return [
    { op: 'remove', path: '/spec/selector' },
    ...GENERATED_LABELS.filter((name) => name in labels).map((name): PatchOperation => ({
      op: 'remove',
      path: `/spec/template/metadata/labels/${name.replaceAll('/', '~1')}`,
    })),
  ];
}

/** As a person types it. */
export function commandFor(change: Change): string {
  if (change.type === 'create') return `printf %s ${quoted(writeJson(change.object))} | kubectl create -f -`;
  const { kind, namespace, name } = change.object;
  const target = `${kind.toLowerCase()} ${quoted(name)}${namespace === undefined ? '' : ` -n ${namespace}`}`;
  if (change.type === 'delete') return `kubectl delete ${target}`;
  const patch = quoted(writeJson(change.patch));
  if (change.type === 'patch') return `kubectl patch ${target} --type=json -p ${patch}`;
  return `kubectl get ${target} -o json | kubectl patch --local -f - --type=json -p ${patch} -o json | kubectl replace --force -f -`;
}
