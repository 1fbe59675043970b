import { createHash } from 'node:crypto';
import { pod, replicationController, type ReplicationController } from '@navarch/api';
import type { Api } from '@navarch/client';
import { type Draft, formatSelector, keyOf, selectorFromMap } from '@navarch/machinery';
import { UserError } from '../user-error.ts';

// The controller that takes the place of another, from a file or as the same with another image.

export interface ImageChange {
  readonly image: string;
  /** Which container gets it; absent: the only one. */
  readonly container: string | undefined;
  /** Absent: a name for as long as it takes, and then that of the old one. */
  readonly newName: string | undefined;
  /** The label by which pods of the two are told apart. */
  readonly labelKey: string;
}

/** The same controller with another image. Throws UserError where it is not clear of which container, or where nothing would change. */
export function withImage(
  old: ReplicationController,
  { image, container, newName, labelKey }: ImageChange,
): Draft<ReplicationController> {
  const { template } = old.spec;
  const containers = template?.spec.containers ?? [];
  const names = containers.map(({ name }) => name).join(', ');
  if (container === undefined && containers.length !== 1)
    throw new UserError(`${old.metadata.name} has several containers (${names}): say which with --container`);
  const chosen = containers.find(({ name }) => container === undefined || name === container);
  if (!chosen) throw new UserError(`${old.metadata.name} has no container ${container}: it has ${names}`);
  if (chosen.image === image) throw new UserError(`${old.metadata.name} has the image ${image} already`);
  const spec = {
    ...template?.spec,
    containers: containers.map((one) => (one === chosen ? { ...one, image } : one)),
  };
  // Without the label that an interrupted update gave the old one: run again, it must be the same.
  const { [labelKey]: _, ...labels } = template?.metadata?.labels ?? {};
  const hash = digest({ labels, spec });
  const { metadata } = old;
  return {
    metadata: {
      namespace: metadata.namespace,
      name: newName ?? `${metadata.name}-${hash}`,
      ...(metadata.labels ? { labels: metadata.labels } : {}),
    },
    spec: {
      ...old.spec,
      selector: { ...old.spec.selector, [labelKey]: hash },
      template: {
        ...template,
        metadata: { ...template?.metadata, labels: { ...template?.metadata?.labels, [labelKey]: hash } },
        spec,
      },
    },
  } as Draft<ReplicationController>;
}

/** Whether pods of one can never count as the other's. Throws UserError. */
export function checkApart(old: ReplicationController, next: Draft<ReplicationController>): void {
  if (next.metadata?.name === old.metadata.name)
    throw new UserError(`the new controller must have another name than ${old.metadata.name}`);
  const [before, after] = [old.spec.selector ?? {}, next.spec?.selector ?? {}];
  if (!Object.entries(after).some(([key, value]) => before[key] !== undefined && before[key] !== value))
    throw new UserError(
      `the selectors of ${old.metadata.name} and ${next.metadata?.name} must have a key in common with different values`,
    );
}

/** Gives the pods of the old controller a label of their own, so that the new one's are told apart. Repeats harmlessly. */
export async function labelOld(api: Api, old: ReplicationController, labelKey: string): Promise<ReplicationController> {
  if (old.spec.selector?.[labelKey] !== undefined) return old;
  const [key, hash] = [keyOf(old), digest(old.spec.template)];
  const controllers = api.of(replicationController);
  const labelled = <O extends { readonly labels?: Readonly<Record<string, string>> }>(metadata: O): O => ({
    ...metadata,
    labels: { ...metadata.labels, [labelKey]: hash },
  });
  // First those that are made from now on, then those that are there: only then may the selector ask for it.
  await controllers.update(key, (rc) => {
    const { template } = rc.spec;
    return template
      ? { ...rc, spec: { ...rc.spec, template: { ...template, metadata: labelled(template.metadata ?? {}) } } }
      : rc;
  });
  const { items } = await api.of(pod).list({
    ...(old.metadata.namespace === undefined ? {} : { namespace: old.metadata.namespace }),
    labelSelector: formatSelector(selectorFromMap(old.spec.selector ?? {})),
  });
  for (const one of items) await api.of(pod).update(keyOf(one), (p) => ({ ...p, metadata: labelled(p.metadata) }));
  return controllers.update(key, (rc) => ({
    ...rc,
    spec: { ...rc.spec, selector: { ...rc.spec.selector, [labelKey]: hash } },
  }));
}

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 10);
