import { endpointSlice, persistentVolume, pod, service } from '@navarch/api';
import { differences, type Stated, wrongEndpoints } from './compare.ts';
import { look } from './reality.ts';
import type { World } from './world.ts';

/** Where what the API says and what the nodes have are not the same now. */
export async function compared(world: World): Promise<readonly string[]> {
  const said = await stated(world);
  const realities = [];
  for (const node of world.nodes) realities.push(await look(world, node));
  return [...differences(said, realities), ...wrongEndpoints(said)];
}

async function stated({ api }: World): Promise<Stated> {
  const [pods, volumes, slices, services] = [
    await api.of(pod).list(),
    await api.of(persistentVolume).list(),
    await api.of(endpointSlice).list(),
    await api.of(service).list(),
  ];
  return { pods: pods.items, volumes: volumes.items, slices: slices.items, services: services.items };
}
