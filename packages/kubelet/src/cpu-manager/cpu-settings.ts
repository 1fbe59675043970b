import type { CpuLayout } from '../topology/machine.ts';
import { SettingError } from '../topology/setting-error.ts';
import { type CpuSet, parseCpuSet } from './cpu-set.ts';
import { takeCpus } from './take-cpus.ts';

/** Fields of KubeletConfiguration, called as there. */
export interface CpuTexts {
  readonly cpuManagerPolicy?: string;
  readonly cpuManagerPolicyOptions?: Readonly<Record<string, string>>;
  /** `0-1`. */
  readonly reservedSystemCPUs?: string;
}

export interface CpuOptions {
  /** Containers get whole cores: `full-pcpus-only`. */
  readonly hasFullCores: boolean;
  /** `distribute-cpus-across-numa`. */
  readonly isSpread: boolean;
  /** Nobody runs on reserved processors: `strict-cpu-reservation`. */
  readonly isStrict: boolean;
  /** `prefer-align-cpus-by-uncorecache`. */
  readonly prefersCaches: boolean;
}

export interface CpuSettings {
  readonly policy: 'none' | 'static';
  readonly options: CpuOptions;
  /** Named by the configuration; else as many as are set aside for the system. */
  readonly reserved: CpuSet | undefined;
}

const STABLE: Readonly<Record<string, keyof CpuOptions>> = {
  'full-pcpus-only': 'hasFullCores',
  'strict-cpu-reservation': 'isStrict',
  'prefer-align-cpus-by-uncorecache': 'prefersCaches',
  // Beta, and on by default.
  'distribute-cpus-across-numa': 'isSpread',
};
const ALPHA = ['align-by-socket', 'distribute-cpus-across-cores'];

/** Throws SettingError, in upstream's words. */
export function cpuSettings(texts: CpuTexts): CpuSettings {
  const { cpuManagerPolicy: policy = 'none', cpuManagerPolicyOptions = {}, reservedSystemCPUs = '' } = texts;
  if (policy !== 'none' && policy !== 'static') throw new SettingError(`unknown policy: "${policy}"`);
  const reserved = reservedSystemCPUs === '' ? undefined : reservedOf(reservedSystemCPUs);
  const names = Object.keys(cpuManagerPolicyOptions);
  if (policy === 'none' && names.length > 0)
    throw new SettingError('the CPU Manager policy "none" does not accept options');
  const options = { hasFullCores: false, isSpread: false, isStrict: false, prefersCaches: false };
  for (const [name, text] of Object.entries(cpuManagerPolicyOptions)) {
    const option = STABLE[name];
    if (ALPHA.includes(name))
      throw new SettingError(`CPU Manager Policy Alpha-level Options not enabled, but option "${name}" provided`);
    if (!option) throw new SettingError(`unknown CPU Manager Policy option: "${name}"`);
    options[option] = booleanOf(name, text);
  }
  if (options.isSpread && options.prefersCaches)
    throw new SettingError(
      'static policy options PreferAlignCpusByUncoreCacheOption and DistributeCPUsAcrossNUMA can not be used at the same time',
    );
  return { policy, options, reserved };
}

function reservedOf(text: string): CpuSet {
  try {
    return parseCpuSet(text);
  } catch (error) {
    throw new SettingError(
      `invalid configuration: unable to parse reservedSystemCPUs (--reserved-cpus) ${text}, error: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** As Go's strconv reads it. */
export function booleanOf(name: string, text: string): boolean {
  if (TRUE.includes(text)) return true;
  if (FALSE.includes(text)) return false;
  throw new SettingError(
    `bad value for option "${name}": strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

/** The processors that are never given to one container alone. Throws SettingError where the static policy has none. */
export function reservedCpus(settings: CpuSettings, layout: CpuLayout, systemMilliCpu: number): CpuSet {
  const { policy, reserved } = settings;
  if (reserved) {
    const unknown = [...reserved].filter((cpu) => !layout.all.has(cpu));
    if (unknown.length > 0)
      throw new SettingError(
        `reserved CPUs ${unknown.join(',')} are not there: the machine has ${layout.all.size} CPUs`,
      );
  }
  const named = reserved ?? takeCpus(layout, layout.all, Math.ceil(systemMilliCpu / 1000));
  if (policy === 'static' && (!named || named.size === 0))
    throw new SettingError(
      '[cpumanager] the static policy requires systemreserved.cpu + kubereserved.cpu to be greater than zero',
    );
  return named ?? new Set();
}
