import type { PodSpec } from '@navarch/api';
import { type Check, defineCheck, everyContainer, named, plural, quoted, setters, sortedSet } from './check.ts';
import { foreignSeccomp } from './seccomp.ts';

const allowPrivilegeEscalation = defineCheck({
  id: 'allowPrivilegeEscalation',
  since: 8,
  sparesWindows: true,
  find(_metadata, spec) {
    const bad = everyContainer(spec).filter((c) => c.securityContext?.allowPrivilegeEscalation !== false);
    return bad.length === 0
      ? undefined
      : {
          reason: 'allowPrivilegeEscalation != false',
          detail: `${named(bad)} must set securityContext.allowPrivilegeEscalation=false`,
        };
  },
});

const capabilities = defineCheck({
  id: 'capabilities_restricted',
  since: 22,
  sparesWindows: true,
  find(_metadata, spec) {
    const containers = everyContainer(spec);
    const added = (c: (typeof containers)[number]): readonly string[] =>
      (c.securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
    const undropped = containers.filter((c) => !c.securityContext?.capabilities?.drop?.includes('ALL'));
    const adding = containers.filter((c) => added(c).length > 0);
    const details = [
      ...(undropped.length > 0 ? [`${named(undropped)} must set securityContext.capabilities.drop=["ALL"]`] : []),
      ...(adding.length > 0
        ? [
            `${named(adding)} must not include ${quoted(sortedSet(adding.flatMap(added)))} in securityContext.capabilities.add`,
          ]
        : []),
    ];
    return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
  },
});

const VOLUMES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

const restrictedVolumes = defineCheck({
  id: 'restrictedVolumes',
  since: 0,
  find(_metadata, spec) {
    const typeOf = (volume: NonNullable<PodSpec['volumes']>[number]): string =>
      Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';
    const bad = (spec.volumes ?? []).filter((volume) => !VOLUMES.has(typeOf(volume)));
    if (bad.length === 0) return undefined;
    const types = sortedSet(bad.map(typeOf));
    const uses = `${plural('uses', 'use', bad.length)} ${plural('restricted volume type', 'restricted volume types', types.length)} ${quoted(types)}`;
    return {
      reason: 'restricted volume types',
      detail: `${plural('volume', 'volumes', bad.length)} ${quoted(bad.map((volume) => volume.name))} ${uses}`,
    };
  },
});

const runAsNonRoot = defineCheck({
  id: 'runAsNonRoot',
  since: 0,
  find(_metadata, spec) {
    const reason = 'runAsNonRoot != true';
    const pod = spec.securityContext?.runAsNonRoot;
    const containers = everyContainer(spec);
    const refusing = containers.filter((c) => c.securityContext?.runAsNonRoot === false);
    if (pod === false || refusing.length > 0)
      return { reason, detail: `${setters(pod === false, refusing)} must not set securityContext.runAsNonRoot=false` };
    const silent = pod === true ? [] : containers.filter((c) => c.securityContext?.runAsNonRoot === undefined);
    return silent.length === 0
      ? undefined
      : { reason, detail: `pod or ${named(silent)} must set securityContext.runAsNonRoot=true` };
  },
});

const runAsUser = defineCheck({
  id: 'runAsUser',
  since: 23,
  find(_metadata, spec) {
    const isPod = spec.securityContext?.runAsUser === 0;
    const bad = everyContainer(spec).filter((c) => c.securityContext?.runAsUser === 0);
    return !isPod && bad.length === 0
      ? undefined
      : { reason: 'runAsUser=0', detail: `${setters(isPod, bad)} must not set runAsUser=0` };
  },
});

const seccompProfile = defineCheck({
  id: 'seccompProfile_restricted',
  since: 19,
  sparesWindows: true,
  find(_metadata, spec) {
    const foreign = foreignSeccomp(spec);
    if (foreign) return foreign;
    const isSet = spec.securityContext?.seccompProfile?.type !== undefined;
    const silent = isSet
      ? []
      : everyContainer(spec).filter((c) => c.securityContext?.seccompProfile?.type === undefined);
    if (silent.length === 0) return undefined;
    return {
      reason: 'seccompProfile',
      detail: `pod or ${named(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
    };
  },
});

/** Controls that the restricted level adds, in the order in which they are told. */
export const restrictedChecks: readonly Check[] = [
  allowPrivilegeEscalation,
  capabilities,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompProfile,
];

/** Baseline controls that a restricted one says more strictly, with the release since which it does. */
export const overridden: Readonly<Record<string, number>> = {
  capabilities_baseline: 22,
  hostPathVolumes: 0,
  seccompProfile_baseline: 19,
};
