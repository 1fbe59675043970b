import { parseDuration, parseQuantity } from '@navarch/machinery';
import { isSignal, type Reading, type Signal, SIGNALS } from './signals.ts';

/** So much, or so large a part (0 to 1) of all there is. */
export type Amount = { readonly count: number } | { readonly part: number };

/** Less than `value` left of something is too little, when it has been so for `graceMs`; 0 makes the threshold a hard one. */
export interface Threshold {
  readonly signal: Signal;
  readonly value: Amount;
  readonly graceMs: number;
  /** How much more than `value` is to be left before the node counts as relieved. */
  readonly reclaim?: Amount;
}

export interface EvictionSettings {
  readonly thresholds: readonly Threshold[];
  /** A node is under pressure for at least this long after it was last seen so. */
  readonly transitionMs: number;
  /** Seconds that a pod may have to end that goes for a soft threshold. */
  readonly podGraceSecondsMax: number;
}

type Texts = Readonly<Record<string, string>>;

/** As KubeletConfiguration has them. */
export interface EvictionTexts {
  readonly evictionHard?: Texts;
  readonly evictionSoft?: Texts;
  readonly evictionSoftGracePeriod?: Texts;
  readonly evictionMinimumReclaim?: Texts;
  readonly evictionPressureTransitionPeriod?: string;
  readonly evictionMaxPodGracePeriod?: number;
}

/** Upstream's where a node has Linux. */
export const EVICTION_HARD: Texts = {
  'memory.available': '100Mi',
  'nodefs.available': '10%',
  'nodefs.inodesFree': '5%',
  'imagefs.available': '15%',
  'imagefs.inodesFree': '5%',
};
const TRANSITION_MS = 5 * 60_000;

/** A setting that says nothing that can be done. The text is upstream's. */
export class EvictionSettingError extends Error {
  override readonly name = 'EvictionSettingError';
}

/** Throws EvictionSettingError. */
export function evictionSettings(texts: EvictionTexts): EvictionSettings {
  const { evictionHard = EVICTION_HARD, evictionSoft = {}, evictionSoftGracePeriod = {} } = texts;
  const reclaims = new Map(signalsOf(texts.evictionMinimumReclaim ?? {}).map(([s, text]) => [s, reclaimOf(s, text)]));
  const graces = new Map(signalsOf(evictionSoftGracePeriod).map(([s, text]) => [s, graceOf(s, text)]));
  const threshold = (signal: Signal, text: string, graceMs: number): readonly Threshold[] => {
    const [value, reclaim] = [valueOf(signal, text), reclaims.get(signal)];
    return value ? [{ signal, value, graceMs, ...(reclaim ? { reclaim } : {}) }] : [];
  };
  return {
    thresholds: [
      ...signalsOf(evictionHard).flatMap(([signal, text]) => threshold(signal, text, 0)),
      ...signalsOf(evictionSoft).flatMap(([signal, text]) => {
        const graceMs = graces.get(signal);
        if (graceMs === undefined)
          throw new EvictionSettingError(`grace period must be specified for the soft eviction threshold ${signal}`);
        return threshold(signal, text, graceMs);
      }),
    ],
    transitionMs: transitionOf(texts.evictionPressureTransitionPeriod),
    podGraceSecondsMax: texts.evictionMaxPodGracePeriod ?? 0,
  };
}

/** How many that is of what a reading is about. */
export const countOf = (amount: Amount, { capacity }: Pick<Reading, 'capacity'>): number =>
  'count' in amount ? amount.count : Math.floor(capacity * amount.part);

/** Says two thresholds apart. */
export const thresholdKey = ({ signal, graceMs }: Threshold): string => `${signal} ${graceMs}`;

export const resourceOf = ({ signal }: Threshold): (typeof SIGNALS)[Signal]['resource'] => SIGNALS[signal].resource;

function signalsOf(texts: Texts): readonly (readonly [Signal, string])[] {
  return Object.entries(texts).map(([name, text]) => {
    if (!isSignal(name)) throw new EvictionSettingError(`unsupported eviction signal: ${name}`);
    return [name, text];
  });
}

/** undefined for 0% and 100%, by which upstream turns a threshold off. */
function valueOf(signal: Signal, text: string): Amount | undefined {
  const percent = percentOf(text);
  if (percent === 0 || percent === 100) return undefined;
  if (percent !== undefined && percent < 0)
    throw new EvictionSettingError(`eviction percentage threshold ${signal} must be >= 0%: ${text}`);
  if (percent !== undefined && percent > 100)
    throw new EvictionSettingError(`eviction percentage threshold ${signal} must be <= 100%: ${text}`);
  if (percent !== undefined) return { part: percent / 100 };
  const count = quantityOf(text);
  if (count <= 0) throw new EvictionSettingError(`eviction threshold ${signal} must be positive: ${text}`);
  return { count };
}

function reclaimOf(signal: Signal, text: string): Amount {
  const percent = percentOf(text);
  if (percent !== undefined && percent <= 0)
    throw new EvictionSettingError(`eviction percentage minimum reclaim ${signal} must be positive: ${text}`);
  if (percent !== undefined) return { part: percent / 100 };
  const count = quantityOf(text);
  if (count < 0) throw new EvictionSettingError(`negative eviction minimum reclaim specified for ${signal}`);
  return { count };
}

function percentOf(text: string): number | undefined {
  if (!text.endsWith('%')) return undefined;
  const percent = Number(text.slice(0, -1));
  if (text === '%' || Number.isNaN(percent))
    throw new EvictionSettingError(`invalid percentage ${JSON.stringify(text)}`);
  return percent;
}

function quantityOf(text: string): number {
  const quantity = parseQuantity(text);
  if (!quantity) throw new EvictionSettingError(`invalid quantity ${JSON.stringify(text)}`);
  return Number(quantity.nano) / 1e9;
}

function graceOf(signal: Signal, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 0)
    throw new EvictionSettingError(
      `invalid eviction grace period specified: ${signal}, must be a positive value: ${text}`,
    );
  return ms;
}

function transitionOf(text: string | undefined): number {
  if (text === undefined) return TRANSITION_MS;
  const ms = parseDuration(text);
  if (ms === undefined || ms < 0) throw new EvictionSettingError(`invalid duration ${JSON.stringify(text)}`);
  return ms === 0 ? TRANSITION_MS : ms;
}
