import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  deployment,
  job,
  node,
  persistentVolumeClaim,
  pod,
  type Pod,
  priorityClass,
  resourceQuota,
  serviceAccount,
  statefulSet,
} from '@navarch/api';
import type { Kind } from '@navarch/machinery';
import type { Explanation } from '@navarch/scheduler';
import { startCluster, type TestCluster } from '@navarch/testing';
import { explanationText } from './explanation-text.ts';
import { applyFix } from './testing/apply-fix.ts';

// What people ask of a scheduler, and whether what they are told helps: the answer's first fix is applied by its letter.

interface Situation {
  readonly name: string;
  readonly nodes?: number;
  /** Makes the situation; resolves to what is asked about. */
  arrange(cluster: TestCluster): Promise<string>;
  readonly headline: RegExp;
  /** What is said of some node. */
  readonly detail?: RegExp;
  readonly fix: RegExp;
  readonly commands: RegExp;
  /** What others do in the meantime. */
  meanwhile?(cluster: TestCluster): void;
}

const ZONE = 'topology.kubernetes.io/zone';
type Spec = Partial<Pod['spec']>;
const container = (cpu = '100m', more: object = {}) => ({
  name: 'c',
  image: 'i',
  resources: { requests: { cpu } },
  ...more,
});

const draft = (name: string, spec: Spec, labels: object = {}) => ({
  metadata: { name, namespace: 'default', labels },
  spec: { containers: [container()], terminationGracePeriodSeconds: 1, ...spec },
});
const add = async (cluster: TestCluster, name: string, spec: Spec = {}, labels: object = {}): Promise<string> => {
  await cluster.api.of(pod).create(draft(name, spec, labels) as never);
  await cluster.settled();
  return `pods/${name}`;
};
const template = (spec: Spec) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [container()], terminationGracePeriodSeconds: 1, ...spec },
});
const addSet = async (cluster: TestCluster, kind: Kind<any>, spec: Spec, more: object = {}): Promise<string> => {
  const selector = kind === job ? {} : { selector: { matchLabels: { app: 'web' } } };
  const drafted = {
    metadata: { name: 'web', namespace: 'default' },
    spec: { ...selector, template: template(spec), ...more },
  };
  await cluster.api.of(kind).create(drafted as never);
  await cluster.settled();
  return `${kind.plural}/web`;
};
const editNode = async (cluster: TestCluster, name: string, spec: object, labels: object = {}): Promise<void> => {
  await cluster.api.of(node).patch(name, { type: 'merge', body: { spec, metadata: { labels } } });
  // The scheduler must not see what comes next before this.
  await cluster.advance('1s');
};
const zones = async (cluster: TestCluster, ...names: readonly string[]): Promise<void> => {
  for (const [i, zone] of names.entries()) await editNode(cluster, `node-${i + 1}`, {}, { [ZONE]: zone });
};
const selectZone = (zone: string): Spec => ({ nodeSelector: { [ZONE]: zone } });

