import type { Pod } from '@navarch/api';
import { podOf } from '../builders.ts';
import { APPS, type Dice, NAMESPACES, OLD_ZONE, ZONE } from './dice.ts';
import { CLAIMS } from './random-storage.ts';

const HOST = 'kubernetes.io/hostname';
const KEYS = [ZONE, HOST, 'rack'] as const;

/** Any mixture of what a pod can say that its placement depends on. */
export function podFrom(dice: Dice, name: string): Pod {
  const app = dice.pick(APPS);
  const namespace = dice.pick(NAMESPACES);
  const spec = {
    priority: dice.upTo(2),
    containers: Array.from({ length: 1 + dice.upTo(1) }, (_, i) => container(dice, `c${i}`)),
    ...(dice.once(4) ? { initContainers: [0, 1].map((i) => initContainer(dice, `i${i}`)) } : {}),
    ...(dice.once(8) ? { overhead: { cpu: '150m', memory: '10Mi' } } : {}),
    ...(dice.once(8) ? { resources: { requests: dice.pick([{ cpu: '900m' }, { cpu: '900m', memory: '1Gi' }]) } } : {}),
    ...(dice.once(6) ? { nodeSelector: { [ZONE]: dice.pick(['a', 'b']) } } : {}),
    tolerations: dice.some(2, () => toleration(dice)),
    affinity: {
      nodeAffinity: nodeAffinity(dice),
      podAffinity: podAffinity(dice),
      podAntiAffinity: podAffinity(dice),
    },
    topologySpreadConstraints: dice.some(4, () => spread(dice)),
    volumes: dice.some(4, () => volume(dice)),
  };
  const isOwned = namespace === 'default' && dice.once(3);
  const pod = podOf(name, {
    namespace,
    labels: { app, ...(dice.once(2) ? { hash: dice.pick(['1', '2']) } : {}) },
    spec: spec as unknown as Partial<Pod['spec']>,
    metadata: isOwned
      ? {
          ownerReferences: [
            { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `set-${app}`, uid: app, controller: true },
          ],
        }
      : {},
  });
  return pod;
}

/** What the kubelet says of a pod that is being resized in place. */
export function resizing(dice: Dice, pod: Pod): Pod {
  const states = pod.spec.containers.map(({ name }) => ({
    name,
    allocatedResources: { cpu: dice.pick(['50m', '700m']), memory: '10Mi' },
    resources: { requests: { cpu: dice.pick(['60m', '800m']), memory: '20Mi' } },
  }));
  const conditions = dice.once(3) ? [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }] : [];
  return { ...pod, status: { ...pod.status, containerStatuses: states, conditions } as unknown as Pod['status'] };
}

function container(dice: Dice, name: string): object {
  const requests = {
    ...(dice.once(4) ? {} : { cpu: dice.pick(['0', '100m', '333m', '1']) }),
    ...(dice.once(3) ? {} : { memory: dice.pick(['0', '100Mi', '1Gi']) }),
    ...(dice.once(10) ? { 'example.com/gpu': '1' } : {}),
    ...(dice.once(10) ? { 'ephemeral-storage': '300Mi' } : {}),
  };
  const ports = dice.some(8, () => ({
    containerPort: 1,
    hostPort: dice.pick([80, 81]),
    ...(dice.once(2) ? { hostIP: dice.pick(['10.0.0.1', '127.0.0.1', '0.0.0.0', '::1']) } : {}),
    ...(dice.once(2) ? { protocol: dice.pick(['TCP', 'UDP']) } : {}),
  }));
  return {
    name,
    image: dice.pick(['i', 'repo/j:2', 'repo/j@sha256:abc', 'none']),
    resources: { requests },
    ports,
    ...(dice.once(30) ? { restartPolicyRules: [{ action: dice.pick(['Restart', 'RestartAllContainers']) }] } : {}),
  };
}

const initContainer = (dice: Dice, name: string): object => ({
  ...container(dice, name),
  ...(dice.once(2) ? { restartPolicy: 'Always' } : {}),
});

