import { type EvictionSettings, EvictionSettingError, evictionSettings, type EvictionTexts } from '@navarch/kubelet';
import { UserError } from '../user-error.ts';
import { numberOf } from './flags.ts';

/** As the kubelet's own flags are called. */
export interface EvictionFlags {
  readonly evictionHard?: string;
  readonly evictionSoft?: string;
  readonly evictionSoftGracePeriod?: string;
  readonly evictionMinimumReclaim?: string;
  readonly evictionMaxPodGracePeriod?: string;
  readonly evictionPressureTransitionPeriod?: string;
}

/**
 * For a node on a machine that people work on: parts of a large disk that is nearly full are gigabytes, with which
 * upstream's thresholds would make a cluster useless.
 */
export const SHARED_MACHINE: readonly string[] = [
  '--eviction-hard',
  'memory.available<100Mi,nodefs.available<512Mi,nodefs.inodesFree<1%',
];

const GRACE_SECONDS_MAX = 24 * 3600;

/** What flags say, as the configuration's file would, over which they win. Throws UserError. */
export function evictionTexts(flags: EvictionFlags): EvictionTexts {
  const { evictionMaxPodGracePeriod: grace, evictionPressureTransitionPeriod: transition } = flags;
  const list = <K extends string>(name: K, flag: string, text: string | undefined, sign: '<' | '='): object =>
    text === undefined ? {} : { [name]: statements(flag, text, sign) };
  return {
    ...list('evictionHard', '--eviction-hard', flags.evictionHard, '<'),
    ...list('evictionSoft', '--eviction-soft', flags.evictionSoft, '<'),
    ...list('evictionSoftGracePeriod', '--eviction-soft-grace-period', flags.evictionSoftGracePeriod, '='),
    ...list('evictionMinimumReclaim', '--eviction-minimum-reclaim', flags.evictionMinimumReclaim, '='),
    ...(grace === undefined
      ? {}
      : { evictionMaxPodGracePeriod: numberOf('--eviction-max-pod-grace-period', grace, [0, GRACE_SECONDS_MAX]) }),
    ...(transition === undefined ? {} : { evictionPressureTransitionPeriod: transition }),
  };
}

/** Throws UserError. */
export function evictionOf(texts: EvictionTexts): EvictionSettings {
  try {
    return evictionSettings(texts);
  } catch (error) {
    if (error instanceof EvictionSettingError)
      throw new UserError(`the eviction settings cannot be used: ${error.message}`);
    throw error;
  }
}

/** `a<1Gi,b<5%` by name; nothing of an empty text. */
function statements(flag: string, text: string, sign: '<' | '='): Readonly<Record<string, string>> {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  return Object.fromEntries(
    parts.map((part) => {
      const [name = '', value = '', ...more] = part.split(sign).map((word) => word.trim());
      if (name === '' || value === '' || more.length > 0)
        throw new UserError(
          `${flag} takes a list such as memory.available${sign}${sign === '<' ? '1Gi' : '1m'}, not ${JSON.stringify(text)}`,
        );
      return [name, value];
    }),
  );
}
