import type { Node, Pod } from '@navarch/api';
import { quantityValue } from '@navarch/machinery';
import { labelOf, meets, nameOf, type Plain, podsOn, type Refusal, selects } from './plain.ts';

type Claim = Plain['claims'][number];
type Volume = Plain['volumes'][number];
type PodVolume = NonNullable<Pod['spec']['volumes']>[number];

const isFinal = (plugin: string, ...reasons: readonly string[]): Refusal => ({ plugin, reasons, isResolvable: false });

/** A claim of the pod: named by a volume, or made for a generic ephemeral one (KEP-1698). */
interface ClaimName {
  readonly name: string;
  readonly isEphemeral: boolean;
}

const claimNames = ({ metadata, spec }: Pod): readonly ClaimName[] =>
  (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }): readonly ClaimName[] =>
    persistentVolumeClaim
      ? [{ name: persistentVolumeClaim.claimName, isEphemeral: false }]
      : ephemeral
        ? [{ name: `${metadata.name}-${name}`, isEphemeral: true }]
        : [],
  );

const claimOf = (name: string, pod: Pod, { claims }: Plain): Claim | undefined =>
  claims.find(({ metadata }) => metadata.name === name && metadata.namespace === pod.metadata.namespace);
const claimsOf = (pod: Pod, cluster: Plain): readonly Claim[] =>
  claimNames(pod).flatMap(({ name }) => claimOf(name, pod, cluster) ?? []);
const volumeOf = ({ spec }: Claim, { volumes }: Plain): Volume | undefined =>
  volumes.find((volume) => nameOf(volume) === spec.volumeName);
const classOf = ({ spec }: Claim, { classes }: Plain) => classes.find((each) => nameOf(each) === spec.storageClassName);
const isBound = ({ spec, metadata }: Claim): boolean =>
  Boolean(spec.volumeName) && metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined;

/** Why no node at all will do. */
export function claimsRefusal(pod: Pod, cluster: Plain): Refusal | undefined {
  const waits = ({ spec }: Claim): boolean =>
    !spec.volumeName &&
    cluster.classes.find((each) => nameOf(each) === spec.storageClassName)?.volumeBindingMode ===
      'WaitForFirstConsumer';
  for (const { name, isEphemeral } of claimNames(pod)) {
    const claim = claimOf(name, pod, cluster);
    const quoted = `persistentvolumeclaim "${name}"`;
    const say = (text: string): Refusal => isFinal('VolumeBinding', text);
    if (!claim)
      return say(
        isEphemeral ? `waiting for ephemeral volume controller to create the ${quoted}` : `${quoted} not found`,
      );
    if (claim.status?.phase === 'Lost')
      return say(`${quoted} bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`);
    if (claim.metadata.deletionTimestamp) return say(`${quoted} is being deleted`);
    if (
      isEphemeral &&
      !claim.metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === pod.metadata.uid)
    )
      return say(
        `PVC ${pod.metadata.namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`,
      );
  }
  if (!claimsOf(pod, cluster).every((claim) => isBound(claim) || waits(claim)))
    return isFinal('VolumeBinding', 'pod has unbound immediate PersistentVolumeClaims');
  const lost = claimNames(pod)
    .filter(({ isEphemeral }) => !isEphemeral)
    .map(({ name }) => claimOf(name, pod, cluster))
    .find((claim) => claim?.spec.volumeName && !volumeOf(claim, cluster));
  return lost && isFinal('VolumeZone', `persistentvolume "${lost.spec.volumeName ?? ''}" not found`);
}

export function restrictionsRefusal(pod: Pod, node: Node, cluster: Plain): Refusal | undefined {
  const refused = (reason: string): Refusal => ({
    plugin: 'VolumeRestrictions',
    reasons: [reason],
    isResolvable: true,
  });
  const here = podsOn(node, cluster);
  const collides = (mine: PodVolume): boolean =>
    here.some(({ spec }) => spec.volumes?.some((theirs) => isSameDisk(mine, theirs)));
  if (pod.spec.volumes?.some(collides)) return refused('node(s) had no available disk');
  // For one pod of the cluster (KEP-2485).
  const isInUse = claimsOf(pod, cluster)
    .filter(({ spec }) => spec.accessModes?.includes('ReadWriteOncePod'))
    .some(({ metadata }) =>
      cluster.nodes.some((each) =>
        podsOn(each, cluster).some(
          (other) =>
            other.metadata.namespace === pod.metadata.namespace &&
            claimNames(other).some(({ name }) => name === metadata.name),
        ),
      ),
    );
  return isInUse
    ? refused('node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode')
    : undefined;
}

