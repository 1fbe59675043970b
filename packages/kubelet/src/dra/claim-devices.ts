import { type Container, type DeviceResourceClaim, type Pod, resourceClaim, type ResourceStatus } from '@navarch/api';
import type { Clock, Metrics } from '@navarch/base';
import type { Api } from '@navarch/client';
import type { DraDrivers } from './dra-drivers.ts';
import type { Claim, Device } from './generated/types.ts';
import { checkClaim, driversOf, type PodClaim, podClaims, usedBy } from './pod-claims.ts';
import type { PreparedClaim, PreparedClaims } from './prepared-claims.ts';

export interface ClaimDevicesDeps {
  readonly api: Api;
  readonly drivers: DraDrivers;
  readonly claims: PreparedClaims;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

const SECONDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 40] as const;

/** The devices of claims: made ready by their drivers before a pod starts, given back when it is over (KEP-4381). */
export class ClaimDevices {
  readonly #deps: ClaimDevicesDeps;
  readonly #durations;
  /** One pod at a time: two that share a claim must not both make it ready. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: ClaimDevicesDeps) {
    this.#deps = deps;
    this.#durations = deps.metrics.histogram(
      'dra_operations_duration_seconds',
      "Latency histogram in seconds for the duration of handling all ResourceClaims referenced by a pod when the pod starts or stops. Identified by the name of the operation (PrepareResources or UnprepareResources) and separated by the success of the operation. The number of failed operations is provided through the histogram's overall count.",
      SECONDS,
    );
  }

  has(podUid: string): boolean {
    return this.#deps.claims.podUids().has(podUid);
  }

  podUids(): ReadonlySet<string> {
    return this.#deps.claims.podUids();
  }

  /** Has all drivers make ready what the pod claims. Throws Error in upstream's words; may be repeated. */
  async prepare(pod: Pod, signal: AbortSignal): Promise<void> {
    if (!pod.spec.resourceClaims?.length && !pod.status.extendedResourceClaimStatus) return;
    await this.#inTurn(() => this.#timed('PrepareResources', () => this.#prepare(pod, signal)));
  }

  /** Gives back what nobody but the pod used. Throws Error in upstream's words; may be repeated. */
  async unprepare(podUid: string, signal: AbortSignal): Promise<void> {
    if (!this.has(podUid)) return;
    await this.#inTurn(() => this.#timed('UnprepareResources', () => this.#unprepare(podUid, signal)));
  }

  /** The names by which the runtime knows the devices of a container. Throws Error for a claim that is not ready. */
  cdiDevices(pod: Pod, container: Container): readonly string[] {
    const devices = usedBy(pod, container).flatMap(({ claim, request }) => {
      const prepared = this.#preparedFor(pod, claim);
      if (!prepared)
        throw new Error(`unable to get claim info for ResourceClaim ${claim.claimName} of pod ${pod.metadata.name}`);
      return devicesOf(prepared, request).flatMap(({ device }) => device.cdiDeviceIds);
    });
    return [...new Set(devices)];
  }

  /** How the devices of a container's claims are (KEP-4680). */
  healthOf(pod: Pod, container: Container): readonly ResourceStatus[] {
    const { drivers } = this.#deps;
    return usedBy(pod, container).flatMap(({ claim, request }): readonly ResourceStatus[] => {
      const prepared = this.#preparedFor(pod, claim);
      if (!prepared || claim.name === '') return [];
      const resources = devicesOf(prepared, request).map(({ driver, device }) => ({
        resourceID: device.cdiDeviceIds[0] ?? `${driver}/${device.poolName}/${device.deviceName}`,
        ...drivers.health(driver, device.poolName, device.deviceName),
      }));
      return [{ name: request === '' ? `claim:${claim.name}` : `claim:${claim.name}/${request}`, resources }];
    });
  }

  /** What a container uses, claim by claim. */
  used(pod: Pod, container: Container): readonly UsedClaim[] {
    return usedBy(pod, container).flatMap(({ claim, request }) => {
      const prepared = this.#preparedFor(pod, claim);
      return prepared ? [{ claim: prepared, devices: devicesOf(prepared, request) }] : [];
    });
  }

