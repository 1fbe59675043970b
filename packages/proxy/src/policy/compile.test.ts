import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkPolicy, Pod } from '@navarch/api';
import { rangesOf } from './blocks.ts';
import { FAMILIES } from '../families.ts';
import { compilePolicy } from './compile.ts';
import { podFacts } from './pod-facts.ts';

const policyOf = (spec: object, name = 'p'): NetworkPolicy =>
  ({ metadata: { namespace: 'n', name }, spec: { podSelector: {}, ...spec } }) as NetworkPolicy;
const rulesOf = (spec: object, direction: 'ingress' | 'egress' = 'ingress'): readonly string[] | undefined =>
  compilePolicy(policyOf(spec), FAMILIES).sides[direction]?.rules;

test('compilePolicy() isolates in the directions that the policy names, or that it has rules of', () => {
  const sides = (spec: object): readonly string[] => Object.keys(compilePolicy(policyOf(spec), FAMILIES).sides);
  assert.deepEqual(sides({}), ['ingress']);
  assert.deepEqual(sides({ egress: [] }), ['ingress']);
  assert.deepEqual(sides({ egress: [{}] }), ['ingress', 'egress']);
  assert.deepEqual(sides({ egress: [{}], policyTypes: ['Egress'] }), ['egress']);
  assert.deepEqual(sides({ policyTypes: ['Egress', 'Ingress'] }), ['ingress', 'egress']);
});

test('compilePolicy() allows nothing without rules, and everything by an empty one', () => {
  assert.deepEqual(rulesOf({}), []);
  assert.deepEqual(rulesOf({ ingress: [{}] }), ['meta nfproto ipv4 accept', 'meta nfproto ipv6 accept']);
  assert.deepEqual(rulesOf({ egress: [{ to: [] }] }, 'egress'), [
    'meta nfproto ipv4 goto arriving',
    'meta nfproto ipv6 goto arriving',
  ]);
});

test('compilePolicy() makes one condition of all numbers of a protocol, and one of each name', () => {
  const ports = [
    { port: 80 },
    { protocol: 'TCP', port: 79, endPort: 443 },
    { protocol: 'TCP', port: 444 },
    { protocol: 'TCP', port: 600 },
    { protocol: 'UDP' },
    { protocol: 'UDP', port: 53 },
    { protocol: 'SCTP', port: 'web' },
  ];
  const [first, ...others] = rulesOf({ ingress: [{ ports }] }) ?? [];
  assert.equal(first, 'meta nfproto ipv4 tcp dport { 79-444, 600 } accept');
  assert.deepEqual(others.slice(0, 2), [
    'meta nfproto ipv4 meta l4proto udp accept',
    'meta nfproto ipv4 ip daddr . sctp dport @port-sctp-web accept',
  ]);
});

test('compilePolicy() makes one condition of all blocks, of each family its own, and none where nothing is left', () => {
  const from = [
    { ipBlock: { cidr: '10.0.0.0/30', except: ['10.0.0.1/32'] } },
    { ipBlock: { cidr: '10.0.0.4/30' } },
    { ipBlock: { cidr: 'fd00::/126' } },
  ];
  assert.deepEqual(rulesOf({ ingress: [{ from }] }), [
    'ip saddr { 10.0.0.0, 10.0.0.2-10.0.0.7 } accept',
    'ip6 saddr { fd00:0:0:0:0:0:0:0-fd00:0:0:0:0:0:0:3 } accept',
  ]);
  const nothing = { cidr: '10.0.0.0/24', except: ['10.0.0.0/25', '10.0.0.128/25'] };
  assert.deepEqual(rulesOf({ ingress: [{ from: [{ ipBlock: nothing }] }] }), []);
  assert.deepEqual(rangesOf([{ cidr: '::/0' }], 'IPv4'), []);
});

test('compilePolicy() gives selectors that say the same one set, in whatever words and policy, and others another', () => {
  const setOf = (peer: object, namespace = 'n'): string | undefined =>
    compilePolicy(
      { ...policyOf({ ingress: [{ from: [peer] }] }), metadata: { namespace, name: 'x' } } as NetworkPolicy,
      FAMILIES,
    ).sides.ingress?.peers[0]?.name;
  const podSelector = { matchLabels: { a: '1', b: '2' } };
  const inWords = {
    matchExpressions: [
      { key: 'b', operator: 'In', values: ['2'] },
      { key: 'a', operator: 'In', values: ['1'] },
    ],
  };
  assert.equal(setOf({ podSelector }), setOf({ podSelector: inWords }));
  assert.notEqual(setOf({ podSelector }), setOf({ podSelector }, 'other'));
  const everywhere = { namespaceSelector: {}, podSelector };
  assert.equal(setOf(everywhere), setOf(everywhere, 'other'));
  assert.notEqual(setOf({ podSelector: {} }), setOf({ namespaceSelector: {} }));
});

test('compilePolicy() names chains after the policy, and shortens what no kernel takes without two of one name', () => {
  const chainOf = (name: string): string => compilePolicy(policyOf({}, name), FAMILIES).sides.ingress?.chain ?? '';
  assert.equal(chainOf('web.v1'), 'in/n/web.v1');
  const [one, other] = [chainOf(`${'a'.repeat(250)}b`), chainOf(`${'a'.repeat(250)}c`)];
  assert.match(one, /^in\/n\/\/[0-9a-f]{32}$/);
  assert.notEqual(one, other);
});

test('podFacts() leaves out who has no address of its own, and believes the kubelet before the API', () => {
  const podOf = (more: { spec?: object; status?: object } = {}): Pod =>
    ({
      metadata: { namespace: 'n', name: 'p', uid: 'u', creationTimestamp: 't' },
      spec: { nodeName: 'here', containers: [], ...more.spec },
      status: { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }, { ip: 'FD00::0:1' }], ...more.status },
    }) as unknown as Pod;
  assert.deepEqual(podFacts(podOf(), 'here')?.addresses, ['10.0.0.1', 'fd00::1']);
  assert.equal(podFacts(podOf(), 'elsewhere')?.isLocal, false);
  assert.equal(podFacts(podOf({ spec: { hostNetwork: true } }), 'here'), undefined);
  for (const phase of ['Succeeded', 'Failed']) assert.equal(podFacts(podOf({ status: { phase } }), 'here'), undefined);
  assert.equal(podFacts(podOf({ status: { podIPs: undefined } }), 'here'), undefined);
  const claimed = podFacts(podOf(), 'here', { pod: podOf(), addresses: ['10.0.0.7'] });
  assert.deepEqual([claimed?.addresses, claimed?.isLocal], [['10.0.0.7'], true]);
});

test('podFacts() takes of two ports of one name the first, of containers and of sidecars', () => {
  const containers = [
    { name: 'a', ports: [{ name: 'web', containerPort: 80 }, { containerPort: 90 }] },
    {
      name: 'b',
      ports: [
        { name: 'web', containerPort: 81 },
        { name: 'web', protocol: 'UDP', containerPort: 82 },
      ],
    },
  ];
  const initContainers = [
    { name: 'c', ports: [{ name: 'first', containerPort: 1 }] },
    { name: 'd', restartPolicy: 'Always', ports: [{ name: 'second', containerPort: 2 }] },
  ];
  const facts = podFacts(
    {
      metadata: { namespace: 'n', name: 'p' },
      spec: { containers, initContainers },
      status: { podIP: '10.0.0.1' },
    } as unknown as Pod,
    'here',
  );
  assert.deepEqual(facts?.ports, { 'tcp/second': 2, 'udp/web': 82, 'tcp/web': 80 });
});