/** Some disks can be had by one pod of a node; some by several that only read. */
function isSameDisk(a: PodVolume, b: PodVolume): boolean {
  const differs = (x: { readOnly?: boolean }, y: { readOnly?: boolean }): boolean => !(x.readOnly && y.readOnly);
  if (a.gcePersistentDisk && b.gcePersistentDisk)
    return (
      a.gcePersistentDisk.pdName === b.gcePersistentDisk.pdName && differs(a.gcePersistentDisk, b.gcePersistentDisk)
    );
  if (a.awsElasticBlockStore && b.awsElasticBlockStore)
    return a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore.volumeID;
  if (a.iscsi && b.iscsi) return a.iscsi.iqn === b.iscsi.iqn && differs(a.iscsi, b.iscsi);
  const [x, y] = [a.rbd, b.rbd];
  if (!x || !y) return false;
  return (
    x.monitors.some((monitor) => y.monitors.includes(monitor)) &&
    (x.pool ?? 'rbd') === (y.pool ?? 'rbd') &&
    x.image === y.image &&
    differs(x, y)
  );
}

/**
 * A driver can attach so many volumes to a node (KEP-554); those count that pods use, and those that are attached. Where it
 * says so, pods with its volumes do not go where it is not (KEP-5030).
 */
export function limitsRefusal(pod: Pod, node: Node, cluster: Plain): Refusal | undefined {
  const drivers = cluster.csiNodes.find((each) => nameOf(each) === nameOf(node))?.spec.drivers ?? [];
  const wanted = attached(pod, cluster);
  const isThere = (driver: string): boolean => drivers.some(({ name }) => name === driver);
  const missing = cluster.csiDrivers.find(
    (each) =>
      each.spec.preventPodSchedulingIfMissing &&
      !isThere(nameOf(each)) &&
      [...wanted].some((volume) => volume.startsWith(`${nameOf(each)} `)),
  );
  if (missing)
    return {
      plugin: 'NodeVolumeLimits',
      reasons: [`${nameOf(missing)} CSI driver is not installed on the node`],
      isResolvable: true,
    };
  const there = new Set([
    ...podsOn(node, cluster).flatMap((other) => [...attached(other, cluster)]),
    ...cluster.attachments
      .filter(({ spec }) => spec.nodeName === nameOf(node))
      .flatMap(({ spec }) => {
        const csi = cluster.volumes.find((volume) => nameOf(volume) === spec.source.persistentVolumeName)?.spec.csi;
        // Who attaches it says so, whatever the volume says.
        return csi ? [`${spec.attacher} ${csi.volumeHandle}`] : [];
      }),
  ]);
  const countOf = (handles: Iterable<string>, driver: string): number =>
    [...handles].filter((each) => each.startsWith(`${driver} `)).length;
  const isOver = drivers.some(({ name, allocatable }) => {
    const added = countOf(
      [...wanted].filter((each) => !there.has(each)),
      name,
    );
    return allocatable?.count !== undefined && added > 0 && countOf(there, name) + added > allocatable.count;
  });
  return isOver
    ? { plugin: 'NodeVolumeLimits', reasons: ['node(s) exceed max volume count'], isResolvable: true }
    : undefined;
}

/** `driver handle`; a volume that is yet to be made counts for the provisioner of its class. */
const attached = (pod: Pod, cluster: Plain): ReadonlySet<string> =>
  new Set(
    claimsOf(pod, cluster).flatMap((claim) => {
      const volume = volumeOf(claim, cluster);
      if (volume) return volume.spec.csi ? [`${volume.spec.csi.driver} ${volume.spec.csi.volumeHandle}`] : [];
      const provisioner = classOf(claim, cluster)?.provisioner;
      return provisioner ? [`${provisioner} ${claim.metadata.namespace}/${claim.metadata.name}`] : [];
    }),
  );

