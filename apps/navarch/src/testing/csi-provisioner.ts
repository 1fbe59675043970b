import { csiProtocol } from '@navarch/node/csi';
import { GrpcChannel } from '@navarch/node/grpc';
import { quantityValue, readJson, writeJson } from '@navarch/machinery';

export interface ProvisionerDeps {
  /** The driver's socket, where it answers as a controller. */
  readonly socket: string;
  readonly driver: string;
  /** Where the driver says that nodes are. */
  readonly topologyKey: string;
  /** `input` is what it reads. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
}

interface Claim {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly storageClassName?: string;
    readonly volumeName?: string;
    readonly volumeMode?: string;
    readonly accessModes: readonly string[];
    readonly resources: { readonly requests: { readonly storage: string } };
  };
}

interface Volume {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly persistentVolumeReclaimPolicy: string;
    readonly csi?: { readonly driver: string; readonly volumeHandle: string };
  };
  readonly status: { readonly phase: string };
}

const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const CALL_MS = 20_000;

/**
 * What external-provisioner does, in as far as a test needs it: volumes for claims of one class whose pods have a node,
 * gone again with their claims. One look; whoever calls it looks again.
 */
export async function provisionOnce(className: string, deps: ProvisionerDeps, signal: AbortSignal): Promise<void> {
  using channel = new GrpcChannel(deps.socket, csiProtocol);
  for (const claim of await listed<Claim>('pvc', deps)) {
    const node = claim.metadata.annotations?.[SELECTED_NODE];
    if (claim.spec.storageClassName !== className || claim.spec.volumeName || node === undefined) continue;
    await make(claim, node, className, channel, deps, signal);
  }
  for (const { metadata, spec, status } of await listed<Volume>('pv', deps)) {
    if (spec.csi?.driver !== deps.driver || status.phase !== 'Released') continue;
    if (spec.persistentVolumeReclaimPolicy !== 'Delete') continue;
    await channel.call('deleteVolume', { volumeId: spec.csi.volumeHandle }, CALL_MS, signal);
    await deps.kubectl(['delete', 'pv', metadata.name, '--wait=false']);
  }
}

async function make(
  { metadata, spec }: Claim,
  node: string,
  className: string,
  channel: GrpcChannel<typeof csiProtocol.methods>,
  { kubectl, driver, topologyKey }: ProvisionerDeps,
  signal: AbortSignal,
): Promise<void> {
  const labels = readJson(await kubectl(['get', 'node', node, '-o', 'jsonpath={.metadata.labels}'])) as Readonly<
    Record<string, string>
  >;
  const segments = { [topologyKey]: labels[topologyKey] ?? '' };
  const name = `pvc-${metadata.uid}`;
  const isBlock = spec.volumeMode === 'Block';
  const request = {
    name,
    capacityRange: { requiredBytes: quantityValue(spec.resources.requests.storage) },
    volumeCapabilities: [
      { accessMode: { mode: 'SINGLE_NODE_MULTI_WRITER' }, ...(isBlock ? { block: {} } : { mount: {} }) },
    ],
    accessibilityRequirements: { requisite: [{ segments }], preferred: [{ segments }] },
  };
  const { volume } = (await channel.call('createVolume', request, CALL_MS, signal)) as {
    readonly volume: { readonly volumeId: string; readonly volumeContext: Readonly<Record<string, string>> };
  };
  const matchExpressions = Object.entries(segments).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
  const persistent = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': driver } },
    spec: {
      storageClassName: className,
      persistentVolumeReclaimPolicy: 'Delete',
      accessModes: spec.accessModes,
      volumeMode: spec.volumeMode,
      capacity: { storage: spec.resources.requests.storage },
      claimRef: {
        kind: 'PersistentVolumeClaim',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
      csi: { driver, volumeHandle: volume.volumeId, volumeAttributes: volume.volumeContext },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
    },
  };
  await kubectl(['apply', '-f', '-'], writeJson(persistent));
}

async function listed<T>(kind: string, { kubectl }: ProvisionerDeps): Promise<readonly T[]> {
  return (readJson(await kubectl(['get', kind, '-A', '-o', 'json'])) as { readonly items: readonly T[] }).items;
}
