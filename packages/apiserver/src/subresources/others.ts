import { endpointSlice, node, pod, service, serviceAccount } from '@navarch/api';
import { badRequest, failure, notFound } from '@navarch/machinery';
import { userOfToken } from '../auth/authentication.ts';
import type { Attributes } from '../auth/rbac.ts';
import type { User } from '../auth/user.ts';
import { timestamp } from '../registry/meta.ts';
import type { ProxyTarget } from '../request.ts';
import { nodeAddress, withQuery } from './pods.ts';
import { defineSubresource, type Subresource, type SubresourceContext } from './subresource.ts';

const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;
const TOKEN_SECONDS_DEFAULT = 3600;
/** Pods of older clients read their token once: asked for a little over an hour they get a year (upstream's extended tokens). */
const EXTENDED_ASK = 3607;

interface TokenRequest {
  readonly spec?: {
    readonly audiences?: readonly string[];
    readonly expirationSeconds?: number;
    readonly boundObjectRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string };
  };
}

/** authentication.k8s.io/v1 TokenRequest: a token for the account, bound to a pod where one is named. */
const token: Subresource['answer'] = async (body, { registry, authentication, info }) => {
  const { spec = {} } = body as TokenRequest;
  const account = registry.of(serviceAccount).get(info.namespace, info.name);
  const seconds = spec.expirationSeconds ?? TOKEN_SECONDS_DEFAULT;
  if (seconds < TOKEN_SECONDS_MIN) throw failure('Invalid', `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${seconds}: may not specify a duration less than 10 minutes`);
  if (seconds > TOKEN_SECONDS_MAX) throw failure('Invalid', `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${seconds}: may not specify a duration larger than 2^32 seconds`);
  const bound = boundPod(spec, { registry, info });
  const now = Math.floor(registry.deps.clock.now() / 1000);
  const lifetime = seconds === EXTENDED_ASK ? 365 * 24 * 3600 : seconds;
  const audiences = spec.audiences?.length ? spec.audiences : authentication.audiences;
  const value = await authentication.tokens.sign({
    iss: authentication.issuer, aud: [...audiences], exp: now + lifetime, iat: now, jti: account.metadata.uid.slice(0, 8) + String(now),
    sub: `system:serviceaccount:${info.namespace}:${info.name}`,
    'kubernetes.io': { namespace: info.namespace, serviceaccount: { name: info.name, uid: account.metadata.uid }, ...bound },
  });
  return {
    status: 201,
    value: {
      kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata: { name: info.name, namespace: info.namespace, creationTimestamp: timestamp(now * 1000) },
      spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
      status: { token: value, expirationTimestamp: timestamp((now + seconds) * 1000) },
    },
  };
};

