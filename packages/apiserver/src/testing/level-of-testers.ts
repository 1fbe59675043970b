import type { Asked } from './ask.ts';

export const flowGroup = '/apis/flowcontrol.apiserver.k8s.io/v1';
export const tester = { name: 'tester', groups: ['system:authenticated'] };

/** Makes a priority level called `one` of these limits, to which whoever is called tester goes who asks for pods of `d`. */
export async function levelOfTesters({ ask }: Pick<Asked, 'ask'>, limited: object): Promise<void> {
  await ask('POST', `${flowGroup}/prioritylevelconfigurations`, {
    metadata: { name: 'one' },
    spec: { type: 'Limited', limited },
  });
  await ask('POST', `${flowGroup}/flowschemas`, {
    metadata: { name: 'testers' },
    spec: {
      priorityLevelConfiguration: { name: 'one' },
      matchingPrecedence: 50,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: 'tester' } }],
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['pods'], namespaces: ['d'] }],
        },
      ],
    },
  });
}