const situations: readonly Situation[] = [
  {
    name: 'no CPU',
    nodes: 2,
    async arrange(cluster) {
      await add(cluster, 'small', { nodeName: 'node-1', containers: [container('16')] });
      await add(cluster, 'large', { nodeName: 'node-2', containers: [container('24')] });
      return add(cluster, 'asked', { containers: [container('30')] });
    },
    headline: /has no node: all 2 nodes: Insufficient cpu/,
    fix: /^remove pod default\/small, which frees 16 cpu$/,
    commands: /^kubectl delete pod -n default small$/,
  },
  {
    name: 'a taint',
    async arrange(cluster) {
      await editNode(cluster, 'node-1', { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] });
      return add(cluster, 'asked');
    },
    headline: /untolerated taint/,
    fix: /^let the pod tolerate the taint dedicated=gpu:NoSchedule$/,
    commands: /^kubectl patch pod asked -n default --type=json -p '\[.*"dedicated".*\]'$/,
  },
  {
    name: 'a slip in an affinity',
    nodes: 2,
    async arrange(cluster) {
      await zones(cluster, 'eu-west-1a', 'eu-west-1b');
      const nodeSelectorTerms = [
        { matchExpressions: [{ key: ZONE, operator: 'In', values: ['eu-wst-1c', 'eu-wst-1a'] }] },
      ];
      const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
      return addSet(cluster, deployment, { affinity: { nodeAffinity } } as unknown as Spec);
    },
    headline: /didn't match Pod's node affinity/,
    detail: /asks for topology\S+ in \(eu-wst-1c, eu-wst-1a\), the node has eu-west-1b/,
    fix: /did you mean "eu-west-1a" instead of "eu-wst-1a"\?/,
    commands: /^kubectl patch deployment web -n default --type=json -p '\[.*values\/1","value":"eu-west-1a"\}\]'$/,
  },
  {
    name: 'spread over zones',
    nodes: 2,
    async arrange(cluster) {
      await zones(cluster, 'a', 'b');
      await editNode(cluster, 'node-2', { unschedulable: true });
      const spread = {
        topologySpreadConstraints: [
          {
            topologyKey: ZONE,
            maxSkew: 1,
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { app: 'web' } },
          },
        ],
      } as unknown as Spec;
      await add(cluster, 'first', spread, { app: 'web' });
      return add(cluster, 'asked', spread, { app: 'web' });
    },
    headline: /1 of 2 nodes: didn't match pod topology spread constraints/,
    detail: /zone=a would have 2 such pods, the emptiest has 0, maxSkew is 1/,
    fix: /^uncordon node node-2$/,
    commands: /^kubectl uncordon node-2$/,
  },
  {
    name: 'a host port',
    async arrange(cluster) {
      const spec = { containers: [container('100m', { ports: [{ containerPort: 80, hostPort: 8080 }] })] };
      await add(cluster, 'holder', spec as Spec);
      await add(cluster, 'other');
      return add(cluster, 'asked', spec as Spec);
    },
    headline: /didn't have free ports/,
    detail: /pod default\/holder has port 8080/,
    fix: /^remove pod default\/holder$/,
    commands: /^kubectl delete pod -n default holder$/,
  },
  {
    name: 'a host port for more pods than there are nodes',
    arrange(cluster) {
      const ports = [{ containerPort: 80, hostPort: 8080 }];
      return addSet(cluster, deployment, { containers: [container('100m', { ports })] } as Spec, { replicas: 2 });
    },
    headline: /1 of 2 pods of Deployment default\/web waits for a node.*didn't have free ports/,
    // Were the other removed, the next one of the set would wait.
    fix: /^do not ask for host port 8080$/,
    commands: /^kubectl patch deployment web -n default --type=json -p '\[.*hostPort.*\]'$/,
  },
  {
    name: 'a claim that is not bound',
    async arrange(cluster) {
      const spec = {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'navarch-locl',
        resources: { requests: { storage: '1Gi' } },
      };
      await cluster.api
        .of(persistentVolumeClaim)
        .create({ metadata: { name: 'data', namespace: 'default' }, spec } as never);
      return add(cluster, 'asked', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } as Spec);
    },
    headline: /pod has unbound immediate PersistentVolumeClaims/,
    detail: /claim data asks for 1Gi of class navarch-locl, which does not exist/,
    fix: /^claim data of class navarch-local \(there is no class navarch-locl: did you mean/,
    commands: /^kubectl get persistentvolumeclaim data .*kubectl replace --force -f -$/,
  },
  {
    name: 'a gate',
    arrange: (cluster) => add(cluster, 'asked', { schedulingGates: [{ name: 'example.com/wait' }] }),
    headline: /is held back: waiting for scheduling gates: \[example.com\/wait\]/,
    fix: /^remove the scheduling gate example.com\/wait/,
    commands:
      /^kubectl patch pod asked -n default --type=json -p '\[\{"op":"remove","path":"\/spec\/schedulingGates"\}\]'$/,
  },
  {
    name: 'a quota',
    async arrange(cluster) {
      await cluster.api
        .of(resourceQuota)
        .create({ metadata: { name: 'team', namespace: 'default' }, spec: { hard: { pods: '1' } } } as never);
      return addSet(cluster, deployment, {}, { replicas: 3 });
    },
    headline: /2 of 3 pods of Deployment default\/web cannot be made: .*exceeded quota: team/,
    fix: /^raise quota team to pods=3$/,
    commands: /^kubectl patch resourcequota team -n default/,
  },
  {
    name: 'preempted',
    nodes: 2,
    async arrange(cluster) {
      await cluster.api.of(priorityClass).create({ metadata: { name: 'high' }, value: 1000 } as never);
      await addSet(cluster, deployment, { containers: [container('24')] }, { replicas: 2 });
      await add(cluster, 'high', { containers: [container('24')], priorityClassName: 'high' });
      await cluster.advance('1m');
      return 'deployments/web';
    },
    headline:
      /1 of 2 pods of Deployment default\/web waits for a node\. .*Insufficient cpu\. Before, pod web-\S+ gave way: Preempted by pod default\/high on node node-\d\.$/,
    fix: /^ask for 8 cpu in container c, which is what node node-\d has left, instead of 24 cpu$/,
    commands: /^kubectl patch deployment web/,
  },
  {
    name: 'the node of an image is missing',
    nodes: 2,
    async arrange(cluster) {
      await editNode(cluster, 'node-2', {}, { 'example.com/image': 'cuda-12' });
      return addSet(cluster, job, { nodeSelector: { 'example.com/image': 'cuda-21' }, restartPolicy: 'Never' });
    },
    headline: /didn't match Pod's node affinity\/selector/,
    fix: /did you mean "cuda-12" instead of "cuda-21"\?/,
    commands: /^kubectl get job web -n default -o json \| kubectl patch --local/,
  },
  {
    name: 'a node that is bound to and is not there',
    nodes: 2,
    async arrange(cluster) {
      await cluster.api.of(pod).create(draft('asked', { nodeName: 'nod-2' }) as never);
      await cluster.advance('3s');
      return 'pods/asked';
    },
    headline: /is bound to node nod-2, which does not exist/,
    fix: /^name node node-2 \(did you mean/,
    commands: /kubectl replace --force -f -$/,
  },
  {
    name: 'a cordoned node',
    nodes: 2,
    async arrange(cluster) {
      await zones(cluster, 'a', 'b');
      await editNode(cluster, 'node-2', { unschedulable: true });
      return addSet(cluster, statefulSet, selectZone('b'), { serviceName: 'web' });
    },
    headline: /1 of 2 nodes: unschedulable|1 of 2 nodes: didn't match Pod's node affinity/,
    fix: /^uncordon node node-2$/,
    commands: /^kubectl uncordon node-2$/,
  },
  {
    name: 'promised a node, waiting for its victims',
    async arrange(cluster) {
      await cluster.api.of(priorityClass).create({ metadata: { name: 'high' }, value: 1000 } as never);
      await add(cluster, 'victim', { containers: [container('24')], terminationGracePeriodSeconds: 60 });
      cluster.loseNode('node-1');
      await cluster.api
        .of(pod)
        .create(draft('asked', { containers: [container('24')], priorityClassName: 'high' }) as never);
      await cluster.advance('2s');
      return 'pods/asked';
    },
    headline: /was promised node node-1 and waits for those to end that make room for it: default\/victim/,
    fix: /^wait until pod default\/victim has ended/,
    commands: /^$/,
    meanwhile: (cluster) => cluster.recoverNode('node-1'),
  },
  {
    name: 'a service account that is missing',
    async arrange(cluster) {
      return addSet(cluster, deployment, { serviceAccountName: 'robot' });
    },
    headline: /cannot be made: .*error looking up service account default\/robot/,
    fix: /^create the service account robot/,
    commands: /^printf %s '\{.*"robot".*\}' \| kubectl create -f -$/,
  },
  {
    name: 'a slip in the template of a stateful set',
    async arrange(cluster) {
      await editNode(cluster, 'node-1', {}, { disk: 'ssd' });
      return addSet(cluster, statefulSet, { nodeSelector: { dsik: 'ssd' } }, { serviceName: 'web' });
    },
    headline: /didn't match Pod's node affinity/,
    fix: /did you mean "disk" instead of "dsik"\?/,
    commands: /^kubectl patch statefulset web .*\nkubectl delete pod web-0 -n default$/s,
  },
];

