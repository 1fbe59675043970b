import { persistentVolumeClaim, type Pod, storageClass } from '@navarch/api';
import { type Claim, claimsOf, isBound, type PodClaim, type StorageClass } from '../../plugins/pod-claims.ts';
import { nearMiss } from '../near-miss.ts';
import { lessSpace, nearVolumes, otherPlaces } from './volume-fits.ts';
import { ownVolume, provisioned } from './volume-making.ts';
import { lost } from './volume-places.ts';
import { type Case, editPod, putObject, type Remedy, type Step } from '../step.ts';

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

/** For the first claim that stands in the way: the claim, its class or a volume for it. */
export const volumes: Remedy = (about) => {
  const { snapshot } = about.whatIf;
  const claims = claimsOf(snapshot.templateOf(about.pod), snapshot.objects);
  const open = claims.find(({ claim }) => !claim || (!isBound(claim) && claim.status?.phase !== 'Lost'));
  return [
    ...claims.flatMap((each) => lost(each, about)),
    ...(open ? (open.claim ? forClaim(open.claim, open, about) : withoutClaim(open, about)) : []),
  ];
};

function withoutClaim({ name }: PodClaim, about: Case): readonly Step[] {
  const { objects, namespace } = scopeOf(about);
  const meant = nearMiss(
    name,
    objects.list(persistentVolumeClaim, namespace).map(({ metadata }) => metadata.name),
  );
  const steps: Step[] = [];
  if (meant !== undefined)
    steps.push({
      sort: `slip ${meant}`,
      summary: `mount claim ${meant} (there is no claim ${name}: did you mean ${JSON.stringify(meant)} instead of ${JSON.stringify(name)}?)`,
      cost: 1,
      effects: [editPod((spec) => mounting(spec, name, meant))],
    });
  const found = objects.list(storageClass).find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true');
  if (found && isMounted(about.pod, name)) {
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: found.metadata.name,
        resources: { requests: { storage: '1Gi' } },
      },
    } as unknown as Claim;
    steps.push({
      sort: 'create claim',
      summary: `create the claim ${name} (of 1Gi and class ${found.metadata.name}: change what you need)`,
      cost: 2,
      effects: provisioned(claim, found),
      deeds: [putObject(persistentVolumeClaim, claim)],
    });
  }
  return steps;
}

const isMounted = ({ spec }: Pod, name: string): boolean =>
  spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === name) ?? false;

const mounting = (spec: Pod['spec'], name: string, meant: string): Pod['spec'] => ({
  ...spec,
  volumes: (spec.volumes ?? []).map((volume) =>
    volume.persistentVolumeClaim?.claimName === name
      ? { ...volume, persistentVolumeClaim: { ...volume.persistentVolumeClaim, claimName: meant } }
      : volume,
  ),
});

function scopeOf({ pod, whatIf }: Case) {
  return { objects: whatIf.snapshot.objects, namespace: pod.metadata.namespace ?? '' };
}

function forClaim(claim: Claim, { storageClass: found }: PodClaim, about: Case): readonly Step[] {
  if (claim.metadata.deletionTimestamp) return [];
  const { objects } = scopeOf(about);
  const wanted = claim.spec.storageClassName ?? '';
  if (found && found.provisioner !== NO_PROVISIONER)
    return [...lessSpace(claim, about), ...otherPlaces(claim, found, about)];
  if (wanted === '' || found) return [...nearVolumes(claim, about), ownVolume(claim)];
  const classes = objects.list(storageClass);
  const meant = nearMiss(
    wanted,
    classes.map(({ metadata }) => metadata.name),
  );
  const right = classes.find(({ metadata }) => metadata.name === meant);
  const pattern = classes.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true');
  return [
    ...(right ? [otherClass(claim, right)] : []),
    ...(pattern ? [ownClass(claim, pattern)] : []),
    ownVolume(claim),
  ];
}

/** Nothing is stored for a claim that is not bound: it may be made anew, which is the only way to another class. */
function otherClass(claim: Claim, right: StorageClass): Step {
  const { name } = right.metadata;
  const then: Claim = { ...claim, spec: { ...claim.spec, storageClassName: name } };
  return {
    sort: `slip ${name}`,
    summary: `claim ${claim.metadata.name} of class ${name} (there is no class ${claim.spec.storageClassName}: did you mean ${JSON.stringify(name)} instead of ${JSON.stringify(claim.spec.storageClassName)}?)`,
    cost: 1.5,
    effects: provisioned(then, right),
    deeds: [putObject(persistentVolumeClaim, then)],
  };
}

function ownClass(claim: Claim, pattern: StorageClass): Step {
  const name = claim.spec.storageClassName ?? '';
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowVolumeExpansion } = pattern;
  const made = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner,
    ...(parameters ? { parameters } : {}),
    reclaimPolicy,
    volumeBindingMode,
    allowVolumeExpansion,
  } as unknown as StorageClass;
  return {
    sort: 'create class',
    summary: `create the storage class ${name} that claim ${claim.metadata.name} asks for (like ${pattern.metadata.name})`,
    cost: 3,
    effects: [putObject(storageClass, made), ...provisioned(claim, made)],
    deeds: [putObject(storageClass, made)],
  };
}
