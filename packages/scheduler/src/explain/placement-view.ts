import { type Pod, pod as podKind } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { type ApiObject, type Kind, notFound, splitKey } from '@navarch/machinery';
import type { Extender } from '../extenders/extender.ts';
import type { Profile } from '../plugin.ts';
import { explaining } from './explain.ts';
import { explainWorkload } from './explain-workload.ts';
import type { Explanation } from './explanation.ts';
import { type Templated, type Workload, workloads } from './owners.ts';
import { inTurns, type Steps } from './steps.ts';
import { WhatIf } from './what-if.ts';

/** In a group that is not Kubernetes's. */
const GROUP = 'navarch.dev/v1';

interface View {
  /** `group/version/resource/subresource`. */
  readonly at: string;
  /** Rejects with NotFound. `turn` resolves when others of the process have had theirs. */
  show(key: string, objects: CacheReader, turn: () => Promise<void>): Promise<Explanation>;
}

/**
 * Why pods are where they are, or nowhere, for an API server to tell as the subresource `placement` of pods and of what
 * makes them: from its own objects, so that any server can.
 */
export function placementViews(profiles: readonly Profile[], extenders: readonly Extender[] = []): readonly View[] {
  let last: Promise<unknown> = Promise.resolve();
  // One at a time: each holds a cluster of its own while it thinks.
  const afterOthers = (work: () => Promise<Explanation>): Promise<Explanation> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
  const ofPod: View = {
    at: `${GROUP}/${podKind.plural}/placement`,
    show: (key, objects, turn) =>
      afterOthers(() => inTurns(explainPod(found(podKind, key, objects), objects, { profiles, extenders }), turn)),
  };
  const ofWorkload = (workload: Workload): View => ({
    at: `${GROUP}/${workload.kind.plural}/placement`,
    show: (key, objects, turn) =>
      afterOthers(() => {
        const object = found<Templated>(workload.kind, key, objects);
        return inTurns(explainWorkload(object, workload, objects, profiles, extenders), turn);
      }),
  });
  return [ofPod, ...workloads.map(ofWorkload)];
}

interface Deciders {
  readonly profiles: readonly Profile[];
  readonly extenders: readonly Extender[];
}

function* explainPod(pod: Pod, objects: CacheReader, { profiles, extenders }: Deciders): Steps<Explanation> {
  const whatIf = yield* WhatIf.filling(objects);
  return yield* explaining(pod, whatIf, profiles, extenders);
}

function found<O extends ApiObject>(kind: Kind<O>, key: string, objects: CacheReader): O {
  const object = objects.get(kind, key);
  if (!object) throw notFound(kind, splitKey(key).name);
  return object;
}
