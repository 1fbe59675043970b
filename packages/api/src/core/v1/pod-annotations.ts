import type { Field, Mutable, ObjectMeta } from '@navarch/machinery';
import { entriesOf } from '../../checks/values.ts';
import type { AppArmorProfile, Container, Pod, PodSpec, SeccompProfile } from '../../generated/types/core-v1.ts';
import { descendingPath } from './volume-sources.ts';

// Annotations of pods that the API gives a meaning: what a mirror stands for, how dear a pod is, and the profiles that
// fields name since 1.19 and 1.30.

type Annotations = Readonly<Record<string, string>>;

const MIRROR = 'kubernetes.io/config.mirror';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod';
const CONTAINER_SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/';
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';

/** What pods and templates may say; `at` is the place of the annotations. */
export function validatePodAnnotations(annotations: Annotations | undefined, spec: PodSpec, at: Field): void {
  if (!annotations) return;
  const [mirror, cost] = [annotations[MIRROR], annotations[DELETION_COST]];
  if (mirror !== undefined && !spec.nodeName)
    at.key(MIRROR).invalid(mirror, 'must set spec.nodeName if mirror pod annotation is set');
  if (cost !== undefined && !isCost(cost)) at.key(DELETION_COST).invalid(cost, 'must be a 32bit integer');
  for (const [key, value] of entriesOf(annotations)) {
    if (key === SECCOMP || key.startsWith(CONTAINER_SECCOMP)) validateSeccomp(value, at.at(key));
  }
  for (const [key, value] of entriesOf(annotations)) {
    if (key.startsWith(APP_ARMOR)) validateAppArmor(key.slice(APP_ARMOR.length), value, spec, at.key(key));
  }
}

/** An int32 as Go's strconv reads it, without a plus or leading zeros. */
const isCost = (text: string): boolean =>
  /^(-\d+|0|[1-9]\d*)$/.test(text) && Number(text) >= -(2 ** 31) && Number(text) < 2 ** 31;

function validateSeccomp(profile: string, at: Field): void {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return;
  if (profile.startsWith('localhost/')) descendingPath(profile.slice('localhost/'.length), at);
  else at.invalid(profile, 'must be a valid seccomp profile');
}

function validateAppArmor(container: string, profile: string, spec: PodSpec, at: Field): void {
  if (!containersOf(spec).some(([{ name }]) => name === container)) at.invalid(container, 'container not found');
  const isKnown =
    profile === '' || profile === 'runtime/default' || profile === 'unconfined' || profile.startsWith('localhost/');
  if (!isKnown) at.invalid(profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`);
}

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

const containersOf = (
  spec: PodSpec,
): readonly (readonly [container: Container, list: (typeof LISTS)[number], i: number])[] =>
  LISTS.flatMap((list) =>
    ((spec[list] as readonly Container[] | undefined) ?? []).map((container, i) => [container, list, i] as const),
  );

/** A mirror stays one, and profiles are of containers that run already. */
export function validateAnnotationUpdate(next: Pod, previous: Pod, at: Field): void {
  const [now, before] = [next.metadata.annotations ?? {}, previous.metadata.annotations ?? {}];
  const refuse = (key: string, what: string): void => {
    if (key.startsWith(APP_ARMOR)) at.key(key).forbidden(`may not ${what} AppArmor annotations`);
    if (key === MIRROR) at.key(key).forbidden(`may not ${what} mirror pod annotation`);
  };
  for (const [key, value] of entriesOf(before)) if (now[key] !== value) refuse(key, 'remove or update');
  for (const [key] of entriesOf(now)) if (before[key] === undefined) refuse(key, 'add');
  validatePodAnnotations(now, next.spec, at);
}

/** Where a profile is said in both ways, it is the same one. `at` is the place of the spec. */
export function validateProfiles({ annotations }: ObjectMeta, spec: PodSpec, at: Field): void {
  if (!annotations) return;
  const { seccompProfile, appArmorProfile } = spec.securityContext ?? {};
  if (seccompProfile && annotations[SECCOMP] !== undefined)
    sameProfile(annotations[SECCOMP], seccompProfile, 'seccomp', at.at('securityContext', 'seccompProfile'));
  for (const [container, list, i] of containersOf(spec)) {
    const [profile, annotation] = [
      container.securityContext?.seccompProfile,
      annotations[`${CONTAINER_SECCOMP}${container.name}`],
    ];
    if (profile && annotation !== undefined)
      sameProfile(annotation, profile, 'seccomp', at.at(list).index(i).at('securityContext', 'seccompProfile'));
  }
  if (spec.os?.name === 'windows') return;
  for (const [container, list, i] of containersOf(spec)) {
    const [profile, annotation] = [
      container.securityContext?.appArmorProfile ?? appArmorProfile,
      annotations[`${APP_ARMOR}${container.name}`],
    ];
    if (profile && annotation !== undefined)
      sameProfile(annotation, profile, 'apparmor', at.at(list).index(i).at('securityContext', 'appArmorProfile'));
  }
}

function sameProfile(
  annotation: string,
  { type, localhostProfile }: SeccompProfile,
  what: 'seccomp' | 'apparmor',
  at: Field,
): void {
  const isSame =
    type === 'Unconfined'
      ? annotation === 'unconfined'
      : type === 'RuntimeDefault'
        ? annotation === 'runtime/default' || (what === 'seccomp' && annotation === 'docker/default')
        : type !== 'Localhost' || annotation.startsWith('localhost/');
  if (!isSame) at.at('type').forbidden(`${what} type in annotation and field must match`);
  else if (type === 'Localhost' && annotation !== `localhost/${localhostProfile ?? ''}`) {
    at.at('localhostProfile').forbidden(`${what} profile in annotation and field must match`);
  }
}

/** Containers without an AppArmor profile take the one of their annotation (KEP-24). */
export function takeProfiles({ metadata: { annotations }, spec }: Mutable<Pod>): void {
  if (!annotations || spec.os?.name === 'windows') return;
  for (const list of LISTS) {
    for (const container of (spec[list] as Mutable<Container>[] | undefined) ?? []) {
      const annotation = annotations[`${APP_ARMOR}${container.name}`];
      const profile =
        annotation === undefined || container.securityContext?.appArmorProfile ? undefined : profileOf(annotation);
      const isPods =
        profile?.type === spec.securityContext?.appArmorProfile?.type &&
        profile?.localhostProfile === spec.securityContext?.appArmorProfile?.localhostProfile;
      if (profile && !isPods) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    }
  }
}

function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  const name = annotation.startsWith('localhost/') ? annotation.slice('localhost/'.length) : '';
  return name !== '' && name === name.trim() ? { type: 'Localhost', localhostProfile: name } : undefined;
}
