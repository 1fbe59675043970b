import { canonicalQuantity, quantityMilliValue, quantityValue } from '@navarch/machinery';
import { type CpuSettings, cpuSettings, type CpuTexts } from '../cpu-manager/cpu-settings.ts';
import { type MemorySettings, memorySettings, type MemoryTexts } from '../memory-manager/memory-settings.ts';
import { SettingError } from '../topology/setting-error.ts';
import { type TopologySettings, topologySettings, type TopologyTexts } from '../topology/topology-settings.ts';

/** Fields of KubeletConfiguration, called as there. */
export interface ResourceTexts extends CpuTexts, MemoryTexts, TopologyTexts {
  /** What the machine's own programs need, by resource name. */
  readonly systemReserved?: Readonly<Record<string, string>>;
  readonly kubeReserved?: Readonly<Record<string, string>>;
}

export interface ResourceSettings {
  readonly cpu: CpuSettings;
  readonly memory: MemorySettings;
  readonly topology: TopologySettings;
  /** What pods do not get of the machine: thousandths of a processor for `cpu`, else whole units. */
  readonly aside: Readonly<Record<string, number>>;
}

const SET_ASIDE = ['cpu', 'memory', 'ephemeral-storage', 'pid'];

/** Throws SettingError. */
export function resourceSettings(texts: ResourceTexts): ResourceSettings {
  const cpu = cpuSettings(texts);
  const aside: Record<string, number> = {};
  for (const [field, amounts] of Object.entries({
    'system-reserved': texts.systemReserved ?? {},
    'kube-reserved': texts.kubeReserved ?? {},
  }))
    for (const [name, text] of Object.entries(amounts)) {
      if (!SET_ASIDE.includes(name)) throw new SettingError(`cannot reserve "${name}" resource`);
      const amount = amountOf(name, text);
      if (!Number.isFinite(amount))
        throw new SettingError(`failed to parse quantity "${text}" for "${name}" of ${field}`);
      if (amount < 0) throw new SettingError(`resource quantity for "${name}" cannot be negative: ${text}`);
      aside[name] = (aside[name] ?? 0) + amount;
    }
  // Processors that are named count for more than an amount of them.
  if (cpu.reserved) aside['cpu'] = cpu.reserved.size * 1000;
  return { cpu, memory: memorySettings(texts), topology: topologySettings(texts), aside };
}

const amountOf = (name: string, text: string): number =>
  canonicalQuantity(text) === undefined ? Number.NaN : name === 'cpu' ? quantityMilliValue(text) : quantityValue(text);

/** What upstream's kubelet does when nobody says otherwise. */
export const ordinaryResources: ResourceSettings = resourceSettings({});
