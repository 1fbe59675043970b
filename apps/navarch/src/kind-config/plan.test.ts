import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../user-error.ts';
import type { ClusterPlan, NodePlan, Planned } from './cluster-plan.ts';
import { planOf } from './plan.ts';

// Files as users of kind have them: the examples of its documentation, and what people make of those.

const planned = (name: string): Planned =>
  planOf(name, readFileSync(join(import.meta.dirname, 'testdata', name), 'utf8'), '/home/me');

const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';
const control: NodePlan = {
  role: 'control-plane',
  suffix: 'control-plane',
  labels: { [CONTROL_PLANE]: '' },
  taints: [],
  mounts: [],
  ports: [],
  agentFlags: [],
  kubelet: {},
};
const worker: NodePlan = { ...control, role: 'worker', suffix: 'worker', labels: {} };
const tainted: NodePlan = { ...control, taints: [{ key: CONTROL_PLANE, effect: 'NoSchedule' }] };
const usual: ClusterPlan = {
  nodes: [control],
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
  apiServer: { address: '127.0.0.1' },
  serverFlags: [],
  hasPodNetwork: true,
  hasServiceProxy: true,
  containerd: { merges: [], json6902: [] },
};
const ofNodes = (...nodes: readonly NodePlan[]): Planned => ({
  name: undefined,
  remarks: [],
  plan: { ...usual, nodes },
});

const files: readonly (readonly [name: string, wanted: Planned])[] = [
  ['multi-node.yaml', ofNodes(tainted, worker, { ...worker, suffix: 'worker2' })],
  [
    'ingress.yaml',
    ofNodes({
      ...control,
      labels: { [CONTROL_PLANE]: '', 'ingress-ready': 'true' },
      ports: [80, 443].map((port) => ({
        containerPort: port,
        hostPort: port,
        listenAddress: '0.0.0.0',
        protocol: 'TCP',
      })),
    }),
  ],
  [
    'local-registry.yaml',
    {
      ...ofNodes(control),
      plan: {
        ...usual,
        containerd: {
          merges: ['[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"'],
          json6902: [],
        },
      },
    },
  ],
  [
    'feature-gates.yaml',
    {
      ...ofNodes(control),
      plan: {
        ...usual,
        serverFlags: [
          '--feature-gates',
          'MutatingAdmissionPolicy=true',
          '--runtime-config',
          'api/alpha=false,admissionregistration.k8s.io/v1beta1=true',
        ],
      },
    },
  ],
  [
    'mounts-and-labels.yaml',
    {
      name: 'app-1-cluster',
      remarks: ['nodes[].image: nodes are this very program, whose version of Kubernetes is its own'],
      plan: {
        ...usual,
        nodes: [
          {
            ...tainted,
            labels: { [CONTROL_PLANE]: '', tier: 'frontend' },
            mounts: [{ hostPath: '/home/me/files', containerPath: '/files', readOnly: true }],
            ports: [{ containerPort: 30950, hostPort: 0, listenAddress: '127.0.0.1', protocol: 'UDP' }],
          },
          { ...worker, labels: { tier: 'backend' } },
        ],
      },
    },
  ],
  [
    'kubeadm-patches.yaml',
    {
      name: undefined,
      remarks: ['ClusterConfiguration.controllerManager.extraArgs.bind-address is not heeded'],
      plan: {
        ...usual,
        serverFlags: ['--enable-admission-plugins', 'NodeRestriction,AlwaysPullImages', '--tls-san', 'my-hostname'],
        nodes: [
          {
            ...tainted,
            kubelet: { evictionHard: { 'nodefs.available': '0%' }, serializeImagePulls: false },
            agentFlags: ['--nodeport-addresses', 'primary,127.0.0.0/8'],
          },
          {
            ...worker,
            kubelet: { evictionHard: { 'nodefs.available': '0%' }, serializeImagePulls: false },
            labels: { gpu: 'none', zone: 'a' },
            taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }],
            agentFlags: ['--max-pods', '20', '--nodeport-addresses', 'primary,127.0.0.0/8'],
          },
        ],
      },
    },
  ],
  [
    'auditing.yaml',
    {
      ...ofNodes(control),
      plan: {
        ...usual,
        serverFlags: [
          '--audit-log-path',
          '/var/log/kubernetes/kube-apiserver-audit.log',
          '--audit-policy-file',
          '/home/me/audit-policy.yaml',
        ],
        nodes: [
          {
            ...control,
            mounts: [
              {
                hostPath: '/home/me/audit-policy.yaml',
                containerPath: '/etc/kubernetes/policies/audit-policy.yaml',
                readOnly: true,
              },
            ],
          },
        ],
      },
    },
  ],
  [
    'own-network-plugin.yaml',
    {
      ...ofNodes(control),
      plan: {
        ...usual,
        clusterCidr: '192.168.0.0/16',
        apiServer: { address: '127.0.0.1', port: 6450 },
        hasPodNetwork: false,
        hasServiceProxy: false,
        searches: ['xyz.dom'],
      },
    },
  ],
  [
    'dual-stack.yaml',
    {
      ...ofNodes(control),
      plan: {
        ...usual,
        nodes: [tainted, worker],
        clusterCidr: '10.244.0.0/16,fd00:10:244::/56',
        serviceCidr: '10.96.0.0/16,fd00:10:96::/112',
      },
    },
  ],
  [
    'single-stack-ipv6.yaml',
    {
      ...ofNodes(control),
      plan: { ...usual, clusterCidr: 'fd00:10:244::/56', serviceCidr: 'fd00:51::/112' },
    },
  ],
];

