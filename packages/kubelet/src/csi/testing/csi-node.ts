import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, Secret } from '@navarch/api';
import { silent } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import { PodVolumes, type VolumeProblem } from '../../volumes/pod-volumes.ts';
import { memoryFiles, type MemoryFiles } from '../../volumes/testing/memory-files.ts';
import { testHost, type TestObjects } from '../../volumes/testing/test-host.ts';
import type { VolumeHost } from '../../volumes/volume-plugin.ts';
import type { Attachment, ClaimStatus, DriverObject } from '../cluster.ts';
import { CsiVolumes } from '../csi-volumes.ts';
import { Drivers } from '../drivers.ts';
import { InUse } from '../in-use.ts';
import { attachmentName, uniqueName } from '../paths.ts';
import { MemoryDriver } from './memory-driver.ts';

const DRIVER = 'csi.example.com';
const dirs = { root: '/kubelet', podLogs: '/logs', cgroupRoot: '/nv' };

/** What a pod with the one volume `v` says of it. */
export const podOf = (source: object, spec: object = {}, uid = 'u'): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'ns', uid, resourceVersion: '1', creationTimestamp: '' },
    spec: {
      serviceAccountName: 'sa',
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', ...source }],
      ...spec,
    },
    status: {},
  }) as unknown as Pod;

export const claimed = { persistentVolumeClaim: { claimName: 'data' } };
export const claimOf = (status: object = {}): PersistentVolumeClaim =>
  ({
    metadata: { name: 'data', namespace: 'ns', uid: 'claim' },
    spec: { volumeName: 'pv1' },
    status: { phase: 'Bound', capacity: { storage: '1Gi' }, ...status },
  }) as unknown as PersistentVolumeClaim;
export const volumeOf = (spec: object = {}, csi: object = {}): PersistentVolume =>
  ({
    metadata: { name: 'pv1' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      claimRef: { uid: 'claim' },
      csi: { driver: DRIVER, volumeHandle: 'vol-1', ...csi },
      ...spec,
    },
  }) as unknown as PersistentVolume;

export interface Setting {
  readonly driver?: DriverObject['spec'];
  /** Without a CSIDriver object. */
  readonly isUnknown?: boolean;
  readonly volume?: PersistentVolume;
  readonly claim?: PersistentVolumeClaim;
  readonly secrets?: TestObjects['secrets'];
  readonly attachment?: Partial<Attachment['status']>;
}

/** A node with one driver, on a disk that outlives it. */
export class CsiNode {
  readonly clock = new SimClock();
  readonly files: MemoryFiles;
  readonly driver: MemoryDriver;
  readonly inUse = new InUse(() => undefined);
  readonly events: string[] = [];
  readonly withdrawn: string[] = [];
  /** How many volumes the cluster was told that the driver allows, each time. */
  readonly allowed: number[] = [];
  readonly drivers: Drivers;
  readonly csi: CsiVolumes;
  attached: Partial<Node['status']> | undefined;
  claim: PersistentVolumeClaim;
  setting: Setting;
  readonly #volumes = new Map<string, PodVolumes>();

  constructor(setting: Setting = {}, files = memoryFiles(), driver = new MemoryDriver(files)) {
    this.setting = setting;
    this.files = files;
    this.driver = driver;
    this.claim = setting.claim ?? claimOf();
    this.drivers = new Drivers({
      sockets: { connect: () => driver },
      clock: this.clock,
      log: silent,
      publish: async (_, { maxVolumesPerNode }) => void this.allowed.push(maxVolumesPerNode),
      withdraw: (name) => void this.withdrawn.push(name),
    });
    this.csi = new CsiVolumes(
      {
        files,
        dirs,
        nodeName: 'node',
        clock: this.clock,
        log: silent,
        drivers: this.drivers,
        signal: new AbortController().signal,
        cluster: {
          driverObject: async () =>
            this.setting.isUnknown
              ? undefined
              : ({ spec: { attachRequired: false, ...this.setting.driver } } as unknown as DriverObject),
          attachment: async (name) =>
            name === attachmentName(DRIVER, 'vol-1', 'node') && this.setting.attachment
              ? ({ metadata: {}, status: { attached: true, ...this.setting.attachment } } as unknown as Attachment)
              : undefined,
          secret: async (_, name) => this.setting.secrets?.[name] as Secret | undefined,
          token: async (pod, audience) => ({ token: `${pod.metadata.uid} for ${audience}`, expiresAt: 0 }),
          node: () => this.attached && ({ status: this.attached } as unknown as Node),
          updateClaim: async (_, change) => {
            this.claim = { ...this.claim, status: change(this.claim.status as ClaimStatus) as never };
          },
          event: (_, type, reason, message) => void this.events.push(`${type} ${reason} ${message}`),
        },
      },
      this.inUse,
    );
  }

  static async withDriver(setting: Setting = {}, files?: MemoryFiles, driver?: MemoryDriver): Promise<CsiNode> {
    const node = new CsiNode(setting, files, driver);
    await node.register();
    return node;
  }

  async register(): Promise<void> {
    await this.drivers.begin(
      { name: DRIVER, endpoint: '/csi.sock', versions: ['1.0.0'] },
      new AbortController().signal,
    );
  }

  /** The control plane attaches what the node says that it needs. */
  attach(): void {
    const name = uniqueName(DRIVER, 'vol-1');
    this.attached = { volumesInUse: this.inUse.names, volumesAttached: [{ name, devicePath: '' }] };
  }

  /** What is wrong; nothing when the volume is there. */
  async setUp(pod: Pod): Promise<string | undefined> {
    const [problem] = await this.#of(pod).prepare(pod, new AbortController().signal);
    return problem && `${problem.isQuiet ? 'quietly: ' : ''}${problem.message}`;
  }

  /** Everything that is wrong, as it is. */
  problems(pod: Pod): Promise<readonly VolumeProblem[]> {
    return this.#of(pod).prepare(pod, new AbortController().signal);
  }

  async refresh(pod: Pod): Promise<readonly string[]> {
    return (await this.#of(pod).refresh(pod)).map(({ message }) => message);
  }

  tearDown(pod: Pod): Promise<void> {
    return this.#of(pod).tearDown(pod);
  }

  pathOf(pod: Pod): string | undefined {
    return this.#of(pod).find(pod, 'v')?.path;
  }

  #of(pod: Pod): PodVolumes {
    const known = this.#volumes.get(pod.metadata.uid) ?? this.#new();
    this.#volumes.set(pod.metadata.uid, known);
    return known;
  }

  #new(): PodVolumes {
    const host: VolumeHost = {
      ...testHost(this.files, this.clock, {}),
      csi: this.csi,
      claim: async () => this.claim,
      persistentVolume: async () => this.setting.volume ?? volumeOf(),
    };
    return new PodVolumes({ host, dirs, clock: this.clock });
  }
}
