import { flowSchema, priorityLevelConfiguration } from '@navarch/api';
import { settleAll } from '@navarch/base';
import { type ApiObject, type Draft, equalJson, type Kind } from '@navarch/machinery';
import { AUTHENTICATED, MASTERS, NODES, systemUser, UNAUTHENTICATED } from '../auth/user.ts';
import type { Registry } from '../registry/registry.ts';
import { tellOfLevels } from './dangling.ts';
import type { PriorityLevel } from './flow-control.ts';
import type { FlowRule, FlowSchema, FlowSubject } from './matching.ts';

/** On an object of ours: `false` when people keep its spec as they like. */
const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec';

type Level = readonly [name: string, shares: number, lendablePercent: number, queues?: number, handSize?: number];
/** Levels of a usual cluster (release 1.37); without queues, who finds no seat is refused. */
const LEVELS: readonly Level[] = [
  ['catch-all', 5, 0],
  ['system', 30, 33, 64, 6],
  ['node-high', 40, 25, 64, 6],
  ['leader-election', 10, 0, 16, 4],
  ['workload-high', 40, 50, 128, 6],
  ['workload-low', 100, 90, 128, 6],
  ['global-default', 20, 50, 128, 6],
];
const QUEUE_LENGTH = 50;

type Rules = readonly Draft<FlowRule>[];
const group = (name: string): FlowSubject => ({ kind: 'Group', group: { name } });
const user = (name: string): FlowSubject => ({ kind: 'User', user: { name } });
const EVERYBODY = [group(UNAUTHENTICATED), group(AUTHENTICATED)];
const SYSTEM_ACCOUNTS: FlowSubject = {
  kind: 'ServiceAccount',
  serviceAccount: { namespace: 'kube-system', name: '*' },
};
const EVERY_NAMESPACE = { namespaces: ['*'] };
const everything = (subjects: readonly FlowSubject[]): Rules => [
  {
    subjects,
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, ...EVERY_NAMESPACE }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  },
];
const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], ...EVERY_NAMESPACE };

type Schema = readonly [
  name: string,
  level: string,
  precedence: number,
  distinguisher: 'ByUser' | 'ByNamespace' | '',
  rules: Rules,
];
const SCHEMAS: readonly Schema[] = [
  ['exempt', 'exempt', 1, '', everything([group(MASTERS)])],
  ['catch-all', 'catch-all', 10_000, 'ByUser', everything(EVERYBODY)],
  [
    'probes',
    'exempt',
    2,
    '',
    [
      {
        subjects: EVERYBODY,
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
      },
    ],
  ],
  [
    'system-leader-election',
    'leader-election',
    100,
    'ByUser',
    [
      {
        subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler'), SYSTEM_ACCOUNTS],
        resourceRules: [{ verbs: ['get', 'create', 'update'], ...leases }],
      },
    ],
  ],
  [
    'system-node-high',
    'node-high',
    400,
    'ByUser',
    [
      {
        subjects: [group(NODES)],
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: [''],
            resources: ['nodes', 'nodes/status'],
            clusterScope: true,
            ...EVERY_NAMESPACE,
          },
          { verbs: ['*'], ...leases },
        ],
      },
    ],
  ],
  ['system-nodes', 'system', 500, 'ByUser', everything([group(NODES)])],
  [
    'kube-controller-manager',
    'workload-high',
    800,
    'ByNamespace',
    everything([user('system:kube-controller-manager')]),
  ],
  ['kube-scheduler', 'workload-high', 800, 'ByNamespace', everything([user('system:kube-scheduler')])],
  ['kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', everything([SYSTEM_ACCOUNTS])],
  ['service-accounts', 'workload-low', 9_000, 'ByUser', everything([group('system:serviceaccounts')])],
  ['global-default', 'global-default', 9_900, 'ByUser', everything(EVERYBODY)],
];
/** Without these nobody would be served by rule. */
const MANDATORY: ReadonlySet<string> = new Set(['exempt', 'catch-all']);

/** Makes the levels and schemas of a usual cluster, and puts back what is ours to say in them. */
export async function ensureFlow(registry: Registry): Promise<void> {
  // Together: a first start waits for the disk three times, not thirty.
  await settleAll(levels().map((draft) => ensure(registry, priorityLevelConfiguration, draft)));
  await settleAll(schemas().map((draft) => ensure(registry, flowSchema, draft)));
  await tellOfLevels(registry);
}

type Named<O extends ApiObject> = Draft<O> & { readonly metadata: { readonly name: string } };

async function ensure<O extends ApiObject & { readonly spec: unknown }>(
  registry: Registry,
  kind: Kind<O>,
  draft: Named<O>,
): Promise<void> {
  const resource = registry.of(kind);
  const call = { user: systemUser, isDryRun: false };
  const { name } = draft.metadata;
  const held = resource.find('', name);
  if (!held) await resource.create('', draft, call);
  else if (
    (MANDATORY.has(name) || held.metadata.annotations?.[AUTO_UPDATE] === 'true') &&
    !equalJson(held.spec, draft.spec)
  ) {
    await resource.update('', name, (current) => ({ ...current, spec: draft.spec }), call);
  }
}

const metadataOf = (name: string) => ({ name, annotations: { [AUTO_UPDATE]: 'true' } }) as const;

function levels(): readonly Named<PriorityLevel>[] {
  return [
    {
      metadata: metadataOf('exempt'),
      spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
    },
    ...LEVELS.map(([name, nominalConcurrencyShares, lendablePercent, queues, handSize]) => ({
      metadata: metadataOf(name),
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares,
          lendablePercent,
          limitResponse:
            queues && handSize
              ? { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: QUEUE_LENGTH } }
              : { type: 'Reject' },
        },
      },
    })),
  ];
}

function schemas(): readonly (Draft<FlowSchema> & { readonly metadata: { readonly name: string } })[] {
  return SCHEMAS.map(([name, level, matchingPrecedence, type, rules]) => ({
    metadata: metadataOf(name),
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence,
      ...(type ? { distinguisherMethod: { type } } : {}),
      rules,
    },
  }));
}
