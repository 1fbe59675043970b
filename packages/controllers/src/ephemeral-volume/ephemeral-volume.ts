import { isTerminal, persistentVolumeClaim, pod, type Pod } from '@navarch/api';
import { controllerReference, hasReason, keyIn } from '@navarch/machinery';
import { type Context, type Controller, controllerKey, defineController, self } from '../controller.ts';
import { count } from '../shared/measure.ts';

type Ephemeral = NonNullable<Pod['spec']['volumes']>[number];

const CREATED = count('ephemeral_volume_controller_create_total', '[ALPHA] Claims that were asked for');
const FAILED = count(
  'ephemeral_volume_controller_create_failures_total',
  '[ALPHA] Claims that were asked for and refused',
);

/** Makes the claims of pods' ephemeral volumes: each belongs to its pod and goes with it (KEP-1698). */
export const ephemeralVolumeController: Controller = defineController({
  name: 'ephemeral-volume-controller',
  queueName: 'ephemeral_volume',
  eventSource: 'ephemeral_volume',
  watches: [
    self(pod, ({ current }) => current?.spec.volumes?.some(({ ephemeral }) => ephemeral !== undefined) ?? false),
    // One that went too early is made again.
    {
      kind: persistentVolumeClaim,
      *keys({ current, previous }) {
        const owner = !current && previous ? controllerKey(previous, pod) : undefined;
        if (owner !== undefined) yield owner;
      },
    },
  ],
  async reconcile(key, context) {
    const owner = context.cache.get(pod, key);
    if (!owner || owner.metadata.deletionTimestamp || isTerminal(owner)) return undefined;
    for (const volume of owner.spec.volumes ?? []) if (volume.ephemeral) await ensureClaim(owner, volume, context);
    return undefined;
  },
});

async function ensureClaim(owner: Pod, volume: Ephemeral, { api, cache, events, metrics }: Context): Promise<void> {
  const template = volume.ephemeral?.volumeClaimTemplate;
  if (!template) return;
  const { namespace } = owner.metadata;
  const name = `${owner.metadata.name}-${volume.name}`;
  const found = cache.get(persistentVolumeClaim, keyIn(namespace, name));
  if (found) {
    if (found.metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === owner.metadata.uid)) return;
    const why = `PVC ${namespace}/${name} was not created for pod ${namespace}/${owner.metadata.name} (pod is not owner)`;
    events.record(owner, {
      type: 'Warning',
      reason: 'FailedBinding',
      message: `ephemeral volume ${volume.name}: ${why}`,
    });
    throw new Error(`ephemeral volume ${volume.name}: ${why}`);
  }
  const { labels, annotations } = template.metadata ?? {};
  CREATED.add(metrics);
  try {
    await api.of(persistentVolumeClaim).create({
      metadata: {
        name,
        namespace,
        ownerReferences: [controllerReference(pod, owner)],
        ...(labels ? { labels } : {}),
        ...(annotations ? { annotations } : {}),
      },
      spec: template.spec,
    });
  } catch (error) {
    FAILED.add(metrics);
    // Made by somebody else a moment ago: the next look says whose it is.
    if (!hasReason(error, 'AlreadyExists'))
      events.record(owner, {
        type: 'Warning',
        reason: 'FailedBinding',
        message: `ephemeral volume ${volume.name}: create PVC ${name}: ${(error as Error).message}`,
      });
    throw error;
  }
}
