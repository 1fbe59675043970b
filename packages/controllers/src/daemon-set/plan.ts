import { isAvailable, type Pod } from '@navarch/api';
import type { Verdict } from './placement.ts';

/** One node with the daemon's pods on it; those on their way out are counted apart. */
export interface Post {
  readonly nodeName: string;
  readonly verdict: Verdict;
  readonly pods: readonly Pod[];
  readonly terminating: number;
}

export interface Rules {
  isUpdated(pod: Pod): boolean;
  readonly minReadySeconds: number;
  /** Both as counts; both 0 where pods are replaced only when someone deletes them. */
  readonly maxUnavailable: number;
  readonly maxSurge: number;
  readonly replaces: boolean;
  readonly nowMs: number;
}

export interface Plan {
  /** Names of nodes. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

const byAge = (a: Pod, b: Pod): number =>
  a.metadata.creationTimestamp < b.metadata.creationTimestamp
    ? -1
    : a.metadata.creationTimestamp > b.metadata.creationTimestamp
      ? 1
      : a.metadata.name < b.metadata.name
        ? -1
        : 1;

/** What to make and what to take away, so that every node that should has one pod, of the newest template in the end. */
export function plan(posts: readonly Post[], rules: Rules): Plan {
  const create: string[] = [];
  const remove: Pod[] = [];
  const settled: Post[] = [];
  for (const post of posts) {
    if (!post.verdict.mayStay) remove.push(...post.pods);
    else if (post.pods.length === 0) {
      // One that is still ending keeps its ports and files: the next comes after it.
      if (post.verdict.shouldRun && post.terminating === 0) create.push(post.nodeName);
      else if (post.verdict.shouldRun) settled.push(post);
    } else settled.push(withoutExtras(post, rules, remove));
  }
  const rolled = rules.replaces
    ? rules.maxSurge > 0
      ? surge(settled, rules)
      : replace(settled, create.length, rules)
    : { create: [], remove: [] };
  return { create: [...create, ...rolled.create], remove: [...remove, ...rolled.remove] };
}

/** The oldest of each version stays; a second version is only in place during a surge. */
function withoutExtras(post: Post, rules: Rules, remove: Pod[]): Post {
  const [updated, old] = [post.pods.filter(rules.isUpdated), post.pods.filter((p) => !rules.isUpdated(p))].map((pods) =>
    [...pods].sort(byAge),
  );
  const kept = rules.maxSurge > 0 && rules.replaces ? [updated?.[0], old?.[0]] : [[...post.pods].sort(byAge)[0]];
  const pods = kept.filter((p) => p !== undefined);
  remove.push(...post.pods.filter((p) => !pods.includes(p)));
  return { ...post, pods };
}

/** Old pods that do not serve go at once; those that do, as many as may be missing. */
function replace(posts: readonly Post[], missing: number, rules: Rules): Plan {
  const serves = (p: Pod): boolean => isAvailable(p, rules.minReadySeconds, rules.nowMs);
  const unavailable = missing + posts.filter((post) => !post.pods.some(serves)).length;
  const old = posts.flatMap((post) => post.pods.filter((p) => !rules.isUpdated(p)));
  const serving = old.filter(serves).slice(0, Math.max(0, rules.maxUnavailable - unavailable));
  return { create: [], remove: [...old.filter((p) => !serves(p)), ...serving] };
}

/** New pods come beside the old, which go when the new serve. */
function surge(posts: readonly Post[], rules: Rules): Plan {
  const serves = (p: Pod): boolean => isAvailable(p, rules.minReadySeconds, rules.nowMs);
  const create: string[] = [];
  const remove: Pod[] = [];
  let surging = posts.filter((post) => post.pods.length > 1).length;
  for (const { nodeName, verdict, pods } of posts) {
    const [updated, old] = [pods.find(rules.isUpdated), pods.find((p) => !rules.isUpdated(p))];
    if (!old) continue;
    if (updated ? serves(updated) : false) remove.push(old);
    else if (!updated && verdict.shouldRun && (surging < rules.maxSurge || !serves(old))) {
      surging += 1;
      create.push(nodeName);
    }
  }
  return { create, remove };
}
