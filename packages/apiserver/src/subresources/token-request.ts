import { node, pod, schemas, secret, serviceAccount } from '@navarch/api';
import { randomUid } from '@navarch/base';
import { type ApiObject, badRequest, conflict, Field, invalid } from '@navarch/machinery';
import type { TokenClaims } from '../auth/service-account-tokens.ts';
import { inOrder, timestamp } from '../registry/meta.ts';
import { bodyReader } from './body.ts';
import { postedMeta } from './posted.ts';
import { defineSubresource, type Subresource, type SubresourceContext } from './subresource.ts';

const GROUP = 'authentication.k8s.io';
const SECONDS_MIN = 600;
const SECONDS_MAX = 2 ** 32;
const SECONDS_DEFAULT = 3600;
/** What the ServiceAccount plugin asks for: old clients read such a token once, so it is good for longer, with a warning due. */
const EXTENDED_ASK_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

interface TokenRequest extends ApiObject {
  readonly spec: {
    readonly audiences: readonly string[] | null;
    readonly expirationSeconds: number | null;
    readonly boundObjectRef: BoundObjectReference | null;
    /** What a webhook's token attests (APIServerWebhookAuthenticationToken, which is off). */
    readonly attestations?: unknown;
  };
}
interface BoundObjectReference {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly name?: string;
  readonly uid?: string;
}
type Bound = Partial<Pick<TokenClaims['kubernetes.io'], 'pod' | 'secret' | 'node'>>;

const TYPE = 'io.k8s.api.authentication.v1.TokenRequest';
const managed = {
  group: GROUP,
  version: 'v1',
  kind: 'TokenRequest',
  schema: schemas.object(TYPE),
  namespaced: true,
} as const;
const read = bodyReader<TokenRequest>(TYPE, `${GROUP}/v1`, managed.kind);

/** authentication.k8s.io/v1 TokenRequest: a token for the account, bound to a pod, secret or node where one is named. */
const token: Subresource['answer'] = async (body, context) => {
  const { registry, authentication, info, call, tuning } = context;
  const sent = completed(read(body, call));
  const { managedFields, ...meta } = postedMeta(managed, sent, context, ['uid']);
  const account = accountFor(meta, context);
  await registry
    .of(serviceAccount)
    .admitOther('CREATE', { namespace: info.namespace, name: info.name, subresource: 'token' }, sent, call);
  const { spec } = sent;
  const wanted = checkedSeconds(spec.expirationSeconds ?? SECONDS_DEFAULT);
  const seconds = Math.min(wanted, tuning.tokenSecondsMax ?? wanted);
  if (seconds < wanted)
    call.warnings?.push(`requested expiration of ${wanted} seconds shortened to ${seconds} seconds`);
  const bound = spec.boundObjectRef ? boundTo(spec.boundObjectRef, context) : {};
  const now = Math.floor(registry.deps.clock.now() / 1000);
  const audiences = spec.audiences?.length ? spec.audiences : authentication.audiences;
  const isExtended =
    tuning.extendsTokens !== false &&
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
  const { resourceVersion: _, ...metadata } = inOrder({
    ...meta,
    name: info.name,
    namespace: info.namespace,
    uid: meta.uid || uid,
    creationTimestamp: timestamp(now * 1000),
    ...(managedFields ? { managedFields } : {}),
  } as Parameters<typeof inOrder>[0]);
  return {
    status: 201,
    value: {
      kind: managed.kind,
      apiVersion: `${GROUP}/v1`,
      metadata,
      spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
      status: { token: value, expirationTimestamp: timestamp((now + seconds) * 1000) },
    },
  };
};

/** With what its version fills in, and without what belongs to features that are off. */
function completed({ spec: { attestations: _, ...spec }, ...rest }: TokenRequest): TokenRequest {
  return { ...rest, spec: { ...spec, expirationSeconds: spec.expirationSeconds ?? SECONDS_DEFAULT } };
}

