import type { PodSpec } from '@navarch/api';
import { everyContainer, type Finding, isForeignProfile, quoted, setters, sortedSet } from './check.ts';

/** What both levels refuse; the restricted one also wants that a profile is set. */
export function foreignSeccomp(spec: PodSpec): Finding | undefined {
  const isPod = isForeignProfile(spec.securityContext?.seccompProfile?.type);
  const bad = everyContainer(spec).filter((c) => isForeignProfile(c.securityContext?.seccompProfile?.type));
  if (!isPod && bad.length === 0) return undefined;
  const values = sortedSet([
    ...(isPod ? [spec.securityContext?.seccompProfile?.type ?? ''] : []),
    ...bad.map((c) => c.securityContext?.seccompProfile?.type ?? ''),
  ]);
  return {
    reason: 'seccompProfile',
    detail: `${setters(isPod, bad)} must not set securityContext.seccompProfile.type to ${quoted(values)}`,
  };
}
