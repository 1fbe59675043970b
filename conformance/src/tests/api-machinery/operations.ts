import { flowSchema, priorityLevelConfiguration, storageVersionMigration } from '@navarch/api';
import { runOperations } from '../../api-operations.ts';
import { conformanceTest } from '../../conformance-test.ts';
import { checkLifecycle } from '../../resource-lifecycle.ts';
import type { Json } from '../../rest.ts';

const condition = (type: string, reason: string): Json => ({
  type,
  status: 'False',
  reason,
  message: `${reason} by an e2e test`,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

const has =
  (reason: string) =>
  ({ status }: Json): boolean =>
    status?.conditions?.some((one: Json) => one.type === 'E2E' && one.reason === reason) ?? false;

/** A status that is patched and replaced by a condition of its own: those of the server come back whatever a test says. */
const STATUS = {
  patch: { conditions: [condition('E2E', 'Patched')] },
  isPatched: has('Patched'),
  replaced: (current: Json) => ({ ...current, status: { conditions: [condition('E2E', 'Updated')] } }),
  isReplaced: has('Updated'),
  isAlone: true,
};

export const operationTests = [
  conformanceTest('[sig-api-machinery] API priority and fairness should support FlowSchema API operations', (context) =>
    runOperations(context, {
      kind: flowSchema,
      template: {
        spec: {
          matchingPrecedence: 10_000,
          priorityLevelConfiguration: { name: 'global-default' },
          distinguisherMethod: { type: 'ByUser' },
          rules: [
            {
              subjects: [{ kind: 'User', user: { name: 'example-e2e-non-existent-user' } }],
              nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
            },
          ],
        },
      } as never,
      status: STATUS,
    }),
  ),

  conformanceTest(
    '[sig-api-machinery] API priority and fairness should support PriorityLevelConfiguration API operations',
    (context) =>
      runOperations(context, {
        kind: priorityLevelConfiguration,
        template: {
          spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } },
        } as never,
        status: STATUS,
      }),
  ),

  conformanceTest(
    '[sig-api-machinery] StorageVersionMigration CRUD Tests storagemigration.k8s.io/v1 StorageVersionMigration',
    (context) =>
      checkLifecycle(context, {
        kind: storageVersionMigration,
        initial: {
          metadata: { name: `test-migration-${context.unique}` },
          spec: { resource: { group: 'example.com', resource: 'migrations' } },
        } as never,
        change: { metadata: { annotations: { changed: 'true' } } },
        status: {
          status: {
            conditions: [
              {
                type: 'Running',
                status: 'True',
                reason: 'E2E',
                message: 'Set by an e2e test',
                lastTransitionTime: '2026-01-01T00:00:00Z',
              },
            ],
          },
        },
      }),
  ),
];
