import { readFileSync } from 'node:fs';
import type { EvictionTexts, ResourceTexts, ShutdownTexts } from '@navarch/kubelet';
import { parseDuration } from '@navarch/machinery';
import { parseYaml } from '@navarch/node/yaml';
import { UserError } from '../user-error.ts';

/** What is read of a file of KubeletConfiguration (kubelet.config.k8s.io/v1beta1); fields are called as there. */
export interface KubeletConfig extends EvictionTexts, ResourceTexts, ShutdownTexts {
  readonly staticPodPath?: string;
  readonly maxPods?: number;
  readonly syncFrequency?: string;
  readonly imageGCHighThresholdPercent?: number;
  readonly imageGCLowThresholdPercent?: number;
}

type Claim = (value: unknown) => boolean;

const isText: Claim = (value) => typeof value === 'string';
const isCount: Claim = (value) => Number.isInteger(value) && (value as number) >= 0;
const isTexts: Claim = (value) => isRecord(value) && Object.values(value).every(isText);
const isPriorities: Claim = (value) =>
  Array.isArray(value) &&
  value.every(
    (item: unknown) =>
      isRecord(item) && Number.isInteger(item['priority']) && isCount(item['shutdownGracePeriodSeconds']),
  );

const isReserved: Claim = (value) =>
  Array.isArray(value) &&
  value.every((item: unknown) => isRecord(item) && isCount(item['numaNode']) && isTexts(item['limits']));

const FIELDS: Readonly<Record<keyof KubeletConfig, readonly [claim: Claim, wanted: string]>> = {
  staticPodPath: [isText, 'a path'],
  maxPods: [isCount, 'a number'],
  syncFrequency: [isText, 'a duration such as 1m0s'],
  imageGCHighThresholdPercent: [isCount, 'a number'],
  imageGCLowThresholdPercent: [isCount, 'a number'],
  evictionHard: [isTexts, 'texts by signal'],
  evictionSoft: [isTexts, 'texts by signal'],
  evictionSoftGracePeriod: [isTexts, 'durations by signal'],
  evictionMinimumReclaim: [isTexts, 'texts by signal'],
  evictionMaxPodGracePeriod: [isCount, 'a number of seconds'],
  evictionPressureTransitionPeriod: [isText, 'a duration such as 5m0s'],
  cpuManagerPolicy: [isText, 'none or static'],
  cpuManagerPolicyOptions: [isTexts, 'texts by option'],
  reservedSystemCPUs: [isText, 'a list of CPUs such as 0-1'],
  systemReserved: [isTexts, 'quantities by resource'],
  kubeReserved: [isTexts, 'quantities by resource'],
  memoryManagerPolicy: [isText, 'None or Static'],
  reservedMemory: [isReserved, 'a list of numaNode and limits'],
  topologyManagerPolicy: [isText, 'none, best-effort, restricted or single-numa-node'],
  topologyManagerScope: [isText, 'container or pod'],
  topologyManagerPolicyOptions: [isTexts, 'texts by option'],
  shutdownGracePeriod: [isText, 'a duration such as 30s'],
  shutdownGracePeriodCriticalPods: [isText, 'a duration such as 10s'],
  shutdownGracePeriodByPodPriority: [isPriorities, 'a list of priority and shutdownGracePeriodSeconds'],
};

/** The fields that are heeded. */
export const KUBELET_FIELDS: readonly string[] = Object.keys(FIELDS);

/** Throws UserError: also for fields that this kubelet does not heed, which would be taken for what they are not. */
export function readKubeletConfig(file: string): KubeletConfig {
  const refuse = (why: string): never => {
    throw new UserError(`${file} cannot be used as the kubelet's configuration: ${why}`);
  };
  const document = parsed(file, refuse);
  const { apiVersion, kind, ...fields } = document;
  if (apiVersion !== 'kubelet.config.k8s.io/v1beta1' || kind !== 'KubeletConfiguration')
    refuse(`it holds ${String(apiVersion)} ${String(kind)}, not a kubelet.config.k8s.io/v1beta1 KubeletConfiguration`);
  const unknown = Object.keys(fields).filter((name) => !Object.hasOwn(FIELDS, name));
  if (unknown.length > 0)
    refuse(`the fields ${unknown.join(', ')} are not heeded; those that are: ${Object.keys(FIELDS).join(', ')}`);
  for (const [name, [claim, wanted]] of Object.entries(FIELDS))
    if (fields[name] !== undefined && !claim(fields[name]))
      refuse(`${name} takes ${wanted}, not ${JSON.stringify(fields[name])}`);
  return fields as KubeletConfig;
}

/** How often pods are looked at again without a cause; nothing, or zero, is the kubelet's own. Throws UserError. */
export function syncOf({ syncFrequency }: KubeletConfig): { readonly syncMs?: number } {
  if (syncFrequency === undefined) return {};
  const syncMs = parseDuration(syncFrequency);
  if (syncMs === undefined || syncMs < 0)
    throw new UserError(`syncFrequency takes a duration such as 1m0s, not ${JSON.stringify(syncFrequency)}`);
  return syncMs === 0 ? {} : { syncMs };
}

function parsed(file: string, refuse: (why: string) => never): Readonly<Record<string, unknown>> {
  try {
    const document = parseYaml(readFileSync(file, 'utf8'));
    return isRecord(document) ? document : refuse('it is no mapping');
  } catch (error) {
    if (error instanceof UserError) throw error;
    return refuse((error as Error).message);
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
