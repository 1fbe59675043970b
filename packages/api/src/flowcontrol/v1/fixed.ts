import type { Field } from '@navarch/machinery';
import { each, unique } from '../../checks/values.ts';
import type {
  FlowSchemaSpec,
  PolicyRulesWithSubjects,
  PriorityLevelConfigurationSpec,
  Subject,
} from '../../generated/types/flowcontrol-v1.ts';

const group = (name: string): Subject => ({ kind: 'Group', group: { name } });
const everything = (...subjects: readonly Subject[]): readonly PolicyRulesWithSubjects[] => [
  {
    subjects,
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  },
];

/** What schemas and levels are for everybody: without them nobody would be served by rule. */
export const fixedSchemas: Readonly<Record<string, FlowSchemaSpec>> = {
  exempt: {
    priorityLevelConfiguration: { name: 'exempt' },
    matchingPrecedence: 1,
    rules: everything(group('system:masters')),
  },
  'catch-all': {
    priorityLevelConfiguration: { name: 'catch-all' },
    matchingPrecedence: 10_000,
    distinguisherMethod: { type: 'ByUser' },
    rules: everything(group('system:unauthenticated'), group('system:authenticated')),
  },
};

export const fixedLevels: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
  },
};

export function validateConditionTypes(conditions: readonly { readonly type?: string }[] | undefined, at: Field): void {
  unique(
    conditions,
    ({ type = '' }) => type,
    at,
    (here) => here.at('type'),
  );
  each(conditions, at, ({ type }, here) => {
    if (!type) here.at('type').required('must not be empty');
  });
}