const toleration = (dice: Dice): object => ({
  ...(dice.once(6)
    ? { operator: 'Exists' }
    : dice.once(2)
      ? { key: dice.pick(['t', 'u', 'node.kubernetes.io/unschedulable']), operator: 'Exists' }
      : {
          key: 't',
          value: dice.pick(['1', '2']),
          ...(dice.once(2) ? { operator: dice.pick(['Equal', 'Gt', 'Lt']) } : {}),
        }),
  ...(dice.once(4) ? { effect: dice.pick(['NoSchedule', 'PreferNoSchedule', 'NoExecute']) } : {}),
});

function nodeAffinity(dice: Dice): object {
  const expression = (): object =>
    dice.pick([
      { key: ZONE, operator: 'In', values: ['a', 'c'] },
      { key: 'rack', operator: 'NotIn', values: ['1'] },
      { key: 'size', operator: 'Gt', values: ['5'] },
      { key: 'size', operator: 'Lt', values: ['5'] },
      { key: OLD_ZONE, operator: 'DoesNotExist' },
      { key: 'rack', operator: 'Exists' },
    ]);
  const field = (): object => ({
    key: 'metadata.name',
    operator: dice.pick(['In', 'In', 'NotIn']),
    values: [`n${dice.upTo(5)}`],
  });
  const term = (): object => ({
    matchExpressions: dice.some(2, expression),
    ...(dice.once(8) ? { matchFields: [field()] } : {}),
  });
  const terms = dice.some(6, term);
  return {
    ...(terms.length > 0 ? { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } : {}),
    preferredDuringSchedulingIgnoredDuringExecution: dice.some(4, () => ({
      weight: 1 + dice.upTo(99),
      preference: term(),
    })),
  };
}

function selector(dice: Dice): object {
  return dice.pick([
    { matchLabels: { app: dice.pick(APPS) } },
    { matchLabels: { app: dice.pick(APPS) } },
    { matchExpressions: [{ key: 'app', operator: 'NotIn', values: [dice.pick(APPS)] }] },
    {},
  ]);
}

function podAffinity(dice: Dice): object {
  const term = (): object => ({
    topologyKey: dice.pick(KEYS),
    ...(dice.once(12) ? {} : { labelSelector: selector(dice) }),
    ...(dice.once(5) ? { namespaces: [dice.pick(NAMESPACES)] } : {}),
    ...(dice.once(5)
      ? {
          namespaceSelector: dice.pick([
            {},
            { matchLabels: { team: 'a' } },
            { matchExpressions: [{ key: 'team', operator: 'Exists' }] },
          ]),
        }
      : {}),
    ...(dice.once(6) ? { [dice.pick(['matchLabelKeys', 'mismatchLabelKeys'])]: ['hash'] } : {}),
  });
  return {
    requiredDuringSchedulingIgnoredDuringExecution: dice.some(12, term),
    preferredDuringSchedulingIgnoredDuringExecution: dice.some(6, () => ({
      weight: 1 + dice.upTo(99),
      podAffinityTerm: term(),
    })),
  };
}

function spread(dice: Dice): object {
  const isHard = dice.once(2);
  return {
    topologyKey: dice.pick(KEYS),
    maxSkew: 1 + dice.upTo(2),
    whenUnsatisfiable: isHard ? 'DoNotSchedule' : 'ScheduleAnyway',
    labelSelector: selector(dice),
    ...(isHard && dice.once(2) ? { minDomains: 1 + dice.upTo(3) } : {}),
    ...(dice.once(3) ? { nodeAffinityPolicy: dice.pick(['Honor', 'Ignore']) } : {}),
    ...(dice.once(3) ? { nodeTaintsPolicy: dice.pick(['Honor', 'Ignore']) } : {}),
    ...(dice.once(4) ? { matchLabelKeys: ['hash'] } : {}),
  };
}

function volume(dice: Dice): object {
  const claimed = { persistentVolumeClaim: { claimName: dice.pick(CLAIMS) } };
  const readOnly = dice.once(2);
  return {
    name: `v${dice.upTo(99)}`,
    ...dice.pick([
      claimed,
      claimed,
      claimed,
      { image: { reference: dice.pick(['i', 'repo/j:2']) } },
      { gcePersistentDisk: { pdName: 'disk', readOnly } },
      { awsElasticBlockStore: { volumeID: 'disk' } },
      { iscsi: { iqn: 'disk', targetPortal: 'p', lun: 0, readOnly } },
      { rbd: { monitors: [dice.pick(['m1', 'm2'])], image: 'disk', readOnly } },
    ]),
  };
}
