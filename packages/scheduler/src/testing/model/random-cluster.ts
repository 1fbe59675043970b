import type { Node, Pod } from '@navarch/api';
import { nodeOf } from '../builders.ts';
import { APPS, type Dice, NAMESPACES, OLD_ZONE, ZONE } from './dice.ts';
import type { Plain } from './plain.ts';
import { podFrom } from './random-pod.ts';
export { resizing } from './random-pod.ts';
import { storageOf } from './random-storage.ts';

const namespaces = [
  { metadata: { name: 'default', labels: { team: 'a' } } },
  { metadata: { name: 'other', labels: { team: 'b' } } },
  { metadata: { name: 'third', labels: {} } },
] as unknown as Plain['namespaces'];

/** Everything but nodes and pods: it stays as it is through a history. */
export function surroundings(dice: Dice, nodeCount: number): Plain {
  const selecting = (name: string, selector: object): object => ({
    metadata: { name, namespace: dice.pick(NAMESPACES) },
    spec: { selector },
  });
  return {
    nodes: [],
    pods: [],
    namespaces,
    ...storageOf(dice, nodeCount),
    services: dice.some(2, () => selecting(`s${dice.upTo(9)}`, { app: dice.pick(APPS) })) as Plain['services'],
    replicaSets: APPS.map((app) => ({
      metadata: { name: `set-${app}`, namespace: 'default' },
      spec: { selector: { matchLabels: { app } } },
    })) as unknown as Plain['replicaSets'],
  };
}

export function randomNode(dice: Dice, at: number): Node {
  const taint = (): object => ({
    key: dice.pick(['t', 'u']),
    value: dice.pick(['1', '2']),
    effect: dice.pick(['NoSchedule', 'PreferNoSchedule', 'NoExecute', 'PreferNoSchedule']),
  });
  const labels: Record<string, string> = {};
  if (!dice.once(5)) labels[ZONE] = dice.pick(['a', 'b', 'c']);
  if (dice.once(12)) labels[OLD_ZONE] = dice.pick(['a', 'b']);
  if (!dice.once(3)) labels['rack'] = dice.pick(['1', '2', '3', '4']);
  if (dice.once(3)) labels['size'] = dice.pick(['3', '10']);
  const images = ['i:latest', 'repo/j:2', 'repo/j@sha256:abc'].flatMap((name) =>
    dice.once(3) ? [{ names: [name], sizeBytes: SIZES[name] }] : [],
  );
  const isBare = dice.once(30);
  const node = nodeOf(`n${at}`, {
    labels,
    allocatable: {
      cpu: isBare ? '0' : dice.pick(['1', '2', '3500m', '8']),
      memory: dice.pick(['2Gi', '3000Mi', '8Gi']),
      pods: dice.pick(['3', '8', '110']),
      ...(dice.once(3) ? { 'example.com/gpu': '2' } : {}),
      ...(dice.once(3) ? { 'ephemeral-storage': '1Gi' } : {}),
    },
    spec: {
      ...(dice.once(12) ? { unschedulable: true } : {}),
      taints: dice.some(4, taint) as NonNullable<Node['spec']['taints']>,
    },
    images: images as unknown as NonNullable<Node['status']['images']>,
  });
  const declaredFeatures = dice.once(2) ? ['RestartAllContainersOnContainerExits'] : [];
  return { ...node, status: { ...node.status, declaredFeatures } };
}

const SIZES: Readonly<Record<string, number>> = {
  'i:latest': 300 * 2 ** 20,
  'repo/j:2': 1500 * 2 ** 20,
  'repo/j@sha256:abc': 70 * 2 ** 20,
};

/** A pod on its way through a history; `at` names it. */
export const randomPod = (dice: Dice, at: number): Pod => podFrom(dice, `p${at}`);