  #preparedFor({ metadata }: Pod, { claimName }: PodClaim): PreparedClaim | undefined {
    const found = this.#deps.claims.get(metadata.namespace ?? '', claimName);
    return found?.podUids.includes(metadata.uid) ? found : undefined;
  }

  async #prepare(pod: Pod, signal: AbortSignal): Promise<void> {
    const { claims, drivers } = this.#deps;
    const wanted = [];
    for (const each of podClaims(pod)) wanted.push(await this.#entryFor(pod, each));
    // Noted before any driver is told: it is told of the end, whatever comes between.
    await claims.set(...wanted.map(({ entry }) => entry));
    const waiting = wanted.filter(({ entry }) => !entry.isPrepared);
    const made = new Map<string, Record<string, readonly Device[]>>();
    for (const driver of new Set(waiting.flatMap((w) => w.drivers))) {
      const own = waiting.filter((w) => w.drivers.includes(driver)).map(({ entry }) => entry);
      const { claims: results } = await drivers
        .get(driver)
        .nodePrepareResources({ claims: own.map(asClaim) }, signal)
        .catch(inCall('NodePrepareResources'));
      for (const [uid, { devices, error }] of Object.entries(results)) {
        const entry = own.find((claim) => claim.uid === uid);
        if (!entry) throw new Error(`NodePrepareResources returned result for unknown claim UID ${uid}`);
        if (error !== '') throw new Error(`NodePrepareResources failed for ResourceClaim ${entry.name}: ${error}`);
        made.set(uid, { ...made.get(uid), [driver]: devices });
      }
      mustBeAll('NodePrepareResources', own, results);
    }
    await claims.set(
      ...waiting.map(({ entry }) => ({ ...entry, isPrepared: true, drivers: made.get(entry.uid) ?? {} })),
    );
  }

  async #entryFor(
    pod: Pod,
    each: PodClaim,
  ): Promise<{ readonly entry: PreparedClaim; readonly drivers: readonly string[] }> {
    const { claims, drivers } = this.#deps;
    const { namespace = '', uid: podUid } = pod.metadata;
    const claim = await this.#fetch(namespace, each.claimName);
    checkClaim(pod, each, claim);
    const names = driversOf(claim);
    // Better no pod than one on a node with which something is wrong, though the claim may be ready.
    for (const name of names) drivers.get(name);
    const known = claims.get(namespace, each.claimName);
    const { uid, name } = claim.metadata;
    if (known && known.uid !== uid)
      throw new Error(`old ResourceClaim with same name ${name} and different UID ${known.uid} still exists`);
    const before = known ?? { namespace, name, uid, podUids: [], isPrepared: false, drivers: driverList(names) };
    return { entry: { ...before, podUids: [...new Set([...before.podUids, podUid])] }, drivers: names };
  }

  async #fetch(namespace: string, name: string): Promise<DeviceResourceClaim> {
    try {
      return await this.#deps.api.of(resourceClaim).get(`${namespace}/${name}`);
    } catch (cause) {
      throw new Error(`fetch ResourceClaim ${name}: ${(cause as Error).message}`, { cause });
    }
  }

  async #unprepare(podUid: string, signal: AbortSignal): Promise<void> {
    const { claims, drivers } = this.#deps;
    const own = claims.ofPod(podUid);
    const last = own.filter(({ podUids }) => podUids.length === 1);
    const shared = own.filter(({ podUids }) => podUids.length > 1);
    await claims.set(...shared.map((claim) => ({ ...claim, podUids: claim.podUids.filter((uid) => uid !== podUid) })));
    for (const driver of new Set(last.flatMap((claim) => Object.keys(claim.drivers)))) {
      const ofDriver = last.filter((claim) => driver in claim.drivers);
      const { claims: results } = await drivers
        .get(driver)
        .nodeUnprepareResources({ claims: ofDriver.map(asClaim) }, signal)
        .catch(inCall('NodeUnprepareResources'));
      for (const [uid, { error }] of Object.entries(results)) {
        const entry = ofDriver.find((claim) => claim.uid === uid);
        if (!entry) throw new Error(`NodeUnprepareResources returned result for unknown claim UID ${uid}`);
        if (error !== '') throw new Error(`NodeUnprepareResources failed for ResourceClaim ${entry.name}: ${error}`);
      }
      mustBeAll('NodeUnprepareResources', ofDriver, results);
    }
    await claims.forget(...last);
  }

  async #timed(operation_name: string, work: () => Promise<void>): Promise<void> {
    const { clock } = this.#deps;
    const start = clock.monotonic();
    let is_error = 'true';
    try {
      await work();
      is_error = 'false';
    } finally {
      this.#durations.observe((clock.monotonic() - start) / 1000, { operation_name, is_error });
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

interface ClaimDevice {
  readonly driver: string;
  readonly device: Device;
}

export interface UsedClaim {
  readonly claim: PreparedClaim;
  readonly devices: readonly ClaimDevice[];
}

/** Those of a request, or all of them. A device of `gpu/large` is one of `gpu`. */
const devicesOf = ({ drivers }: PreparedClaim, request: string): readonly ClaimDevice[] =>
  Object.entries(drivers).flatMap(([driver, devices]) =>
    devices
      .filter(
        ({ requestNames }) =>
          request === '' ||
          requestNames.length === 0 ||
          requestNames.some((name) => name === request || name.split('/')[0] === request),
      )
      .map((device) => ({ driver, device })),
  );

/** Noted before it is known what they make ready: they are told of the end all the same. */
const driverList = (names: readonly string[]): PreparedClaim['drivers'] =>
  Object.fromEntries(names.map((name) => [name, []]));

const asClaim = ({ namespace, name, uid }: PreparedClaim): Claim => ({ namespace, name, uid });

const inCall =
  (name: string) =>
  (cause: unknown): never => {
    throw new Error(`${name}: ${(cause as Error).message}`, { cause });
  };

function mustBeAll(call: string, asked: readonly PreparedClaim[], results: object): void {
  const skipped = asked.length - Object.keys(results).length;
  if (skipped !== 0) throw new Error(`${call} skipped ${skipped} ResourceClaims`);
}