const placement = async (cluster: TestCluster, path: string): Promise<Explanation> =>
  (await cluster.read(`/apis/navarch.dev/v1/namespaces/default/${path}/placement`)) as Explanation;

async function podsAsked(cluster: TestCluster, path: string): Promise<readonly Pod[]> {
  const [plural, name] = path.split('/');
  const { items } = await cluster.api.of(pod).list({ namespace: 'default' });
  return items.filter(({ metadata }) =>
    plural === 'pods' ? metadata.name === name : metadata.name.startsWith(`${name}-`),
  );
}

for (const { name, nodes = 1, arrange, headline, detail, fix, commands, meanwhile } of situations)
  test(`placement of a pod tells the smallest fix, which helps: ${name}`, async () => {
    await using cluster = await startCluster({ nodes });
    await cluster.settled();
    await cluster.api.of(serviceAccount).get('default/default');
    const path = await arrange(cluster);
    const answer = await placement(cluster, path);
    const [first] = answer.fixes;
    // Where nothing but a gate or the making of the pod stands in the way, nodes may well fit.
    assert.ok(answer.state === 'Gated' || answer.state === 'Refused' || answer.nodes.every(({ fits }) => !fits));
    assert.match(answer.headline, headline);
    if (detail) assert.match(explanationText(answer), detail);
    assert.match(first?.summary ?? '(none)', fix);
    assert.match(first?.commands.join('\n') ?? '(none)', commands);
    const isWaiting = ({ spec }: Pod): boolean => !spec.nodeName || spec.nodeName === 'nod-2';
    assert.ok(answer.state === 'Refused' || (await podsAsked(cluster, path)).some(isWaiting));
    await applyFix(first ?? { changes: [] }, cluster);
    meanwhile?.(cluster);
    await cluster.settled();
    await cluster.advance('10m');
    const pods = await podsAsked(cluster, path);
    assert.ok(pods.length > 0);
    for (const { metadata, spec } of pods)
      assert.match(
        spec.nodeName ?? '(none)',
        /^node-\d$/,
        `${metadata.name}: ${JSON.stringify((await placement(cluster, `pods/${metadata.name}`)).headline)}`,
      );
  });
