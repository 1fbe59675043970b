import assert from 'node:assert/strict';
import { certificateSigningRequest, type CertificateSigningRequest } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { newKey, requestFor } from '../../certificates.ts';
import { conformanceTest } from '../../conformance-test.ts';
import { getJson } from '../../requests.ts';
import { watching } from '../../watches.ts';

const EVENT_MS = 60_000;
type Json = Readonly<Record<string, any>>;
type Condition = NonNullable<CertificateSigningRequest['status']['conditions']>[number];

const condition = (type: string, reason: string): Condition => ({
  type,
  status: 'True',
  reason,
  message: `Set from an e2e test`,
});

const withCondition = (csr: CertificateSigningRequest, added: Condition): CertificateSigningRequest => ({
  ...csr,
  status: { ...csr.status, conditions: [...(csr.status.conditions ?? []), added] },
});

export const certificateRequestTests = [
  conformanceTest('[sig-auth] Certificates API should support CSR API operations', async (context) => {
    const csrs = context.api.of(certificateSigningRequest);
    const signerName = `example.com/e2e-${context.unique}`;
    const request = Buffer.from(requestFor(newKey(), `e2e.example.com`)).toString('base64');
    const make = (): Promise<CertificateSigningRequest> =>
      csrs.create({
        metadata: { generateName: 'e2e-example-csr-' } as never,
        spec: {
          signerName,
          request,
          expirationSeconds: 3600,
          usages: ['digital signature', 'key encipherment', 'server auth'],
        },
      });
    const ofSigner = { fieldSelector: `spec.signerName=${signerName}` };
    context.cleanup(() => csrs.deleteCollection(ofSigner));

    const { groups } = await getJson<Json>(context, '/apis');
    assert.ok(
      groups.some(
        ({ name, versions }: Json) =>
          name === 'certificates.k8s.io' && versions.some(({ version }: Json) => version === 'v1'),
      ),
    );
    const group = await getJson<Json>(context, '/apis/certificates.k8s.io');
    assert.ok(group['versions'].some(({ version }: Json) => version === 'v1'));
    const { resources } = await getJson<Json>(context, '/apis/certificates.k8s.io/v1');
    for (const part of ['', '/approval', '/status'])
      assert.ok(
        resources.some(({ name }: Json) => name === `certificatesigningrequests${part}`),
        part,
      );

    await make();
    await make();
    const made = await make();
    const key = made.metadata.name;
    assert.equal((await csrs.get(key)).metadata.uid, made.metadata.uid);
    assert.equal((await csrs.get(key)).spec.expirationSeconds, 3600);
    const { items, resourceVersion } = await csrs.list(ofSigner);
    assert.equal(items.length, 3);

    const watch = watching(context, certificateSigningRequest, { ...ofSigner, after: resourceVersion });
    const annotated = await csrs.patch(key, {
      type: 'merge',
      body: { metadata: { annotations: { patched: 'true' } } },
    });
    assert.equal(annotated.metadata.annotations?.['patched'], 'true');
    const updated = await csrs.update(key, (csr) => ({
      ...csr,
      metadata: { ...csr.metadata, annotations: { ...csr.metadata.annotations, updated: 'true' } },
    }));
    assert.equal(updated.metadata.annotations?.['updated'], 'true');
    await watch.next('the request with its annotations', EVENT_MS, ({ type, object }) => {
      const { patched, updated: isUpdated } = object.metadata.annotations ?? {};
      return type === 'MODIFIED' && object.metadata.name === key && patched === 'true' && isUpdated === 'true';
    });

    // /approval: get, patch, update.
    assert.equal(
      (
        await getJson<CertificateSigningRequest>(
          context,
          `/apis/certificates.k8s.io/v1/certificatesigningrequests/${key}/approval`,
        )
      ).metadata.uid,
      made.metadata.uid,
    );
    const byPatch = {
      metadata: { annotations: { patchedapproval: 'true' } },
      status: { conditions: [condition('ApprovalPatch', 'e2e')] },
    };
    const approvalPatched = await csrs.patch(key, { type: 'merge', body: byPatch }, { subresource: 'approval' });
    assert.equal(approvalPatched.metadata.annotations?.['patchedapproval'], 'true');
    assert.deepEqual(
      approvalPatched.status.conditions?.map(({ type }) => type),
      ['ApprovalPatch'],
    );
    const approved = await csrs.update(key, (csr) => withCondition(csr, condition('Approved', 'E2E')), {
      subresource: 'approval',
    });
    assert.deepEqual(
      approved.status.conditions?.map(({ type }) => type),
      ['ApprovalPatch', 'Approved'],
    );

    // /status: get, patch, update.
    assert.equal(
      (
        await getJson<CertificateSigningRequest>(
          context,
          `/apis/certificates.k8s.io/v1/certificatesigningrequests/${key}/status`,
        )
      ).metadata.uid,
      made.metadata.uid,
    );
    const certificate = Buffer.from(requestFor(newKey()).replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')).toString(
      'base64',
    );
    const statusPatched = await csrs.patch(
      key,
      { type: 'merge', body: { metadata: { annotations: { patchedstatus: 'true' } }, status: { certificate } } },
      { subresource: 'status' },
    );
    assert.equal(statusPatched.metadata.annotations?.['patchedstatus'], 'true');
    assert.equal(statusPatched.status.certificate, certificate);
    const statusUpdated = await csrs.update(key, (csr) => withCondition(csr, condition('StatusUpdate', 'E2E')), {
      subresource: 'status',
    });
    assert.deepEqual(
      statusUpdated.status.conditions?.map(({ type }) => type),
      ['ApprovalPatch', 'Approved', 'StatusUpdate'],
    );

    await csrs.delete(key);
    await assert.rejects(csrs.get(key), (error) => hasReason(error, 'NotFound'));
    assert.equal((await csrs.list(ofSigner)).items.length, 2);
    await csrs.deleteCollection(ofSigner);
    assert.equal((await csrs.list(ofSigner)).items.length, 0);
  }),
];