/** The account that the request is of. Throws Invalid, NotFound, or Conflict where it means one that was there before. */
function accountFor({ name, uid }: ApiObject['metadata'], { registry, info, call }: SubresourceContext): ApiObject {
  if (name && name !== info.name) {
    const at = new Field();
    at.at('metadata', 'name').invalid(name, 'must match the service account name if specified');
    throw invalid(managed, info.name, at.errors);
  }
  const account = registry.of(serviceAccount).get(info.namespace, info.name);
  if (!uid || uid === account.metadata.uid) return account;
  const differs = `the UID in the token request (${uid}) does not match the UID of the service account`;
  if (registry.features.isEnabled('TokenRequestServiceAccountUIDValidation'))
    throw conflict({ group: GROUP, plural: managed.kind }, info.name, `${differs} (${account.metadata.uid})`);
  call.warnings?.push(
    `${differs} (${account.metadata.uid}) but TokenRequestServiceAccountUIDValidation is not enabled. In the future, this will return a conflict error`,
  );
  return account;
}

function checkedSeconds(seconds: number): number {
  const at = new Field('spec.expirationSeconds');
  if (seconds < SECONDS_MIN) at.invalid(seconds, 'may not specify a duration less than 10 minutes');
  if (seconds > SECONDS_MAX) at.invalid(seconds, 'may not specify a duration larger than 2^32 seconds');
  if (at.errors.length > 0) throw invalid(managed, '', at.errors);
  return seconds;
}

/** What the token is good as long as. Throws where that is not there, or is somebody else's. */
function boundTo(ref: BoundObjectReference, { registry, info }: SubresourceContext): Bound {
  const { name = '', uid, kind = '' } = ref;
  const [group, version] = partsOf(ref.apiVersion ?? '');
  const same = <Obj extends ApiObject>(found: Obj): Obj => {
    if (!uid || found.metadata.uid === uid) return found;
    throw conflict(
      { group, plural: kind },
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  };
  const typeText = `${group}/${version}, Kind=${kind}`;
  switch (`${group}/${kind}`) {
    case '/Pod': {
      const found = registry.of(pod).get(info.namespace, name);
      if (found.spec.serviceAccountName !== info.name) {
        throw badRequest(
          `cannot bind token for serviceaccount ${JSON.stringify(info.name)} to pod running with different serviceaccount name.`,
        );
      }
      same(found);
      const nodeName = found.spec.nodeName ?? '';
      const held = nodeName === '' ? undefined : registry.of(node).find('', nodeName);
      return {
        pod: { name, uid: found.metadata.uid },
        ...(nodeName === '' ? {} : { node: { name: nodeName, uid: held?.metadata.uid ?? '' } }),
      };
    }
    case '/Secret': {
      const found = same(registry.of(secret).get(info.namespace, name));
      return { secret: { name, uid: found.metadata.uid } };
    }
    case '/Node': {
      const found = same(registry.of(node).get('', name));
      return { node: { name, uid: found.metadata.uid } };
    }
    case 'admissionregistration.k8s.io/ValidatingWebhookConfiguration':
    case 'admissionregistration.k8s.io/MutatingWebhookConfiguration':
      throw badRequest(
        `cannot bind token to object of type ${typeText}${version === 'v1' ? ` (feature gate ${WEBHOOK_TOKENS} is disabled)` : ''}`,
      );
    default:
      throw badRequest(`cannot bind token to object of type ${typeText}`);
  }
}

const WEBHOOK_TOKENS = 'APIServerWebhookAuthenticationToken';

/** Group and version; of what is neither, nothing. */
function partsOf(apiVersion: string): readonly [string, string] {
  const parts = apiVersion.split('/');
  if (parts.length === 1) return ['', apiVersion];
  return parts.length === 2 ? [parts[0] ?? '', parts[1] ?? ''] : ['', ''];
}

export const tokenRequest: Subresource = defineSubresource({ at: '/serviceaccounts/token', answer: token });
