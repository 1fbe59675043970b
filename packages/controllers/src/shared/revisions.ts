import { controllerRevision, type PodTemplateSpec } from '@navarch/api';
import {
  type ApiObject,
  controllerReference,
  equalJson,
  hasReason,
  isControlledBy,
  keyIn,
  type Kind,
  type LabelSelector,
  compileLabelSelector,
  type ObjectOf,
} from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { claim } from './claim.ts';
import { revisionHash } from './hash.ts';
import { remove } from './remove.ts';

export type Revision = ObjectOf<typeof controllerRevision>;

/** The label by which pods say which revision they were made from, and revisions of daemon sets which they are. */
export const REVISION_HASH = 'controller-revision-hash';
/** The label of revisions of stateful sets. */
export const HISTORY_HASH = 'controller.kubernetes.io/hash';

type Owner = ApiObject & {
  readonly spec: {
    readonly selector: LabelSelector;
    readonly template: PodTemplateSpec;
    readonly revisionHistoryLimit?: number;
  };
  readonly status: { readonly collisionCount?: number };
};

export interface Recorded<O extends Owner> {
  readonly kind: Kind<O>;
  /** By which a revision says which it is. */
  readonly hashLabel: string;
}

export const hashOf = (revision: Revision): string => revision.metadata.labels?.[REVISION_HASH] ?? '';

interface Revisions {
  readonly current: Revision;
  readonly former: readonly Revision[];
  /** Names that were taken by other content, since the owner is there. */
  readonly collisions: number;
}

/**
 * The revision of the template as it is now, made if it is new and made the newest if it is an old one again, with all
 * former ones. What is recorded is the patch that `kubectl rollout undo` applies.
 */
export async function syncRevisions<O extends Owner>(
  owner: O,
  recorded: Recorded<O>,
  context: Context,
): Promise<Revisions> {
  const all = await claim(
    { kind: controllerRevision, owner, ownerKind: recorded.kind, selector: compileLabelSelector(owner.spec.selector) },
    context,
  );
  const data = { spec: { template: { ...owner.spec.template, $patch: 'replace' } } };
  const newest = Math.max(0, ...all.map((revision) => Number(revision.revision)));
  const equal = all
    .filter((revision) => equalJson(revision.data, data))
    .sort((a, b) => Number(b.revision) - Number(a.revision))[0];
  const former = all.filter((revision) => revision !== equal);
  const collisions = owner.status.collisionCount ?? 0;
  if (!equal) return { ...(await create(owner, recorded, { data, revision: newest + 1 }, context)), former };
  if (equal.revision === newest) return { current: equal, former, collisions };
  const current = await context.api.of(controllerRevision).replace({ ...equal, revision: newest + 1 });
  return { current, former, collisions };
}

/** Revisions beyond the limit go, the oldest first; none that a pod still has. */
export async function forgetRevisions(
  owner: Owner,
  former: readonly Revision[],
  isInUse: (revision: Revision) => boolean,
  context: Context,
): Promise<void> {
  const unused = former
    .filter((revision) => !isInUse(revision))
    .sort((a, b) => Number(a.revision) - Number(b.revision));
  for (const revision of unused.slice(0, Math.max(0, unused.length - (owner.spec.revisionHistoryLimit ?? 10)))) {
    await remove(controllerRevision, revision, context);
  }
}

interface Content {
  readonly data: { readonly spec: unknown };
  readonly revision: number;
}

async function create<O extends Owner>(
  owner: O,
  { kind, hashLabel }: Recorded<O>,
  { data, revision }: Content,
  { api }: Context,
): Promise<Omit<Revisions, 'former'>> {
  // Such as why it was changed, which `kubectl rollout history` shows.
  const { annotations } = owner.metadata;
  // Two templates with one hash: count until the name is free. A name that is ours with this content is from a lost answer.
  for (let collisions = owner.status.collisionCount ?? 0; ; collisions++) {
    const hash = revisionHash(owner.spec.template, collisions);
    const name = `${owner.metadata.name}-${hash}`;
    try {
      const current = await api.of(controllerRevision).create({
        metadata: {
          name,
          namespace: owner.metadata.namespace,
          labels: { ...owner.spec.template.metadata?.labels, [hashLabel]: hash },
          ...(annotations ? { annotations } : {}),
          ownerReferences: [controllerReference(kind, owner)],
        },
        data: data as never,
        revision,
      });
      return { current, collisions };
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
      const existing = await api.of(controllerRevision).get(keyIn(owner.metadata.namespace, name));
      if (isControlledBy(existing, owner) && equalJson(existing.data, data)) return { current: existing, collisions };
    }
  }
}
