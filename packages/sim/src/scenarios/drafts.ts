import { deployment, type Deployment, isActive, isReady, type Pod, pod } from '@navarch/api';
import { controllerOf, type Draft } from '@navarch/machinery';
import type { View } from './view.ts';
import type { World } from './world.ts';

// What scenarios have in common: small objects, all in the namespace `default`.

export const named = <const Name extends string>(name: Name) => ({ name, namespace: 'default' });

/** Of pods that run one container of the image, for the label app. */
export const podTemplate = (app: string, image = 'v1', spec: object = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image }], ...spec },
});

type Spec = Partial<NonNullable<Draft<Deployment>['spec']>>;

/** A deployment `web`. */
export const web = (replicas: number, more: Spec = {}): Draft<Deployment> => ({
  metadata: named('web'),
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: podTemplate('web'), ...more },
});

export const WEB = 'default/web';

export const imageOf = (p: Pod): string => p.spec.containers[0]?.image ?? '';

/** The specs of what has a template of pods. */
interface Templated {
  readonly template: { readonly spec: { readonly containers: readonly { readonly image?: string }[] } };
}

/** The same with other images. */
export const withImage = <S extends Templated>(spec: S, image: string): S => ({
  ...spec,
  template: {
    ...spec.template,
    spec: { ...spec.template.spec, containers: spec.template.spec.containers.map((c) => ({ ...c, image })) },
  },
});

export const setImage = (world: World, image: string): Promise<Deployment> =>
  world.change(deployment, WEB, (d) => ({ ...d, spec: withImage(d.spec, image) }));

export const resize = (world: World, replicas: number): Promise<Deployment> =>
  world.change(deployment, WEB, (d) => ({ ...d, spec: { ...d.spec, replicas } }));

/** Neither over nor going. */
export const activePods = (view: View): readonly Pod[] => view.list(pod).filter(isActive);

export const readyPods = (view: View): readonly Pod[] => activePods(view).filter(isReady);

/** In the order of the list. */
export const names = (objects: readonly { readonly metadata: { readonly name: string } }[]): readonly string[] =>
  objects.map((o) => o.metadata.name);

/** Those that the object manages. */
export const ownedBy = <O extends Pod | { readonly metadata: Pod['metadata'] }>(
  objects: readonly O[],
  owner: { readonly metadata: { readonly uid: string } } | undefined,
): readonly O[] => objects.filter((o) => owner && controllerOf(o as Pod)?.uid === owner.metadata.uid);

export const conditionOf = (
  object: { readonly status: { readonly conditions?: readonly { readonly type: string }[] } } | undefined,
  type: string,
):
  | { readonly type: string; readonly status?: string; readonly reason?: string; readonly message?: string }
  | undefined => object?.status.conditions?.find((c) => c.type === type);
