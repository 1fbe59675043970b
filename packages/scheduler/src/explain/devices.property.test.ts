import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  deviceClass,
  node as nodeKind,
  type Pod,
  pod as podKind,
  resourceClaim,
  resourceClaimTemplate,
  resourceSlice,
} from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { type ApiObject, controllerReference, keyOf } from '@navarch/machinery';
import fc from 'fast-check';
import type { Claim } from '../dynamic-resources/devices.ts';
import { allocatedOn, claimOf, classOf, deviceOf, one, sliceOf } from '../dynamic-resources/testing/builders.ts';
import { place } from '../place.ts';
import { defaultProfile } from '../profile.ts';
import { applyFix, type Objects, objectsById } from '../testing/apply-fix.ts';
import { nodeOf, objectsOf, podOf } from '../testing/builders.ts';
import { explain } from './explain.ts';
import type { Fix } from './explanation.ts';
import { Judge } from './judge.ts';
import { WhatIf } from './what-if.ts';

const MODELS = ['a100', 'h100'] as const;
const modelIs = (model: string): object => ({
  cel: { expression: `device.attributes["gpu.example.com"].model == "${model}"` },
});

const aDevice = fc.record({
  model: fc.constantFrom(...MODELS),
  memory: fc.constantFrom('8Gi', '16Gi'),
  isTainted: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
});
const aRequest = fc.record({
  className: fc.constantFrom('gpu', 'gpu', 'gpu', 'gup'),
  model: fc.option(fc.constantFrom('a100', 'h100', 'h10', 'b200'), { nil: undefined }),
  count: fc.constantFrom(1, 1, 1, 2, 3),
  memory: fc.option(fc.constantFrom('8Gi', '12Gi', '64Gi'), { nil: undefined, freq: 3 }),
});
const aClaim = fc.record({
  requests: fc.array(aRequest, { minLength: 1, maxLength: 2 }),
  agree: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
});
type ClaimShape = typeof aClaim extends fc.Arbitrary<infer T> ? T : never;