export function bindingRefusal(pod: Pod, node: Node, cluster: Plain): Refusal | undefined {
  const claims = claimsOf(pod, cluster);
  const reasons: string[] = [];
  for (const claim of claims.filter(isBound)) {
    const volume = volumeOf(claim, cluster);
    if (volume && isReachable(volume, node)) continue;
    reasons.push(
      volume
        ? "node(s) didn't match PersistentVolume's node affinity"
        : 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)',
    );
    break;
  }
  const plan = planFor(
    claims.filter((claim) => !isBound(claim)),
    node,
    cluster,
  );
  if (typeof plan === 'string') reasons.push(plan);
  return reasons.length > 0 ? isFinal('VolumeBinding', ...reasons) : undefined;
}

/** How the open claims of a pod would get their volumes on a node. */
interface Plan {
  readonly taken: readonly { readonly claim: Claim; readonly volume: Volume }[];
  readonly made: readonly Claim[];
}

/** Claims that wait for their first pod: small ones take volumes that are there first, for the rest one has to be made. */
function planFor(open: readonly Claim[], node: Node, cluster: Plain): Plan | string {
  const TO_BIND = "node(s) didn't find available persistent volumes to bind";
  const placeOf = ({ metadata }: Claim): string | undefined =>
    metadata.annotations?.['volume.kubernetes.io/selected-node'];
  if (open.some((claim) => (placeOf(claim) ?? nameOf(node)) !== nameOf(node))) return TO_BIND;
  const made = open.filter((claim) => placeOf(claim) !== undefined);
  const taken: { claim: Claim; volume: Volume }[] = [];
  for (const claim of open.filter((each) => placeOf(each) === undefined).toSorted((a, b) => sizeOf(a) - sizeOf(b))) {
    const volume = volumeFor(
      claim,
      node,
      cluster,
      taken.map((each) => each.volume),
    );
    if (volume) taken.push({ claim, volume });
    else made.push(claim);
  }
  for (const claim of made) {
    const found = classOf(claim, cluster);
    if (!found?.provisioner || found.provisioner === 'kubernetes.io/no-provisioner') return TO_BIND;
    const terms = found.allowedTopologies ?? [];
    const isAllowed =
      terms.length === 0 ||
      terms.some(
        ({ matchLabelExpressions = [] }) =>
          matchLabelExpressions.length > 0 &&
          matchLabelExpressions.every(({ key, values }) => values.includes(labelOf(node, key) ?? '\0')),
      );
    if (!isAllowed) return TO_BIND;
    if (tellsOfSpace(found, cluster) && !spaceFor(claim, node, cluster))
      return 'node(s) did not have enough free storage';
  }
  return { taken, made };
}

const sizeOf = ({ spec }: Claim): number => quantityValue(spec.resources?.requests?.['storage']);

/**
 * The less of the storage would be full the better, by class (KEP-4049): of volumes that are there how much of them is
 * asked for, of those that have to be made how much of what the driver has there.
 */
export function storageScore(pod: Pod, node: Node, cluster: Plain): number {
  const plan = planFor(
    claimsOf(pod, cluster).filter((claim) => !isBound(claim)),
    node,
    cluster,
  );
  if (typeof plan === 'string') return 0;
  const classes = new Map<string, { asked: number; capacity: number }>();
  const count = (name = '', asked: number, capacity: (before: number) => number): void => {
    const before = classes.get(name) ?? { asked: 0, capacity: 0 };
    classes.set(name, { asked: before.asked + asked, capacity: capacity(before.capacity) });
  };
  for (const { claim, volume } of plan.taken)
    count(
      claim.spec.storageClassName,
      sizeOf(claim),
      (before) => before + quantityValue(volume.spec.capacity?.['storage']),
    );
  for (const claim of plan.taken.length > 0 ? [] : plan.made) {
    const found = classOf(claim, cluster);
    const space = found && tellsOfSpace(found, cluster) ? spaceFor(claim, node, cluster) : undefined;
    if (space) count(claim.spec.storageClassName, sizeOf(claim), () => quantityValue(space.capacity));
  }
  if (classes.size === 0) return 0;
  const scores = [...classes.values()].map(
    ({ asked, capacity }) => 100 - (capacity === 0 || asked > capacity ? 100 : Math.trunc((asked * 100) / capacity)),
  );
  return Math.round(scores.reduce((sum, score) => sum + score, 0) / scores.length);
}

