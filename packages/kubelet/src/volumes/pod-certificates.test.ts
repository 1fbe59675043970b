import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod, PodCertificateRequest } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import type { Api } from '@navarch/client';
import { notFound, StatusError } from '@navarch/machinery';
import { SimClock } from '@navarch/sim';
import { PodCertificates } from './pod-certificates.ts';

const pod = {
  metadata: { name: 'web', namespace: 'ns', uid: 'u' },
  spec: { serviceAccountName: 'sa' },
} as unknown as Pod;
const projection = {
  signerName: 'example.com/s',
  keyType: 'ED25519',
  maxExpirationSeconds: 3600,
  userAnnotations: { 'a/b': 'c' },
};
const HOUR_MS = 3_600_000;
type Status = PodCertificateRequest['status'];

/** An API server whose signer answers as it is told. */
function cluster() {
  const clock = new SimClock();
  const asked: PodCertificateRequest['spec'][] = [];
  const answers = new Map<string, Status | undefined>();
  const state: { answer?: (n: number) => Status | undefined; isDown?: boolean } = {};
  const api = {
    of: ({ kind }: { readonly kind: string }) => ({
      async get(key: string) {
        if (state.isDown) throw new Error('down');
        if (kind !== 'PodCertificateRequest')
          return { metadata: { name: key.split('/').at(-1), uid: `uid of ${key}` } };
        if (!answers.has(key)) throw notFound({ group: 'certificates.k8s.io', plural: 'podcertificaterequests' }, key);
        return { status: answers.get(key) ?? {} };
      },
      async create({ spec }: { readonly spec: PodCertificateRequest['spec'] }) {
        if (state.isDown) throw new Error('down');
        const name = `r${asked.push(spec)}`;
        answers.set(`ns/${name}`, state.answer?.(asked.length));
        return { metadata: { name } };
      },
    }),
  } as unknown as Api;
  let keys = 0;
  const certificates = new PodCertificates({
    api,
    clock,
    random: seededRandom(1),
    nodeName: 'here',
    signal: new AbortController().signal,
    keys: { make: async (type) => ({ key: `${type} ${(keys += 1)}`, request: `request ${keys}` }) },
  });
  const issue = (n: number): Status => ({
    conditions: [{ type: 'Issued', status: 'True', reason: 'R', message: '', lastTransitionTime: '' }],
    certificateChain: `noise\n-----BEGIN CERTIFICATE-----\n${n}\n-----END CERTIFICATE-----\nnoise`,
    beginRefreshAt: new Date(clock.now() + HOUR_MS).toISOString(),
  });
  return { clock, asked, answers, state, issue, certificates, get: () => certificates.get(pod, 'v 0', projection) };
}

const chain = (n: number): string => `-----BEGIN CERTIFICATE-----\n${n}\n-----END CERTIFICATE-----\n`;

test('PodCertificates asks once in the name of the pod, its account and its node', async () => {
  const { get, asked, state, issue } = cluster();
  state.answer = issue;
  assert.deepEqual(pick(await get()), { key: 'ED25519 1', certificateChain: chain(1) });
  assert.deepEqual(pick(await get()), { key: 'ED25519 1', certificateChain: chain(1) });
  assert.deepEqual(asked, [
    {
      signerName: 'example.com/s',
      podName: 'web',
      podUID: 'u',
      serviceAccountName: 'sa',
      serviceAccountUID: 'uid of ns/sa',
      nodeName: 'here',
      nodeUID: 'uid of here',
      stubPKCS10Request: 'request 1',
      maxExpirationSeconds: 3600,
      unverifiedUserAnnotations: { 'a/b': 'c' },
    },
  ]);
});

const pick = ({ key, certificateChain }: { readonly key: string; readonly certificateChain: string }): object => ({
  key,
  certificateChain,
});

test('PodCertificates waits for a slow signer by the same request', async () => {
  const { get, asked, answers, clock, issue } = cluster();
  const first = assert.rejects(get(), /^VolumeError: credential bundle is not issued yet$/);
  await clock.advance(2100);
  await first;
  answers.set('ns/r1', issue(1));
  assert.deepEqual(pick(await get()), { key: 'ED25519 1', certificateChain: chain(1) });
  assert.equal(asked.length, 1);
});

test('PodCertificates takes a refusal for good, and says why', async () => {
  const { get, asked, state } = cluster();
  state.answer = () => ({
    conditions: [{ type: 'Denied', status: 'True', reason: 'Policy', message: 'not you', lastTransitionTime: '' }],
  });
  for (let i = 0; i < 2; i += 1)
    await assert.rejects(get(), /PodCertificateRequest was permanently denied: reason="Policy" message="not you"/);
  assert.equal(asked.length, 1);
});

test('PodCertificates makes a new key when the signer says so, and serves the old one meanwhile', async () => {
  const { get, asked, state, answers, clock, issue } = cluster();
  state.answer = (n) => (n === 1 ? issue(n) : undefined);
  await get();
  await clock.advance(HOUR_MS - 1);
  await get();
  assert.equal(asked.length, 1);
  await clock.advance(5 * 60_000);
  assert.deepEqual(pick(await get()), { key: 'ED25519 1', certificateChain: chain(1) });
  state.isDown = true;
  assert.deepEqual(pick(await get()), { key: 'ED25519 1', certificateChain: chain(1) });
  state.isDown = false;
  answers.set('ns/r2', issue(2));
  assert.deepEqual(pick(await get()), { key: 'ED25519 2', certificateChain: chain(2) });
  assert.equal(asked.length, 2);
});

test('PodCertificates asks again when the request has been deleted, and forgets a pod', async () => {
  const { get, asked, state, answers, clock, issue, certificates } = cluster();
  const first = assert.rejects(get());
  await clock.advance(2100);
  await first;
  answers.delete('ns/r1');
  await assert.rejects(get(), StatusError);
  state.answer = issue;
  assert.deepEqual(pick(await get()), { key: 'ED25519 2', certificateChain: chain(2) });
  certificates.forget('u');
  await get();
  assert.equal(asked.length, 3);
});