const aWorld = fc.record({
  nodes: fc.array(fc.array(aDevice, { maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  /** Who has the first devices of each node: pods that run, some on their way out, some gone already. */
  holders: fc.array(fc.constantFrom('runs', 'leaves', 'gone', 'daemon'), { maxLength: 4 }),
  claim: aClaim,
  source: fc.constantFrom('claim', 'template', 'slip of claim', 'slip of template'),
  /** The claim has a device already, on the last node. */
  had: fc.constantFrom('nothing', 'nothing', 'by itself', 'by another'),
  isCordoned: fc.boolean(),
});

const devicesOf = ({ requests, agree }: ClaimShape): object => ({
  requests: requests.map(({ className, model, count, memory }, i) =>
    one(`r${i}`, {
      deviceClassName: className,
      count,
      ...(model ? { selectors: [modelIs(model)] } : {}),
      ...(memory ? { capacity: { requests: { memory } } } : {}),
    }),
  ),
  ...(agree ? { constraints: [{ matchAttribute: 'gpu.example.com/model' }] } : {}),
});

const reservedFor = (pod: Pod): object => ({
  resource: 'pods',
  name: pod.metadata.name,
  uid: pod.metadata.uid,
});

type World = typeof aWorld extends fc.Arbitrary<infer T> ? T : never;

function objectsFrom({ nodes, holders, claim, source, had, isCordoned }: World): Objects {
  const objects: object[] = [
    classOf('gpu'),
    ...nodes.map((_, i) => nodeOf(`n${i}`, { spec: { unschedulable: isCordoned && i === 0 } })),
  ];
  const taken = new Set<string>();
  nodes.forEach((devices, i) => {
    const specs = devices.map(({ model, memory, isTainted }, at) =>
      deviceOf(`d${at}`, {
        attributes: { model: { string: model } },
        capacity: { memory: { value: memory } },
        ...(isTainted ? { taints: [{ key: 'broken', effect: 'NoSchedule' }] } : {}),
      }),
    );
    objects.push(sliceOf(`n${i}`, { devices: specs }));
    holders.slice(0, devices.length).forEach((fate, at) => {
      taken.add(`n${i}/d${at}`);
      const holder = podOf(`holder-${i}-${at}`, {
        spec: { nodeName: `n${i}` },
        metadata: {
          ...(fate === 'leaves' ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
          ...(fate === 'daemon'
            ? { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'd', controller: true }] }
            : {}),
        },
      });
      if (fate !== 'gone') objects.push(holder);
      const status = { ...allocatedOn(`n${i}`, `d${at}`), reservedFor: fate === 'gone' ? [] : [reservedFor(holder)] };
      objects.push(claimOf(`held-${i}-${at}`, undefined, { status }));
    });
  });
  const last = nodes.length - 1;
  const other = podOf('other', { spec: { nodeName: `n${last}` } });
  const isFree = nodes[last]?.length && !taken.has(`n${last}/d${(nodes[last]?.length ?? 0) - 1}`);
  const allocated = allocatedOn(`n${last}`, `d${(nodes[last]?.length ?? 0) - 1}`);
  const status =
    had === 'nothing' || !isFree || source !== 'claim'
      ? {}
      : { ...allocated, reservedFor: had === 'by another' ? [reservedFor(other)] : [] };
  if (had === 'by another') objects.push(other);
  const isTemplate = source.endsWith('template');
  if (isTemplate)
    objects.push({
      ...claimOf('devices'),
      kind: 'ResourceClaimTemplate',
      spec: { spec: { devices: devicesOf(claim) } },
    });
  else objects.push(claimOf('devices', devicesOf(claim), { status }));
  const name = source.startsWith('slip') ? 'devcies' : 'devices';
  const ref = isTemplate ? { resourceClaimTemplateName: name } : { resourceClaimName: name };
  objects.push(podOf('waiting', { spec: { resourceClaims: [{ name: 'gpu', ...ref }] } }));
  return settled(objectsById(objects as ApiObject[]));
}

/** What controllers do: claims by templates, claims of pods that are gone, devices of claims that nobody uses any more. */
function settled(objects: Objects, fix?: Fix): Objects {
  const then: Objects = new Map(objects);
  const pods = [...then.values()].filter((object) => isOf(object, 'Pod')) as Pod[];
  if (/wait until the scheduler/.test(fix?.summary ?? ''))
    for (const [id, object] of then)
      if (isOf(object, 'ResourceClaim') && keyOf(object) === 'default/devices')
        then.set(id, { ...object, status: {} } as ApiObject);
  for (const pod of pods) {
    if (/wait until pod/.test(fix?.summary ?? '') && pod.metadata.deletionTimestamp) then.delete(`Pod ${keyOf(pod)}`);
  }
  const uids = new Set([...then.values()].filter((object) => isOf(object, 'Pod')).map(({ metadata }) => metadata.uid));
  for (const [id, object] of then) {
    if (!isOf(object, 'ResourceClaim')) continue;
    const claim = object as Claim;
    if (claim.metadata.ownerReferences?.some(({ uid }) => !uids.has(uid))) then.delete(id);
    const users = claim.status.reservedFor ?? [];
    const left = users.filter(({ uid }) => uids.has(uid));
    if (left.length < users.length)
      then.set(id, { ...claim, status: left.length > 0 ? { ...claim.status, reservedFor: left } : {} } as ApiObject);
  }
  const waiting = then.get('Pod default/waiting') as Pod;
  const wanted = waiting.spec.resourceClaims?.[0]?.resourceClaimTemplateName;
  const template = then.get(`ResourceClaimTemplate default/${wanted}`) as
    | { readonly spec: { readonly spec: object } }
    | undefined;
  if (!template || waiting.status.resourceClaimStatuses?.length) return then;
  const made = claimOf('waiting-gpu', undefined, { spec: template.spec.spec });
  const metadata = { ...made.metadata, ownerReferences: [controllerReference(podKind, waiting)] };
  then.set('ResourceClaim default/waiting-gpu', { ...made, metadata } as ApiObject);
  const resourceClaimStatuses = [{ name: 'gpu', resourceClaimName: 'waiting-gpu' }];
  then.set('Pod default/waiting', { ...waiting, status: { ...waiting.status, resourceClaimStatuses } } as ApiObject);
  return then;
}

const isOf = (object: ApiObject, kind: string): boolean =>
  (object as ApiObject & { readonly kind: string }).kind === kind;

function rebuilt(objects: Objects): { readonly whatIf: WhatIf; readonly pod: Pod } {
  const of = (kind: string): readonly ApiObject[] => [...objects.values()].filter((object) => isOf(object, kind));
  const whatIf = WhatIf.of(
    objectsOf(
      [nodeKind, of('Node')],
      [podKind, of('Pod')],
      [deviceClass, of('DeviceClass')],
      [resourceSlice, of('ResourceSlice')],
      [resourceClaim, of('ResourceClaim')],
      [resourceClaimTemplate, of('ResourceClaimTemplate')],
    ),
  );
  return { whatIf, pod: objects.get('Pod default/waiting') as Pod };
}

test('explain() tells no fix about devices that does not make the pod fit on the node it names', () => {
  let told = 0;
  const sorts = new Set<string>();
  fc.assert(
    fc.property(aWorld, (world) => {
      const objects = objectsFrom(world);
      const { whatIf, pod } = rebuilt(objects);
      const answer = explain(pod, whatIf, [defaultProfile]);
      const before = place(pod, whatIf.snapshot, defaultProfile, { random: seededRandom(1) });
      const after = place(pod, rebuilt(objects).whatIf.snapshot, defaultProfile, { random: seededRandom(1) });
      assert.equal(before.node, after.node, 'the cluster is as it was');
      for (const fix of answer.fixes) {
        told += 1;
        for (const part of fix.summary.split('; ')) sorts.add(part.split(' ').slice(0, 3).join(' '));
        const then = rebuilt(settled(applyFix(fix, objects), fix));
        const node = then.whatIf.snapshot.node(fix.node);
        assert.ok(node);
        assert.ok(new Judge(then.pod, then.whatIf.snapshot, defaultProfile).accepts(node), fix.summary);
        assert.ok(place(then.pod, then.whatIf.snapshot, defaultProfile, { random: seededRandom(1) }).node, fix.summary);
      }
    }),
    { numRuns: 400, seed: 7 },
  );
  assert.ok(told > 200, `${told} fixes were told`);
  assert.ok(sorts.size > 12, [...sorts].join(', '));
});
