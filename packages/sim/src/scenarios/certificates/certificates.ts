import assert from 'node:assert/strict';
import {
  certificateSigningRequest,
  type CertificateSigningRequest,
  node,
  podCertificateRequest,
  SIGNERS,
} from '@navarch/api';
import {
  approvalController,
  podRequestCleaningController,
  requestCleaningController,
  servingApprovalController,
  signingController,
} from '@navarch/controllers';
import type { User } from '@navarch/apiserver';
import { issued, jsonAuthority, STUB_REQUEST, wrapped } from '../../testing/json-certificates.ts';
import { named } from '../drafts.ts';
import { defineProperty, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

const NODE = { commonName: 'system:node:a', organizations: ['system:nodes'] };
const CLIENT = { signerName: SIGNERS.kubeletClient, usages: ['digital signature', 'client auth'] } as const;
const SERVING = { signerName: SIGNERS.kubeletServing, usages: ['digital signature', 'server auth'] } as const;
const HOUR_MS = 3_600_000;

const nodeUser = (name: string): User => ({
  name: `system:node:${name}`,
  groups: ['system:nodes', 'system:authenticated'],
});

const ask = (world: World, name: string, names: object, spec: object, user?: User): Promise<unknown> =>
  world.create(
    certificateSigningRequest,
    {
      metadata: { name },
      spec: { request: wrapped(names), ...spec } as CertificateSigningRequest['spec'],
    },
    user,
  );
const requestOf = (view: View, name: string): CertificateSigningRequest | undefined =>
  view.get(certificateSigningRequest, name);
const conditionsOf = (view: View, name: string): readonly string[] =>
  (requestOf(view, name)?.status.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`);
const isIssued = (view: View, name: string): boolean => requestOf(view, name)?.status.certificate !== undefined;

/** A certificate cannot be called back. */
const onlyApproved: Property = defineProperty({
  name: 'no certificate without approval, and none is replaced',
  of: [certificateSigningRequest],
  begin() {
    const before = new Map<string, string>();
    return (view) => {
      for (const { metadata, status } of view.list(certificateSigningRequest)) {
        if (status.certificate === undefined) continue;
        if (!status.conditions?.some(({ type }) => type === 'Approved')) return `${metadata.name} has one`;
        if ((before.get(metadata.uid) ?? status.certificate) !== status.certificate)
          return `${metadata.name} got another`;
        before.set(metadata.uid, status.certificate);
      }
      return undefined;
    };
  },
});

const about = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({
    controllers: () => [
      approvalController({ authority: jsonAuthority, review: async ({ username }) => username !== 'system:node:b' }),
      servingApprovalController({ authority: jsonAuthority }),
      signingController({
        authorities: {
          [SIGNERS.client]: jsonAuthority,
          [SIGNERS.kubeletClient]: jsonAuthority,
          [SIGNERS.kubeletServing]: jsonAuthority,
        },
      }),
      requestCleaningController,
    ],
    pods: 'none',
    always: [onlyApproved],
    ...scenario,
  });

const decide = (world: World, name: string, type: 'Approved' | 'Denied'): Promise<unknown> =>
  world.change(
    certificateSigningRequest,
    name,
    (request) => ({
      ...request,
      status: { conditions: [{ type, status: 'True', reason: 'ByHand', message: '' }] },
    }),
    'approval',
  );

const signing: readonly Scenario[] = [
  about({
    name: 'certificates/kubelet-client',
    says: 'The request of a kubelet that the review lets in is approved and signed, once.',
    async act(world) {
      await ask(world, 'r', NODE, CLIENT, nodeUser('a'));
      await ask(world, 'other', NODE, CLIENT, nodeUser('b'));
    },
    end(view) {
      assert.deepEqual(conditionsOf(view, 'r'), ['Approved AutoApproved']);
      assert.equal(issued(requestOf(view, 'r')?.status ?? {}).minutes, 365 * 24 * 60);
      assert.deepEqual([conditionsOf(view, 'other'), isIssued(view, 'other')], [[], false]);
    },
  }),
  about({
    name: 'certificates/by-hand',
    says: 'What no rule approves waits for a person; approved it is signed, denied it never is.',
    async act(world) {
      for (const name of ['yes', 'no', 'waits']) await ask(world, name, NODE, CLIENT, nodeUser('b'));
      await world.pass('30s');
      assert.deepEqual(conditionsOf(world.view, 'yes'), []);
      await decide(world, 'yes', 'Approved');
      await decide(world, 'no', 'Denied');
    },
    end: (view) =>
      assert.deepEqual(
        ['yes', 'no', 'waits'].map((name) => [conditionsOf(view, name), isIssued(view, name)]),
        [
          [['Approved ByHand'], true],
          [['Denied ByHand'], false],
          [[], false],
        ],
      ),
  }),
  about({
    name: 'certificates/invalid',
    says: 'A request that its signer may not sign fails for good, and says why.',
    async act(world) {
      await ask(world, 'r', { ...NODE, dnsNames: ['a'] }, CLIENT, nodeUser('b'));
      await decide(world, 'r', 'Approved');
    },
    end(view) {
      assert.deepEqual(conditionsOf(view, 'r'), ['Approved ByHand', 'Failed SignerValidationFailure']);
      assert.equal(requestOf(view, 'r')?.status.conditions?.[1]?.message, 'DNS subjectAltNames are not allowed');
    },
  }),
  about({
    name: 'certificates/expiration',
    says: 'A certificate is good for as long as was asked, at least ten minutes, at most a year.',
    async act(world) {
      for (const [name, expirationSeconds] of [
        ['short', 600],
        ['hour', 3600],
        ['long', 10 ** 9],
      ] as const)
        await ask(world, name, NODE, { ...CLIENT, expirationSeconds }, nodeUser('a'));
    },
    end(view) {
      const minutes = ['short', 'hour', 'long'].map((name) => issued(requestOf(view, name)?.status ?? {}).minutes);
      assert.deepEqual(minutes, [15, 65, 365 * 24 * 60]);
    },
  }),
  about({
    name: 'certificates/kubelet-serving',
    says: 'A node gets a serving certificate for its own names and addresses when it has registered, and for no others.',
    async act(world) {
      await ask(world, 'early', { ...NODE, ipAddresses: ['10.0.0.1'] }, SERVING, nodeUser('a'));
      await ask(world, 'foreign', { ...NODE, ipAddresses: ['10.0.0.2'] }, SERVING, nodeUser('a'));
      await ask(world, 'posing', { ...NODE, ipAddresses: ['10.0.0.1'] }, SERVING, nodeUser('b'));
      await world.pass('10s');
      assert.ok(!isIssued(world.view, 'early'), 'the node is not known');
      for (const [name, address] of [
        ['a', '10.0.0.1'],
        ['b', '10.0.0.2'],
      ] as const)
        await world.create(node, { metadata: { name }, status: { addresses: [{ type: 'InternalIP', address }] } });
    },
    end: (view) =>
      assert.deepEqual(
        ['early', 'foreign', 'posing'].map((name) => isIssued(view, name)),
        [true, false, false],
      ),
  }),
];

const cleaning: readonly Scenario[] = [
  about({
    name: 'certificates/cleaned',
    says: 'Requests that are decided go after an hour, those that wait after a day, and not before.',
    spares: ['clock jumps'],
    async act(world) {
      await ask(world, 'signed', NODE, CLIENT, nodeUser('a'));
      for (const name of ['denied', 'waits']) await ask(world, name, NODE, CLIENT, nodeUser('b'));
      await decide(world, 'denied', 'Denied');
      await world.until('it is signed', (view) => isIssued(view, 'signed'));
      await world.pass('50m');
      assert.equal(world.view.list(certificateSigningRequest).length, 3, 'too early');
      await world.pass('12m');
      assert.deepEqual(
        world.view.list(certificateSigningRequest).map(({ metadata }) => metadata.name),
        ['waits'],
      );
      await world.pass(22 * HOUR_MS);
      assert.equal(world.view.list(certificateSigningRequest).length, 1, 'too early');
      await world.pass(2 * HOUR_MS);
    },
    end: (view) => assert.deepEqual(view.list(certificateSigningRequest), []),
  }),
  about({
    name: 'certificates/pod-request-cleaned',
    says: 'A request for the certificate of a pod goes after a quarter of an hour, whatever came of it.',
    controllers: () => [podRequestCleaningController],
    spares: ['clock jumps'],
    always: [],
    async act(world) {
      await world.create(podCertificateRequest, {
        metadata: named('r'),
        spec: {
          signerName: 'example.com/s',
          podName: 'p',
          podUID: 'u',
          serviceAccountName: 's',
          serviceAccountUID: 'u',
          nodeName: 'n',
          nodeUID: 'u',
          stubPKCS10Request: STUB_REQUEST,
        },
      });
      await world.pass('14m');
      assert.equal(world.view.list(podCertificateRequest).length, 1, 'too early');
      await world.pass('2m');
    },
    end: (view) => assert.deepEqual(view.list(podCertificateRequest), []),
  }),
];

export const certificateScenarios: readonly Scenario[] = [...signing, ...cleaning];
