import {
  dnsLabelErrors,
  dnsSubdomainErrors,
  type Field,
  validateAnnotations,
  validateLabels,
} from '@navarch/machinery';
import { quantityOf } from '../../checks/quantities.ts';
import { each, entriesOf, givenOf, named, oneOf, requiredName } from '../../checks/values.ts';
import type { Volume } from '../../generated/types/core-v1.ts';
import { attachedSource, iscsiName, onlySource } from './attached-volumes.ts';
import { validateClaimSpec } from './persistent-volume-claim.ts';
import { validateProjected } from './projected-validation.ts';
import { downwardFile, fileMode, keysToPaths } from './volume-files.ts';
import { descendingPath, driverName } from './volume-sources.ts';

const SOURCES = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'flexVolume',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
] as const satisfies readonly (keyof Volume)[];
type Source = (typeof SOURCES)[number];

/** The volumes that containers may mount: those without an error. `podName` is empty in templates. */
export function validateVolumes(
  volumes: readonly Volume[] | undefined,
  podName: string,
  at: Field,
): ReadonlyMap<string, Volume> {
  const valid = new Map<string, Volume>();
  const names = new Set<string>();
  const made = new Set(
    podName === '' ? [] : volumes?.flatMap(({ name, ephemeral }) => (ephemeral ? [`${podName}-${name}`] : [])),
  );
  each(volumes, at, (volume, here) => {
    const errors = here.errors.length;
    validateSource(volume, podName, here);
    requiredName(volume.name, dnsLabelErrors, here.at('name'));
    if (names.has(volume.name)) here.at('name').duplicate(volume.name);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (here.errors.length === errors) {
      names.add(volume.name);
      valid.set(volume.name, volume);
    }
    if (claim !== undefined && made.has(claim))
      here
        .at('persistentVolumeClaim', 'claimName')
        .invalid(claim, 'must not reference a PVC that gets created for an ephemeral volume');
  });
  return valid;
}

function validateSource(volume: Volume, podName: string, at: Field): void {
  onlySource(givenOf(volume, SOURCES) as readonly Source[], at, (name, here) => {
    const check = checks[name];
    if (check) check(volume, here, podName);
    else attachedSource(name, volume, here, { kind: 'pod', name: volume.name });
    iscsiName(volume, at);
    if (name === 'ephemeral' && podName !== '' && volume.name)
      claimName(volume.name, `${podName}-${volume.name}`, at.at('name'));
  });
}

/** Claims of ephemeral volumes are called after their pods. */
function claimName(volume: string, claim: string, at: Field): void {
  for (const error of dnsSubdomainErrors(claim)) at.invalid(volume, `PVC name ${JSON.stringify(claim)}: ${error}`);
}

/** Sources that only pods have. */
const checks: { readonly [S in Source]?: (volume: Volume, at: Field, podName: string) => void } = {
  emptyDir({ emptyDir }, at) {
    if (quantityOf(emptyDir?.sizeLimit).nano < 0n)
      at.at('sizeLimit').forbidden('SizeLimit field must be a valid resource quantity');
  },
  gitRepo({ gitRepo }, at) {
    if (!gitRepo?.repository) at.at('repository').required();
    if (gitRepo?.directory) descendingPath(gitRepo.directory, at.at('directory'));
  },
  secret({ secret }, at) {
    if (!secret?.secretName) at.at('secretName').required();
    fileMode(secret?.defaultMode, at.at('defaultMode'));
    keysToPaths(secret?.items, at.at('items'));
  },
  configMap({ configMap }, at) {
    if (!configMap?.name) at.at('name').required();
    fileMode(configMap?.defaultMode, at.at('defaultMode'));
    keysToPaths(configMap?.items, at.at('items'));
  },
  persistentVolumeClaim: ({ persistentVolumeClaim }, at) => {
    if (!persistentVolumeClaim?.claimName) at.at('claimName').required();
  },
  downwardAPI({ downwardAPI }, at) {
    fileMode(downwardAPI?.defaultMode, at.at('defaultMode'));
    each(downwardAPI?.items, at, (file) => downwardFile(file, at));
  },
  projected: ({ projected }, at) => projected && validateProjected(projected, at),
  csi({ csi }, at) {
    driverName(csi?.driver ?? '', at.at('driver'));
    const secret = csi?.nodePublishSecretRef;
    if (!secret) return;
    if (secret.name) named(secret.name, dnsSubdomainErrors, at.at('name'));
    else at.at('nodePublishSecretRef', 'name').required();
  },
  ephemeral({ ephemeral }, at) {
    const template = ephemeral?.volumeClaimTemplate;
    if (!template) return at.at('volumeClaimTemplate').required();
    // Claims of pods are named after these; only what is said about them is taken over.
    const { labels, annotations, ...rest } = template.metadata ?? {};
    const metadataAt = at.at('volumeClaimTemplate', 'metadata');
    validateAnnotations(annotations, metadataAt.at('annotations'));
    validateLabels(labels, metadataAt.at('labels'));
    for (const [field] of entriesOf(rest as Readonly<Record<string, unknown>>))
      metadataAt.at(field).forbidden('cannot be set');
    validateClaimSpec(template.spec, at.at('volumeClaimTemplate', 'spec'));
  },
  image({ image }, at, podName) {
    const { reference = '', pullPolicy } = image ?? {};
    // A controller of another kind may fill it in before pods are made.
    if (podName !== '' && reference === '') at.at('reference').required();
    oneOf(pullPolicy, ['Always', 'IfNotPresent', 'Never'], at.at('pullPolicy'));
    if (reference !== reference.trim())
      at.at('reference').invalid(reference, 'must not have leading or trailing whitespace');
  },
};
