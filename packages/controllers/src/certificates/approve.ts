import { certificateSigningRequest, type CertificateSigningRequest, node, type Node, SIGNERS } from '@navarch/api';
import type { Api } from '@navarch/client';
import { hasReason } from '@navarch/machinery';
import { type Context, type Controller, defineController, self, type Watch } from '../controller.ts';
import { timestamp } from '../shared/time.ts';
import type { CertificateAuthority, Requester, RequestedNames, RequestReview } from './ports.ts';
import { complaint, isPending, NODE_USER, pemOf } from './rules.ts';

export interface ApprovalOptions {
  readonly authority: Pick<CertificateAuthority, 'read'>;
  readonly review: RequestReview;
}

/** A requester who may not today may be given the right tomorrow; the request waits that long anyway. */
const REVIEW_AGAIN_MS = 60_000;

/** Approves what nodes ask for as clients of the API server, where the requester may (upstream's csrapproving). */
export const approvalController = ({ authority, review }: ApprovalOptions): Controller =>
  defineController({
    name: 'certificatesigningrequest-approving-controller',
    watches: [self(certificateSigningRequest, ({ current }) => current !== undefined)],
    async reconcile(key, { api, cache, clock }) {
      const request = cache.get(certificateSigningRequest, key);
      if (!request || !isPending(request) || request.spec.signerName !== SIGNERS.kubeletClient) return undefined;
      const names = await namesIn(request, authority);
      if (!names || complaint(SIGNERS.kubeletClient, names, request.spec.usages ?? []) !== undefined) return undefined;
      const requester = requesterOf(request);
      const isOwn = requester.username === names.commonName;
      if (isOwn && (await review(requester, 'selfnodeclient'))) {
        await approve(
          api,
          key,
          'Auto approving self kubelet client certificate after SubjectAccessReview.',
          clock.now(),
        );
      } else if (await review(requester, 'nodeclient')) {
        await approve(api, key, 'Auto approving kubelet client certificate after SubjectAccessReview.', clock.now());
      } else return { requeueAfterMs: REVIEW_AGAIN_MS };
      return undefined;
    },
  });

/** A node's addresses and name are what its own server may be called: they come to be known after it has registered. */
const addresses: Watch<Node> = {
  kind: node,
  *keys({ current }, cache) {
    if (!current) return;
    for (const request of cache.list(certificateSigningRequest)) {
      if (request.spec.username === `${NODE_USER}${current.metadata.name}` && isServing(request))
        yield request.metadata.name;
    }
  },
};

const isServing = (request: CertificateSigningRequest): boolean =>
  isPending(request) && request.spec.signerName === SIGNERS.kubeletServing;

/**
 * Approves the serving certificate of a node for exactly that node: asked by itself, for its own name and addresses
 * that its Node has and no other Node claims (ADR 7). Anything else waits for a person.
 */
export const servingApprovalController = ({ authority }: Pick<ApprovalOptions, 'authority'>): Controller =>
  defineController({
    name: 'kubelet-serving-approving-controller',
    partOf: 'certificatesigningrequest-approving-controller',
    watches: [self(certificateSigningRequest, ({ current }) => current !== undefined), addresses],
    async reconcile(key, { api, cache, clock }) {
      const request = cache.get(certificateSigningRequest, key);
      if (!request || !isServing(request)) return undefined;
      const names = await namesIn(request, authority);
      if (!names || complaint(SIGNERS.kubeletServing, names, request.spec.usages ?? []) !== undefined) return undefined;
      if (!isOwnServer(request, names, cache)) return undefined;
      await approve(
        api,
        key,
        'Auto approving kubelet serving certificate: it names the node that asks and nothing else.',
        clock.now(),
      );
      return undefined;
    },
  });

function isOwnServer({ spec }: CertificateSigningRequest, names: RequestedNames, cache: Context['cache']): boolean {
  if (
    !spec.username?.startsWith(NODE_USER) ||
    !spec.groups?.includes('system:nodes') ||
    names.commonName !== spec.username
  )
    return false;
  const name = spec.username.slice(NODE_USER.length);
  const own = cache.get(node, name);
  if (!own) return false;
  const addressed = (n: Node): readonly string[] => (n.status.addresses ?? []).map(({ address }) => address);
  const taken = new Set(
    cache
      .list(node)
      .filter((other) => other.metadata.name !== name)
      .flatMap(addressed),
  );
  const known = new Set([name, ...addressed(own)]);
  return [...names.dnsNames, ...names.ipAddresses].every((wanted) => known.has(wanted) && !taken.has(wanted));
}

async function namesIn(
  request: CertificateSigningRequest,
  authority: Pick<CertificateAuthority, 'read'>,
): Promise<RequestedNames | undefined> {
  const pem = pemOf(request);
  try {
    return pem === undefined ? undefined : await authority.read(pem);
  } catch {
    return undefined; // Not a request that could be judged by rule: the signer will say so if a person approves it.
  }
}

const requesterOf = ({ spec }: CertificateSigningRequest): Requester => ({
  username: spec.username ?? '',
  groups: spec.groups ?? [],
  ...(spec.uid ? { uid: spec.uid } : {}),
  ...(spec.extra ? { extra: spec.extra } : {}),
});

async function approve(api: Api, key: string, message: string, now: number): Promise<void> {
  const at = timestamp(now);
  const condition = {
    type: 'Approved',
    status: 'True',
    reason: 'AutoApproved',
    message,
    lastUpdateTime: at,
    lastTransitionTime: at,
  };
  try {
    await api.of(certificateSigningRequest).update(
      key,
      (current) =>
        isPending(current)
          ? {
              ...current,
              status: { ...current.status, conditions: [...(current.status.conditions ?? []), condition] },
            }
          : current,
      { subresource: 'approval' },
    );
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