function boundPod(spec: NonNullable<TokenRequest['spec']>, { registry, info }: Pick<SubresourceContext, 'registry' | 'info'>): object {
  const ref = spec.boundObjectRef;
  if (!ref) return {};
  if (ref.kind !== 'Pod') throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(info.name)} to object of kind ${ref.kind}`);
  const found = registry.of(pod).find(info.namespace, ref.name ?? '');
  if (!found || (ref.uid && found.metadata.uid !== ref.uid)) throw notFound(pod, ref.name ?? '');
  const held = found.spec.nodeName ? registry.of(node).find('', found.spec.nodeName) : undefined;
  return {
    pod: { name: found.metadata.name, uid: found.metadata.uid },
    ...(held ? { node: { name: held.metadata.name, uid: held.metadata.uid } } : {}),
  };
}

const serviceProxy = ({ registry, info, query }: SubresourceContext): ProxyTarget => {
  const parts = info.name.split(':');
  const [scheme, name = '', portText = ''] = parts.length === 3 ? parts : ['http', parts[0], parts[1]];
  const found = registry.of(service).get(info.namespace, name);
  const port = found.spec.ports?.find((p) => portText === '' || p.name === portText || String(p.port) === portText);
  const slices = registry.of(endpointSlice);
  for (const cached of slices.shelf.cache.range(slices.shelf.prefixOf(info.namespace))) {
    const slice = slices.view(cached.object);
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue;
    const target = slice.ports?.find((p) => (p.name ?? '') === (port?.name ?? ''));
    const address = slice.endpoints?.find((e) => e.conditions.ready !== false)?.addresses[0];
    if (target?.port && address) return { scheme: scheme === 'https' ? 'https' : 'http', host: address, port: target.port, path: withQuery(`/${info.rest}`, query), asKubeletClient: false };
  }
  throw failure('ServiceUnavailable', `no endpoints available for service ${JSON.stringify(info.name)}`);
};

const nodeProxy = ({ registry, info, query }: SubresourceContext): ProxyTarget => ({
  scheme: 'https', ...nodeAddress(registry, info.name.split(':')[0] ?? ''), path: withQuery(`/${info.rest}`, query), asKubeletClient: true,
});

interface AccessReview {
  readonly spec?: {
    readonly user?: string; readonly groups?: readonly string[];
    readonly resourceAttributes?: Partial<Record<'namespace' | 'verb' | 'group' | 'resource' | 'subresource' | 'name', string>>;
    readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  };
}

const accessReview = (kind: string, userOf: (review: AccessReview, context: SubresourceContext) => User): NonNullable<Subresource['answer']> => async (body, context) => {
  const review = body as AccessReview;
  const { resourceAttributes: wanted, nonResourceAttributes: path } = review.spec ?? {};
  if (!wanted === !path) throw badRequest('spec.resourceAttributes: Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified');
  const attributes: Attributes = {
    isResource: wanted !== undefined, verb: wanted?.verb ?? path?.verb ?? '', group: wanted?.group ?? '', resource: wanted?.resource ?? '',
    subresource: wanted?.subresource ?? '', namespace: wanted?.namespace ?? '', name: wanted?.name ?? '', path: path?.path ?? '',
  };
  const allowed = context.rbac.isAllowed(userOf(review, context), attributes);
  return { status: 201, value: { kind, apiVersion: 'authorization.k8s.io/v1', metadata: { creationTimestamp: null }, spec: review.spec, status: { allowed } } };
};

const self = (_review: AccessReview, { user }: SubresourceContext): User => user;
const named = ({ spec }: AccessReview): User => ({ name: spec?.user ?? '', groups: spec?.groups ?? [] });

const rulesReview: Subresource['answer'] = async (body, { rbac, user }) => {
  const { spec } = body as { spec?: { namespace?: string } };
  const rules = rbac.rules(user, spec?.namespace ?? '');
  return {
    status: 201,
    value: {
      kind: 'SelfSubjectRulesReview', apiVersion: 'authorization.k8s.io/v1', metadata: { creationTimestamp: null }, spec: {},
      status: {
        resourceRules: rules.filter((r) => r.resources).map(({ verbs, apiGroups, resources, resourceNames }) => ({ verbs, apiGroups, resources, ...(resourceNames ? { resourceNames } : {}) })),
        nonResourceRules: rules.filter((r) => r.nonResourceURLs).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
        incomplete: false,
      },
    },
  };
};

const tokenReview: Subresource['answer'] = async (body, { authentication }) => {
  const { spec = {} } = body as { spec?: { token?: string; audiences?: readonly string[] } };
  const audiences = spec.audiences?.length ? spec.audiences : authentication.audiences;
  const user = spec.token ? await userOfToken(spec.token, authentication, audiences) : undefined;
  const status = user
    ? { authenticated: true, user: { username: user.name, ...(user.uid ? { uid: user.uid } : {}), groups: user.groups, ...(user.extra ? { extra: user.extra } : {}) }, audiences }
    : { user: {}, error: '[invalid bearer token, token lookup failed]' };
  return { status: 201, value: { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', metadata: { creationTimestamp: null }, spec, status } };
};

const selfReview: Subresource['answer'] = async (_body, { user }) => ({
  status: 201,
  value: {
    kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1', metadata: { creationTimestamp: null },
    status: { userInfo: { username: user.name, ...(user.uid ? { uid: user.uid } : {}), groups: user.groups, ...(user.extra ? { extra: user.extra } : {}) } },
  },
});

export const otherSubresources: readonly Subresource[] = [
  defineSubresource({ at: '/serviceaccounts/token', answer: token }),
  defineSubresource({ at: '/services/proxy', connect: serviceProxy }),
  defineSubresource({ at: '/nodes/proxy', connect: nodeProxy }),
  defineSubresource({ at: 'authorization.k8s.io/subjectaccessreviews', answer: accessReview('SubjectAccessReview', named) }),
  defineSubresource({ at: 'authorization.k8s.io/localsubjectaccessreviews', answer: accessReview('LocalSubjectAccessReview', named) }),
  defineSubresource({ at: 'authorization.k8s.io/selfsubjectaccessreviews', answer: accessReview('SelfSubjectAccessReview', self) }),
  defineSubresource({ at: 'authorization.k8s.io/selfsubjectrulesreviews', answer: rulesReview }),
  defineSubresource({ at: 'authentication.k8s.io/tokenreviews', answer: tokenReview }),
  defineSubresource({ at: 'authentication.k8s.io/selfsubjectreviews', answer: selfReview }),
];
