import { releasedResources } from '@navarch/api';
import fc from 'fast-check';
import { parseFeatureGates } from '../../packages/apiserver/src/features/feature-gates.ts';
import { FEATURES } from '../../packages/apiserver/src/features/feature-table.ts';
import { runtimeConfigOf } from '../../packages/apiserver/src/features/served-kinds.ts';
import type { Answer, Case, Comparison, Known } from '../case.ts';
import { compared } from '../compare.ts';
import { built } from '../go.ts';
import type { Oracle } from '../oracle.ts';

interface Reply {
  readonly names?: readonly string[];
  readonly stage?: string;
  readonly isOn: boolean;
  readonly isLocked: boolean;
  readonly on?: readonly string[];
  readonly error?: string;
}

const ALL = ['AllAlpha', 'AllBeta'];
/** Upstream answers with what is on, or with what is wrong. */
const told = (answer: Answer): Answer => {
  const { error, on = [] } = answer as Reply;
  return error === undefined ? { value: on } : { error };
};
const attempted = (make: () => readonly string[]): Answer => {
  try {
    return { value: make() };
  } catch (error) {
    return { error: (error as Error).message };
  }
};

/** Every feature of the table, in turn; those of the server's other libraries are not in these modules. */
const names = [...FEATURES.keys()];
let next = 0;
const features = fc.constant(undefined).map((): Case => {
  const name = names[next++ % names.length] ?? '';
  const ours = { value: FEATURES.get(name) };
  return {
    request: { op: 'feature', name },
    ours: () => ours,
    theirs: (answer) => {
      const { stage, isOn, isLocked } = answer as Reply;
      return stage === undefined ? ours : { value: { stage, isOn, isLocked } };
    },
  };
});

/** What upstream knows and the table does not. */
const known = fc.constant(undefined).map((): Case => ({
  request: { op: 'known' },
  ours: () => ({ value: [] }),
  theirs: (answer) => ({
    value: ((answer as Reply).names ?? []).filter((name) => !FEATURES.has(name) && !ALL.includes(name)),
  }),
}));

/** Those that the server switches, that are locked, that it cannot switch, and that nobody knows; all of k8s.io/apiserver. */
const NAMES = [
  'APIResponseCompression',
  'CBORServingAndStorage',
  'MutatingAdmissionPolicy',
  'StorageVersionHash',
  'WatchList',
  'DeclarativeValidation',
  'SeparateCacheWatchRPC',
  'CRDValidationRatcheting',
  'OpenAPIEnums',
  'StorageVersionAPI',
  'KMSv1',
  'NoSuchThing',
  'watchlist',
  '',
  ...ALL,
] as const;
const COMPARED = [
  'APIResponseCompression',
  'CBORServingAndStorage',
  'MutatingAdmissionPolicy',
  'OpenAPIEnums',
  'StorageVersionHash',
  'WatchList',
] as const;
const text = (name: string, value: string | undefined): string => (value === undefined ? name : `${name}=${value}`);
const value = fc.constantFrom('true', 'false', '1', '0', 'T', 'FALSE', ' true', 'yes', '', 'tRUE', undefined);
const gates = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), value), { minLength: 1, maxLength: 3 })
  .map((pairs): Case => {
    const all = pairs.map(([name, of]) => text(name, of));
    return {
      request: { op: 'gates', text: all.join(',') },
      ours: () =>
        attempted(() => {
          const made = parseFeatureGates(all.filter((pair) => pair !== ''));
          return COMPARED.filter((name) => made.isOn(name));
        }),
      theirs: (answer) => {
        const answered = told(answer);
        return 'value' in answered
          ? { value: COMPARED.filter((name) => (answered.value as readonly string[]).includes(name)) }
          : answered;
      },
    };
  });
const knownOfGates: readonly Known[] = [
  {
    why: 'what this server cannot switch is refused',
    is: (_, __, ours) => 'error' in ours && ours.error.includes('Navarch cannot switch'),
  },
  { why: 'of several that are wrong the first is told', is: (_, theirs, ours) => 'error' in theirs && 'error' in ours },
];

const offered = releasedResources.map(({ group, version, plural }) => ({ group, version, plural }));
const groupVersions = [...new Set(offered.map(({ group, version }) => `${group}/${version}`))];
const key = fc.oneof(
  fc.constantFrom('api/all', 'api/ga', 'api/beta', 'api/alpha'),
  fc.constantFrom(...groupVersions),
  fc.constantFrom(...offered.map(({ group, version, plural }) => `${group}/${version}/${plural}`)),
  fc.constantFrom(
    'v1',
    'apps',
    'apps/v9',
    'x.example/v1',
    'a.example/v1',
    'apps/v1/Deployments',
    'apps/v1/deployments/scale',
    'api/legacy',
    'apps/v1/nothings',
    '',
  ),
);
const versions = fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 4 }).map((pairs): Case => {
  const all = pairs.map(([name, of]) => text(name, of));
  return {
    request: { op: 'versions', text: all.join(','), offered },
    ours: () =>
      attempted(() => {
        const config = runtimeConfigOf(all);
        return offered
          .filter((one) => config.isOn(one))
          .map(({ group, version, plural }) => `${group}/${version}/${plural}`);
      }),
    theirs: told,
  };
});
const knownOfVersions: readonly Known[] = [
  {
    why: 'what this server does not have is refused',
    is: (_, __, ours) => 'error' in ours && ours.error.includes('Navarch does not have it'),
  },
  { why: 'of several that are wrong the first is told', is: (_, theirs, ours) => 'error' in theirs && 'error' in ours },
];

const comparisons: readonly Comparison[] = [
  { name: 'switches: features', cases: features },
  { name: 'switches: known features', cases: known },
  { name: 'switches: feature gates', cases: gates, known: knownOfGates },
  { name: 'switches: runtime config', cases: versions, known: knownOfVersions },
];

/** `--feature-gates` and `--runtime-config` beside k8s.io/apiserver, which reads them so. */
export const switchesOracle: Oracle = {
  name: 'switches',
  isNamedWithin: true,
  run: async (context) =>
    compared(await built('switches'), comparisons, { ...context, cases: Math.max(context.cases, names.length) }),
};
