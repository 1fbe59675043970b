import { podCertificateRequest, type PodCertificateRequest } from '@navarch/api';
import { formatTime, hasReason } from '@navarch/machinery';
import { x509 } from '@navarch/node/pki';
import { authority, issue, type Signer } from './certificates.ts';
import type { TestContext } from './conformance-test.ts';
import { watching } from './watches.ts';

const DAY_SECONDS = 86_400;
const PATH_ANNOTATION = 'spiffe/path-overriding';

/** Answers the requests for one signer until the test is over; gives the certificate that its leaves descend from. */
export async function runPodSigner(context: TestContext, signerName: string): Promise<string> {
  const root = authority('root', context.clock.now());
  const intermediate = authority('intermediate', context.clock.now(), root);
  const { items, resourceVersion } = await context.api
    .of(podCertificateRequest)
    .list({ fieldSelector: `spec.signerName=${signerName}` });
  const watch = watching(context, podCertificateRequest, {
    fieldSelector: `spec.signerName=${signerName}`,
    after: resourceVersion,
  });
  const stop = new AbortController();
  context.cleanup(async () => stop.abort(new Error('the test is over')));
  const serve = async (): Promise<void> => {
    const signal = AbortSignal.any([stop.signal, context.signal]);
    for (const request of items) await sign(context, request, intermediate);
    for (let at = 0; ;) {
      const change = watch.changes[at];
      if (change) at += 1;
      if (change?.type === 'ADDED') await sign(context, change.object, intermediate);
      if (!change) await context.clock.sleep(100, signal);
    }
  };
  serve().catch((error: unknown) => {
    if (!stop.signal.aborted) context.log(`signer: ${String(error)}`);
  });
  return root.certificate;
}

/** Names the pod by its account (SPIFFE), or as its annotation wishes, for a day at most. */
async function sign(
  context: TestContext,
  { metadata, spec, status }: PodCertificateRequest,
  signer: Signer,
): Promise<void> {
  if (status.certificateChain) return;
  const path =
    spec.unverifiedUserAnnotations?.[PATH_ANNOTATION] ?? `/ns/${metadata.namespace}/sa/${spec.serviceAccountName}`;
  const notBefore = Math.floor(context.clock.now() / 1000) * 1000 - 120_000;
  const notAfter = notBefore + Math.min(DAY_SECONDS, spec.maxExpirationSeconds ?? DAY_SECONDS) * 1000;
  const request = x509.pem('CERTIFICATE REQUEST', Buffer.from(spec.stubPKCS10Request, 'base64'));
  const leaf = issue(
    {
      publicKey: x509.readRequest(request).publicKey,
      notBefore,
      notAfter,
      uris: [`spiffe://cluster.local${path}`],
      dnsNames: [`server.${metadata.namespace}.svc`],
    },
    signer,
  );
  const issued = {
    type: 'Issued',
    status: 'True' as const,
    reason: 'Reason',
    message: 'Issued',
    lastTransitionTime: formatTime(context.clock.now()),
  };
  try {
    await context.api.of(podCertificateRequest).update(
      `${metadata.namespace}/${metadata.name}`,
      (current) => ({
        ...current,
        status: {
          conditions: [issued],
          certificateChain: leaf + signer.certificate,
          notBefore: formatTime(notBefore),
          notAfter: formatTime(notAfter),
          beginRefreshAt: formatTime(notAfter - 30 * 60_000),
        },
      }),
      { subresource: 'status' },
    );
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
