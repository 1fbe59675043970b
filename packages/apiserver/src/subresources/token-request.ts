import { node, pod, secret, serviceAccount } from '@navarch/api';
import { randomUid } from '@navarch/base';
import { badRequest, conflict, Field, invalid, notFound } from '@navarch/machinery';
import type { TokenClaims } from '../auth/service-account-tokens.ts';
import { timestamp } from '../registry/meta.ts';
import { bodyReader } from './body.ts';
import { defineSubresource, type Subresource, type SubresourceContext } from './subresource.ts';

const GROUP = 'authentication.k8s.io';
const SECONDS_MIN = 600;
const SECONDS_MAX = 2 ** 32;
const SECONDS_DEFAULT = 3600;
/** What the ServiceAccount plugin asks for: old clients read such a token once, so it is good for longer, with a warning due. */
const EXTENDED_ASK_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

interface TokenRequest {
  readonly metadata: { readonly name?: string; readonly namespace?: string };
  readonly spec: {
    readonly audiences: readonly string[] | null;
    readonly expirationSeconds: number | null;
    readonly boundObjectRef: BoundObjectReference | null;
  };
}
interface BoundObjectReference {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly name?: string;
  readonly uid?: string;
}
type Bound = Partial<Pick<TokenClaims['kubernetes.io'], 'pod' | 'secret' | 'node'>>;

const read = bodyReader<TokenRequest>('io.k8s.api.authentication.v1.TokenRequest', `${GROUP}/v1`, 'TokenRequest');

/** authentication.k8s.io/v1 TokenRequest: a token for the account, bound to a pod, secret or node where one is named. */
const token: Subresource['answer'] = async (body, context) => {
  const { registry, authentication, info, call } = context;
  const sent = read(body);
  const account = registry.of(serviceAccount).get(info.namespace, info.name);
  checkNames(sent.metadata, context);
  await registry
    .of(serviceAccount)
    .admitOther('CREATE', { namespace: info.namespace, name: info.name, subresource: 'token' }, sent, call);
  const { spec } = sent;
  const seconds = checkedSeconds(spec.expirationSeconds ?? SECONDS_DEFAULT);
  const bound = spec.boundObjectRef ? boundTo(spec.boundObjectRef, context) : {};
  const now = Math.floor(registry.deps.clock.now() / 1000);
  const audiences = spec.audiences?.length ? spec.audiences : authentication.audiences;
  const isExtended =
    seconds === EXTENDED_ASK_SECONDS &&
    bound.pod !== undefined &&
    audiences.every((audience) => authentication.audiences.includes(audience));
  const { uid } = account.metadata;
  const value = call.isDryRun
    ? ''
    : await authentication.tokens.sign({
        iss: authentication.issuer,
        aud: [...audiences],
        exp: now + (isExtended ? EXTENDED_SECONDS : seconds),
        iat: now,
        nbf: now,
        jti: randomUid(registry.deps.random),
        sub: `system:serviceaccount:${info.namespace}:${info.name}`,
        'kubernetes.io': {
          namespace: info.namespace,
          serviceaccount: { name: info.name, uid },
          ...bound,
          ...(isExtended ? { warnafter: now + seconds } : {}),
        },
      });
  return {
    status: 201,
    value: {
      kind: 'TokenRequest',
      apiVersion: `${GROUP}/v1`,
      metadata: { name: info.name, namespace: info.namespace, creationTimestamp: timestamp(now * 1000) },
      spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
      status: { token: value, expirationTimestamp: timestamp((now + seconds) * 1000) },
    },
  };
};

function checkNames({ name, namespace }: TokenRequest['metadata'], { info }: SubresourceContext): void {
  if (name && name !== info.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
  if (namespace && namespace !== info.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

function checkedSeconds(seconds: number): number {
  const at = new Field('spec.expirationSeconds');
  if (seconds < SECONDS_MIN) at.invalid(seconds, 'may not specify a duration less than 10 minutes');
  if (seconds > SECONDS_MAX) at.invalid(seconds, 'may not specify a duration larger than 2^32 seconds');
  if (at.errors.length > 0) throw invalid({ group: GROUP, kind: 'TokenRequest' }, '', at.errors);
  return seconds;
}

/** What the token is good as long as. Throws where that is not there, or is somebody else's. */
function boundTo(ref: BoundObjectReference, { registry, info }: SubresourceContext): Bound {
  const { name = '', uid } = ref;
  const gone = (kind: typeof pod | typeof secret | typeof node, found: string): Error =>
    conflict(
      kind,
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated: ${found}`,
    );
  switch (`${ref.apiVersion}/${ref.kind}`) {
    case 'v1/Pod': {
      const found = registry.of(pod).get(info.namespace, name);
      if (uid && found.metadata.uid !== uid) throw gone(pod, found.metadata.uid);
      if (found.spec.serviceAccountName !== info.name) {
        throw badRequest(
          `cannot bind token for serviceaccount ${JSON.stringify(info.name)} to pod running with different serviceaccount name.`,
        );
      }
      const nodeName = found.spec.nodeName ?? '';
      const held = nodeName === '' ? undefined : registry.of(node).find('', nodeName);
      return {
        pod: { name, uid: found.metadata.uid },
        ...(nodeName === '' ? {} : { node: { name: nodeName, uid: held?.metadata.uid ?? '' } }),
      };
    }
    case 'v1/Secret': {
      const found = registry.of(secret).get(info.namespace, name);
      if (uid && found.metadata.uid !== uid) throw gone(secret, found.metadata.uid);
      return { secret: { name, uid: found.metadata.uid } };
    }
    case 'v1/Node': {
      const found = registry.of(node).find('', name);
      if (!found) throw notFound(node, name);
      if (uid && found.metadata.uid !== uid) throw gone(node, found.metadata.uid);
      return { node: { name, uid: found.metadata.uid } };
    }
    default:
      throw badRequest(`cannot bind token to object of type ${ref.apiVersion ?? ''}, Kind=${ref.kind ?? ''}`);
  }
}

export const tokenRequest: Subresource = defineSubresource({ at: '/serviceaccounts/token', answer: token });