const isReachable = ({ spec }: Volume, node: Node): boolean =>
  spec.nodeAffinity?.required?.nodeSelectorTerms.some((term) => meets(term, node)) ?? true;

/** The one that is promised to the claim, else the smallest that will do. */
function volumeFor(claim: Claim, node: Node, { volumes }: Plain, taken: readonly Volume[]): Volume | undefined {
  const sizeOf = ({ spec }: Volume): number => quantityValue(spec.capacity?.['storage']);
  const isPromised = ({ spec: { claimRef } }: Volume): boolean =>
    claimRef !== undefined &&
    claimRef.name === claim.metadata.name &&
    claimRef.namespace === claim.metadata.namespace &&
    (!claimRef.uid || claimRef.uid === claim.metadata.uid);
  const suits = (volume: Volume): boolean =>
    !taken.includes(volume) &&
    (volume.spec.storageClassName ?? '') === (claim.spec.storageClassName ?? '') &&
    sizeOf(volume) >= quantityValue(claim.spec.resources?.requests?.['storage']) &&
    (volume.spec.volumeMode ?? 'Filesystem') === (claim.spec.volumeMode ?? 'Filesystem') &&
    (volume.spec.volumeAttributesClassName ?? '') === (claim.spec.volumeAttributesClassName ?? '') &&
    !volume.metadata.deletionTimestamp;
  const promised = volumes.find((volume) => suits(volume) && isPromised(volume));
  if (promised) return isReachable(promised, node) ? promised : undefined;
  return volumes
    .filter(
      (volume) =>
        suits(volume) &&
        !volume.spec.claimRef &&
        volume.status?.phase === 'Available' &&
        (!claim.spec.selector || selects(claim.spec.selector, volume.metadata.labels)) &&
        (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode)) &&
        isReachable(volume, node),
    )
    .toSorted((a, b) => sizeOf(a) - sizeOf(b))[0];
}

/** The driver says what room it has (KEP-1472). */
const tellsOfSpace = ({ provisioner }: Plain['classes'][number], { csiDrivers }: Plain): boolean =>
  csiDrivers.find((each) => nameOf(each) === provisioner)?.spec.storageCapacity ?? false;

const spaceFor = (claim: Claim, node: Node, { capacities }: Plain): Plain['capacities'][number] | undefined =>
  capacities.find(
    ({ storageClassName, capacity, maximumVolumeSize, nodeTopology }) =>
      storageClassName === claim.spec.storageClassName &&
      (maximumVolumeSize ?? capacity) !== undefined &&
      quantityValue(maximumVolumeSize ?? capacity) >= sizeOf(claim) &&
      nodeTopology !== undefined &&
      selects(nodeTopology, node.metadata.labels),
  );

const NEWER: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
};

/** Volumes that are labelled with zones can be had there; an old label means what the new one of the node says. */
export function zoneRefusal(pod: Pod, node: Node, cluster: Plain): Refusal | undefined {
  const keys = Object.entries(NEWER).flat();
  if (!keys.some((key) => labelOf(node, key) !== undefined)) return undefined;
  const fits = claimNames(pod)
    .filter(({ isEphemeral }) => !isEphemeral)
    .flatMap(({ name }) => claimOf(name, pod, cluster) ?? [])
    .flatMap((claim) => volumeOf(claim, cluster) ?? [])
    .every(({ metadata: { labels = {} } }) =>
      keys.every((key) => {
        // An entry that is blank makes nothing of the whole label.
        if (labels[key] === undefined || labels[key].split('__').some((zone) => zone === '')) return true;
        const here = labelOf(node, key) ?? labelOf(node, NEWER[key] ?? key);
        return here !== undefined && labels[key].split('__').includes(here);
      }),
    );
  return fits ? undefined : isFinal('VolumeZone', 'node(s) had no available volume zone');
}
