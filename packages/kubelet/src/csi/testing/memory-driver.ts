import { RpcError } from '../../rpc/rpc-error.ts';
import type { MemoryFiles } from '../../volumes/testing/memory-files.ts';
import type {
  NodeGetVolumeStatsResponse,
  NodePublishVolumeRequest,
  NodeServiceCapabilityRPCType,
  NodeStageVolumeRequest,
} from '../generated/types.ts';
import type { CsiNodeService } from '../port.ts';

const ALL: readonly NodeServiceCapabilityRPCType[] = [
  'STAGE_UNSTAGE_VOLUME',
  'GET_VOLUME_STATS',
  'EXPAND_VOLUME',
  'SINGLE_NODE_MULTI_WRITER',
];

/** A driver in memory, which keeps to the letter of the specification: what is not as it should be is refused. */
export class MemoryDriver implements CsiNodeService {
  /** Every call that it answered. */
  readonly calls: string[] = [];
  readonly requests: { stage?: NodeStageVolumeRequest; publish?: NodePublishVolumeRequest } = {};
  abilities: readonly NodeServiceCapabilityRPCType[] = ALL;
  /** How many volumes it allows on the node. */
  allows = 3;
  /** What it says of every volume's room. */
  usage: NodeGetVolumeStatsResponse['usage'] = [];
  /** What it says instead of doing it. */
  refusal: RpcError | undefined;
  /** Called before an answer goes out: the work is done. */
  onAnswer: (call: string) => void = () => undefined;
  readonly #files: MemoryFiles;
  /** By handle: where it is ready, and where it is shown. */
  readonly #staged = new Map<string, string>();
  readonly #published = new Map<string, string>();

  constructor(files: MemoryFiles) {
    this.#files = files;
  }

  /** What it would keep busy for ever. */
  get held(): readonly string[] {
    return [...this.#staged, ...this.#published].map(([key, path]) => `${key} ${path}`).toSorted();
  }

  async nodeStageVolume(request: object): Promise<object> {
    const { volumeId, stagingTargetPath: path } = (this.requests.stage = request as NodeStageVolumeRequest);
    if ((await this.#files.kindOf(path)) !== 'directory')
      throw new RpcError('INVALID_ARGUMENT', `${path} is no folder`);
    if ((this.#staged.get(volumeId) ?? path) !== path) throw new RpcError('ALREADY_EXISTS', 'staged elsewhere');
    this.#refuse();
    this.#staged.set(volumeId, path);
    await this.#files.mount(path, { type: 'tmpfs', options: [volumeId] });
    return this.#answer(`stage ${volumeId}`);
  }

  async nodeUnstageVolume({ volumeId = '' }: { readonly volumeId?: string | undefined }): Promise<object> {
    this.#refuse();
    if ([...this.#published.keys()].some((key) => key.startsWith(`${volumeId} `)))
      throw new RpcError('FAILED_PRECONDITION', `${volumeId} is published`);
    await this.#files.unmount(this.#staged.get(volumeId) ?? '');
    this.#staged.delete(volumeId);
    return this.#answer(`unstage ${volumeId}`);
  }

  async nodePublishVolume(request: object): Promise<object> {
    const { volumeId, stagingTargetPath, targetPath, volumeCapability } = (this.requests.publish =
      request as NodePublishVolumeRequest);
    if ((stagingTargetPath ?? '') !== '' && this.#staged.get(volumeId) !== stagingTargetPath)
      throw new RpcError('FAILED_PRECONDITION', `${volumeId} is not staged`);
    if ((await this.#files.kindOf(targetPath.slice(0, targetPath.lastIndexOf('/')))) !== 'directory')
      throw new RpcError('INVALID_ARGUMENT', `nothing to make ${targetPath} in`);
    this.#refuse();
    this.#published.set(`${volumeId} ${targetPath}`, targetPath);
    if (volumeCapability?.block) this.#files.put(targetPath, 'block device');
    else {
      await this.#files.makeDir(targetPath);
      await this.#files.mount(targetPath, { type: 'tmpfs', options: [volumeId] });
    }
    return this.#answer(`publish ${volumeId}`);
  }

  async nodeUnpublishVolume(request: {
    readonly volumeId?: string | undefined;
    readonly targetPath?: string | undefined;
  }): Promise<object> {
    const { volumeId = '', targetPath = '' } = request;
    this.#refuse();
    await this.#files.unmount(targetPath);
    await this.#files.removeTree(targetPath);
    this.#published.delete(`${volumeId} ${targetPath}`);
    return this.#answer(`unpublish ${volumeId}`);
  }

  async nodeExpandVolume({ volumeId = '', capacityRange }: object & ExpandInput): Promise<{ capacityBytes: number }> {
    this.#refuse();
    const capacityBytes = Number(capacityRange?.requiredBytes ?? 0);
    this.#answer(`expand ${volumeId} ${capacityBytes}`);
    return { capacityBytes };
  }

  async nodeGetVolumeStats(): Promise<NodeGetVolumeStatsResponse> {
    return { usage: this.usage };
  }

  async nodeGetCapabilities(): Promise<{ capabilities: readonly { rpc: { type: NodeServiceCapabilityRPCType } }[] }> {
    this.#refuse();
    return { capabilities: this.abilities.map((type) => ({ rpc: { type } })) };
  }

  async nodeGetInfo(): Promise<{
    nodeId: string;
    maxVolumesPerNode: number;
    accessibleTopology: { segments: Readonly<Record<string, string>> };
  }> {
    this.#refuse();
    return {
      nodeId: 'node-id',
      maxVolumesPerNode: this.allows,
      accessibleTopology: { segments: { 'topology.a/zone': 'z1' } },
    };
  }

  [Symbol.dispose](): void {
    this.calls.push('closed');
  }

  #refuse(): void {
    if (this.refusal) throw this.refusal;
  }

  #answer(call: string): object {
    this.calls.push(call);
    this.onAnswer(call);
    return {};
  }
}

interface ExpandInput {
  readonly volumeId?: string | undefined;
  readonly capacityRange?: { readonly requiredBytes?: number | undefined } | undefined;
}