for (const [name, wanted] of files) test(`planOf() reads ${name}`, () => assert.deepEqual(planned(name), wanted));

const HEAD = 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n';

const refusals: readonly (readonly [content: string, sentence: RegExp])[] = [
  ['kind: Pod\napiVersion: v1\n', /^f describes no cluster: it holds Pod of v1, not Cluster of kind\.x-k8s\.io/],
  ['', /^f describes no cluster: it holds no kind of no apiVersion/],
  ['a: [', /^f is no YAML: /],
  [`${HEAD}name: a\nname: b\n`, /line 4 says "name" a second time$/],
  [
    `${HEAD}nodes:\n- rolle: worker\n`,
    /^f cannot be used: nodes\[0\]\.rolle is no field; those that are: role, image,/,
  ],
  [`${HEAD}networking:\n  podsubnet: 10.0.0.0/8\n`, /networking\.podsubnet is no field; podSubnet is$/],
  [`${HEAD}nodes:\n- role: master\n`, /nodes\[0\]\.role takes control-plane or worker, not "master"$/],
  [`${HEAD}nodes: 3\n`, /nodes takes a list, not 3$/],
  [`${HEAD}featureGates:\n  A: "yes"\n`, /featureGates\.A takes true or false, not "yes"$/],
  [`${HEAD}featureGates:\n  Nonsense: true\n`, /Nonsense/],
  [`${HEAD}nodes:\n- role: worker\n`, /nodes has no node of the role control-plane$/],
  [
    `${HEAD}nodes:\n- extraPortMappings:\n  - hostPort: 70000\n    containerPort: 80\n`,
    /nodes\[0\]\.extraPortMappings\[0\]\.hostPort takes a number from -1 to 65535, not 70000$/,
  ],
  [
    `${HEAD}nodes:\n- extraPortMappings:\n  - hostPort: 80\n`,
    /nodes\[0\]\.extraPortMappings\[0\]\.containerPort says no port$/,
  ],
  [
    `${HEAD}nodes:\n- extraPortMappings:\n  - {hostPort: 80, containerPort: 1}\n- role: worker\n  extraPortMappings:\n  - {hostPort: 80, containerPort: 2}\n`,
    /extraPortMappings map the port 80\/TCP of 0\.0\.0\.0 twice$/,
  ],
  [
    `${HEAD}nodes:\n- extraMounts:\n  - hostPath: a\n    containerPath: b\n`,
    /nodes\[0\]\.extraMounts\[0\]\.containerPath takes an absolute path, not "b"$/,
  ],
  [
    `${HEAD}networking:\n  podSubnet: 10.96.0.0/12\n`,
    /networking\.podSubnet 10\.96\.0\.0\/12 overlaps networking\.serviceSubnet 10\.96\.0\.0\/16$/,
  ],
  [`${HEAD}networking:\n  podSubnet: 10.95.128.0/17\n`, /overlaps the network of the nodes 10\.95\.0\.0\/16$/],
  [
    `${HEAD}networking:\n  podSubnet: fd00::/56\n`,
    /networking\.podSubnet takes a range of IPv4, where ipFamily is ipv4/,
  ],
  [`${HEAD}networking:\n  podSubnet: 10.0.0.0/33\n`, /networking\.podSubnet takes .*, not "10\.0\.0\.0\/33/],
  [
    `${HEAD}networking:\n  podSubnet: 10.1.0.0/23\nnodes:\n- role: control-plane\n- role: worker\n- role: worker\n`,
    /networking\.podSubnet 10\.1\.0\.0\/23 has room for 2 nodes, of 3: each has a block of \/24$/,
  ],
  [
    `${HEAD}kubeadmConfigPatches:\n- 'kind: Nonsense'\n`,
    /kubeadmConfigPatches\[0\] is of kind Nonsense; those that can be patched: ClusterConf/,
  ],
  [
    `${HEAD}kubeadmConfigPatchesJSON6902:\n- kind: ClusterConfiguration\n  patch: '[{"op":"remove","path":"/nowhere"}]'\n`,
    /kubeadmConfigPatchesJSON6902\[0\] does not apply: /,
  ],
  [
    `${HEAD}nodes:\n- kubeadmConfigPatches:\n  - |\n    kind: InitConfiguration\n    nodeRegistration:\n      taints:\n      - key: a\n        effect: Never\n`,
    /InitConfiguration\.nodeRegistration\.taints\[0\] takes taints such as/,
  ],
];

for (const [content, sentence] of refusals)
  test(`planOf() refuses ${JSON.stringify(content.replace(HEAD, '')).slice(0, 70)}`, () =>
    assert.throws(
      () => planOf('f', content, '/home/me'),
      (error) => error instanceof UserError && sentence.test(error.message) && !error.message.includes('\n'),
    ));

test('planOf() refuses several control planes, which need a store that servers share', () =>
  assert.throws(
    () => planned('highly-available.yaml'),
    /highly-available\.yaml cannot be used: nodes has 3 nodes of the role control-plane \(nodes\[0\], nodes\[1\], nodes\[2\]\), and several servers cannot share one store yet/,
  ));

test('planOf() tells every wrong path at once', () =>
  assert.throws(
    () => planOf('f', `${HEAD}nodes:\n- rolle: a\n  image: 3\n`, '/'),
    /nodes\[0\]\.rolle is no field[^;]*;[^;]*; nodes\[0\]\.image takes a text, not 3$/,
  ));

test('planOf() makes a plan or says a sentence, whatever is in the file', () => {
  const names = (
    'nodes role networking podSubnet ipFamily kubeadmConfigPatches featureGates labels patch extraMounts ' +
    'extraPortMappings containerPath hostPath kubeadmConfigPatchesJSON6902 kind'
  ).split(' ');
  const word = fc.oneof(
    fc.constantFrom(
      'control-plane',
      'worker',
      'dual',
      '10.1.0.0/16',
      'kind: JoinConfiguration',
      '[{"op":"test"}]',
      '- - a',
    ),
    fc.string(),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      word,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), tie('value'), { maxKeys: 5 }),
    ),
  }));
  const file = fc.dictionary(fc.constantFrom(...names.filter((name) => name !== 'kind')), value, { maxKeys: 5 });
  fc.assert(
    fc.property(file, (fields) => {
      const content = JSON.stringify({ kind: 'Cluster', apiVersion: 'kind.x-k8s.io/v1alpha4', ...fields });
      try {
        return planOf('f', content, '/home/me').plan.nodes[0]?.role === 'control-plane';
      } catch (error) {
        return error instanceof UserError && !error.message.includes('\n');
      }
    }),
    { numRuns: 2000 },
  );
});
