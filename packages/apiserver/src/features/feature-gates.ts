import { typeFacts } from '@navarch/api';
import type { MetricFamily } from '@navarch/base';
import type { TypeFacts } from '@navarch/machinery';
import { type Feature, FEATURES, type Stage } from './feature-table.ts';
import { goBoolean } from './go-boolean.ts';

/** What this server does one way or the other, as it is told. All other features are as the release has them. */
const SWITCHED = [
  'AllowParsingUserUIDFromCertAuth',
  'AllowUnsafeMalformedObjectDeletion',
  'APIResponseCompression',
  'AuthorizePodWebsocketUpgradeCreatePermission',
  'CBORServingAndStorage',
  'ClusterTrustBundle',
  'ComponentFlagz',
  'ComponentStatusz',
  'CompositePodGroup',
  'ConstrainedImpersonation',
  'CoordinatedLeaderElection',
  'DRAResourcePoolStatus',
  'EvictionRequestAPI',
  'GenericWorkload',
  'MutatingAdmissionPolicy',
  'OpenAPIEnums',
  'PodCertificateRequest',
  'PodTopologyLabelsAdmission',
  'RemoteRequestHeaderUID',
  'StorageVersionHash',
  'WatchList',
  'WorkloadWithJob',
] as const;
/** 1.37 has forgotten these: clients' tests still switch them off, to see how they get on with older servers. */
const REMEMBERED = ['AggregatedDiscoveryEndpoint'] as const;

export type SwitchedFeature = (typeof SWITCHED)[number] | (typeof REMEMBERED)[number];

const SWITCHES: ReadonlySet<string> = new Set([...SWITCHED, ...REMEMBERED]);
/** Fields of what is asked for, and of lists, are not kept or dropped: what they ask for is had or not. */
const OF_QUERIES: ReadonlySet<string> = new Set(['PodLogsQuerySplitStreams', 'ShardedListAndWatch']);
const REMEMBERED_FEATURE: Feature = Object.freeze({ stage: '', isOn: true, isLocked: false });
const UNKNOWN_FEATURE: Feature = Object.freeze({ stage: 'ALPHA', isOn: false, isLocked: true });
/** Names that stand for all features of a stage. */
const ALL: Readonly<Record<string, Stage>> = { AllAlpha: 'ALPHA', AllBeta: 'BETA' };
const OUTGOING: ReadonlySet<Stage> = new Set(['', 'DEPRECATED']);
/** Upstream's name for itself, where gates of several components are in one flag. */
const COMPONENT = 'kube';

/** Which features are on. */
export class FeatureGates {
  readonly #said: ReadonlyMap<string, boolean>;

  /** By name: where a feature is not as the release has it. */
  constructor(said: ReadonlyMap<string, boolean> = new Map()) {
    this.#said = said;
  }

  isOn(name: SwitchedFeature): boolean {
    return this.#isOn(name, FEATURES.get(name) ?? REMEMBERED_FEATURE);
  }

  /** Any feature of the release, by upstream's name; false for what it does not know. */
  isEnabled(name: string): boolean {
    return this.#isOn(name, FEATURES.get(name) ?? UNKNOWN_FEATURE);
  }

  /** Gates that somebody set although a later release will not know them. */
  outgoing(): readonly { readonly featureGate: string; readonly value: boolean }[] {
    return Array.from(this.#said, ([featureGate, value]) => ({ featureGate, value })).filter(({ featureGate }) =>
      OUTGOING.has(FEATURES.get(featureGate)?.stage ?? 'ALPHA'),
    );
  }

  /** `kubernetes_feature_enabled`: every feature, with its stage. */
  families(): readonly MetricFamily[] {
    const all: readonly (readonly [string, Feature])[] = [
      ...FEATURES,
      ...Object.entries(ALL).map(([name, stage]) => [name, { stage, isOn: false, isLocked: false }] as const),
    ];
    return [
      {
        name: 'kubernetes_feature_enabled',
        type: 'gauge',
        help: '[BETA] This metric records the data about the stage and enablement of a k8s feature.',
        samples: all.map(([name, feature]) => ({
          labels: { name, stage: feature.stage },
          value: this.#isOn(name, feature) ? 1 : 0,
        })),
      },
    ];
  }

  #isOn(name: string, { isOn }: Feature): boolean {
    return this.#said.get(name) ?? isOn;
  }
}

/**
 * Reads what `--feature-gates` says: `Name=true`, each of them perhaps with `kube:` before it; of two for one name the
 * later counts. Throws an Error in upstream's words for what upstream refuses, and for what this server cannot do.
 */
export function parseFeatureGates(pairs: readonly string[]): FeatureGates {
  const said = new Map(pairs.map(parsePair));
  for (const [name, isOn] of said) check(name, isOn);
  for (const [name, stage] of Object.entries(ALL)) {
    const isOn = said.get(name);
    if (isOn !== undefined) checkAll(name, isOn, unsaid(stage, said));
    if (isOn !== undefined) for (const of of unsaid(stage, said)) said.set(of, isOn);
  }
  return new FeatureGates(said);
}

function parsePair(pair: string): readonly [name: string, isOn: boolean] {
  const [, component, rest = ''] = /^(?:([^:=]*):)?(.*)$/s.exec(pair.trim()) ?? [];
  if (component !== undefined && component !== COMPONENT) throw new Error(`component not registered: ${component}`);
  const at = rest.indexOf('=');
  const name = (at < 0 ? rest : rest.slice(0, at)).trim();
  if (at < 0) throw new Error(`missing bool value for ${name}`);
  const value = rest.slice(at + 1).trim();
  const isOn = goBoolean(value);
  if (isOn === undefined)
    throw new Error(
      `invalid value of ${name}=${value}, err: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
    );
  return [name, isOn];
}

function check(name: string, isOn: boolean): void {
  if (ALL[name] !== undefined || (REMEMBERED as readonly string[]).includes(name)) return;
  const feature = FEATURES.get(name);
  if (!feature) throw new Error(`unrecognized feature gate: ${name}`);
  if (feature.isOn === isOn) return;
  if (feature.isLocked)
    throw new Error(`cannot set feature gate ${name} to ${isOn}, feature is locked to ${feature.isOn}`);
  if (!isSwitched(name))
    throw new Error(`cannot set feature gate ${name} to ${isOn}: Navarch cannot switch it ${isOn ? 'on' : 'off'}`);
}

/** Whether anything is done one way or the other: fields of a feature at least are kept or dropped. */
const isSwitched = (name: string): boolean => SWITCHES.has(name) || (!OF_QUERIES.has(name) && hasFields(name));

const hasFields = (feature: string): boolean =>
  Object.values<TypeFacts>(typeFacts).some(({ fields = [] }) => fields.some(({ gate }) => gate === feature));

/** Those of a stage that are not set by name. */
const unsaid = (stage: Stage, said: ReadonlyMap<string, boolean>): readonly string[] =>
  Array.from(FEATURES).flatMap(([name, feature]) =>
    feature.stage === stage && !feature.isLocked && !said.has(name) ? [name] : [],
  );

function checkAll(all: string, isOn: boolean, names: readonly string[]): void {
  const stuck = names.filter((name) => FEATURES.get(name)?.isOn !== isOn && !isSwitched(name));
  if (stuck.length > 0)
    throw new Error(
      `cannot set feature gate ${all} to ${isOn}: Navarch cannot switch ${isOn ? 'on' : 'off'} ${stuck.join(', ')}`,
    );
}
