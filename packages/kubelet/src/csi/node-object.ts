import { csiNode, type Node, node } from '@navarch/api';
import type { Api } from '@navarch/client';
import { equalJson, hasReason, type ObjectOf } from '@navarch/machinery';
import type { NodeGetInfoResponse } from './generated/types.ts';

type CSINode = ObjectOf<typeof csiNode>;
type CSINodeDriver = CSINode['spec']['drivers'][number];

export interface NodeObjectDeps {
  readonly api: Api;
  readonly nodeName: string;
}

const NODE_IDS = 'csi.volume.kubernetes.io/nodeid';
const MIGRATED = 'storage.alpha.kubernetes.io/migrated-plugins';
/** Volumes of these are those of CSI drivers now: the scheduler asks which, node by node. */
const MIGRATED_PLUGINS = [
  'aws-ebs',
  'azure-disk',
  'azure-file',
  'cinder',
  'gce-pd',
  'portworx-volume',
  'vsphere-volume',
]
  .map((name) => `kubernetes.io/${name}`)
  .join(',');

/** Makes the node's CSINode where it is missing, without drivers. */
export async function ensureCsiNode({ api, nodeName }: NodeObjectDeps): Promise<CSINode> {
  try {
    return await api.of(csiNode).get(nodeName);
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
  const { uid } = (await api.of(node).get(nodeName)).metadata;
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }];
  const metadata = { name: nodeName, annotations: { [MIGRATED]: MIGRATED_PLUGINS }, ownerReferences };
  try {
    return await api.of(csiNode).create({ metadata, spec: { drivers: [] } });
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
    return api.of(csiNode).get(nodeName);
  }
}

/** Tells the cluster that a driver is on the node, who the node is to it, and where the node is. */
export async function publishDriver(name: string, info: NodeGetInfoResponse, deps: NodeObjectDeps): Promise<void> {
  const { nodeId, maxVolumesPerNode, accessibleTopology } = info;
  if (nodeId === '') throw new Error(`error adding CSI driver node info: node ID is empty for driver ${name}`);
  const segments = accessibleTopology?.segments ?? {};
  await label(name, nodeId, segments, deps);
  const driver: CSINodeDriver = {
    name,
    nodeID: nodeId,
    // As it prints where there are none.
    topologyKeys: Object.keys(segments).length > 0 ? Object.keys(segments).toSorted() : null,
    ...(maxVolumesPerNode > 0 ? { allocatable: { count: Math.min(maxVolumesPerNode, COUNT_MAX) } } : {}),
  };
  const before = (await ensureCsiNode(deps)).spec.drivers?.find((other) => other.name === name);
  // Who a driver takes the node for may not be changed, only taken away and said anew.
  const isOther = before && !equalJson({ ...before, allocatable: undefined }, { ...driver, allocatable: undefined });
  if (isOther) await replace(name, undefined, deps);
  await replace(name, driver, deps);
}

const COUNT_MAX = 2 ** 31 - 1;

/** The driver is not on the node any more. Labels stay: volumes were made by them. */
export async function withdrawDriver(name: string, deps: NodeObjectDeps): Promise<void> {
  await replace(name, undefined, deps);
  await deps.api.of(node).update(deps.nodeName, (current) => withNodeId(current, name, undefined));
}

async function replace(
  name: string,
  driver: CSINodeDriver | undefined,
  { api, nodeName }: NodeObjectDeps,
): Promise<void> {
  await api.of(csiNode).update(nodeName, (current) => {
    const drivers = current.spec.drivers ?? [];
    const known = drivers.find((other) => other.name === name);
    if (known === driver || (known && driver && equalJson(known, driver))) return current;
    const others = drivers.filter((other) => other.name !== name);
    return { ...current, spec: { ...current.spec, drivers: driver ? [...others, driver] : others } };
  });
}

/** Throws where a label says something else already: two drivers, or two zones, of one name. */
async function label(
  name: string,
  nodeId: string,
  segments: Readonly<Record<string, string>>,
  { api, nodeName }: NodeObjectDeps,
): Promise<void> {
  await api.of(node).update(nodeName, (current) => {
    const { labels = {} } = current.metadata;
    for (const [key, value] of Object.entries(segments)) {
      if (labels[key] !== undefined && labels[key] !== value)
        throw new Error(
          `detected topology value collision: driver reported ${JSON.stringify(key)}:${JSON.stringify(value)} but existing label is ${JSON.stringify(key)}:${JSON.stringify(labels[key])}`,
        );
    }
    const marked = withNodeId(current, name, nodeId);
    if (marked === current && Object.keys(segments).every((key) => key in labels)) return current;
    return { ...marked, metadata: { ...marked.metadata, labels: { ...labels, ...segments } } };
  });
}

/** The node with what drivers call it: JSON in an annotation. */
function withNodeId(current: Node, driver: string, id: string | undefined): Node {
  const { annotations = {} } = current.metadata;
  const ids = idsIn(annotations[NODE_IDS]);
  if (ids[driver] === id) return current;
  const { [driver]: _, ...others } = ids;
  const next = id === undefined ? others : { ...others, [driver]: id };
  const { [NODE_IDS]: __, ...rest } = annotations;
  const said = Object.keys(next).length > 0 ? { ...rest, [NODE_IDS]: JSON.stringify(next) } : rest;
  return { ...current, metadata: { ...current.metadata, annotations: said } };
}

function idsIn(text: string | undefined): Readonly<Record<string, string>> {
  try {
    return JSON.parse(text ?? '{}') as Readonly<Record<string, string>>;
  } catch {
    return {};
  }
}
