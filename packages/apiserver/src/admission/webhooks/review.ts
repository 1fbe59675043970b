import { type ApiObject, badRequest, internalError, type Kind, type Status, StatusError } from '@navarch/machinery';
import type { User } from '../../auth/user.ts';
import type { AdmissionContext, AdmissionRequest } from '../admission.ts';
import { addressOf, type Webhook } from './configuration.ts';
import type { Webhooks } from './port.ts';

const SECONDS_DEFAULT = 10;
const REVIEW = 'admission.k8s.io/v1';

/** What a webhook decided. */
export interface Verdict {
  readonly uid?: string;
  readonly allowed?: boolean;
  readonly status?: Partial<Status>;
  /** Base64 of a JSON patch. */
  readonly patch?: string;
  readonly patchType?: string;
  readonly warnings?: readonly string[];
}

export interface Question {
  readonly webhook: Webhook;
  readonly request: AdmissionRequest;
  /** The version in which the webhook wants to see the objects. */
  readonly kind: Kind<any>;
  readonly object: ApiObject | undefined;
  readonly uid: string;
}

/**
 * Asks one webhook. Undefined: it did not answer as it should, and its failure policy says to go on. Throws InternalError
 * where that policy says not to, BadRequest for a dry run that it could not keep dry.
 */
export async function ask(question: Question, webhooks: Webhooks | undefined, { registry }: AdmissionContext): Promise<Verdict | undefined> {
  const { webhook, request, uid } = question;
  if (request.isDryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') {
    throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
  }
  try {
    if (!webhooks) throw new Error('this server calls no webhooks');
    if (webhook.matchConditions?.length) throw new Error('matchConditions are not evaluated yet');
    if (!webhook.admissionReviewVersions.includes('v1')) throw new Error('the webhook does not accept v1 AdmissionReview');
    const answer = await webhooks.post(addressOf(webhook, registry), JSON.stringify(reviewOf(question)), (webhook.timeoutSeconds ?? SECONDS_DEFAULT) * 1000);
    if (answer.status < 200 || answer.status > 299) throw new Error(`the server answered ${answer.status}`);
    return checked(JSON.parse(answer.body) as unknown, uid);
  } catch (error) {
    registry.deps.log.warn('admission webhook failed', { webhook: webhook.name, error });
    if (webhook.failurePolicy === 'Ignore') return undefined;
    throw internalError(new Error(`failed calling webhook ${JSON.stringify(webhook.name)}: failed to call webhook: ${(error as Error).message}`));
  }
}

function reviewOf({ request, kind, object, uid }: Question): object {
  const { operation, subresource, namespace, name, user, previous, isDryRun } = request;
  const resource = { group: kind.group, version: kind.version, resource: kind.plural };
  const ofRequest = { group: request.kind.group, version: request.kind.version };
  // Bodies of other kinds come to subresources: Binding, Eviction, TokenRequest.
  const bodyKind = (object as Partial<ApiObject> | undefined)?.kind ?? request.kind.kind;
  return {
    kind: 'AdmissionReview', apiVersion: REVIEW,
    request: {
      uid, kind: { group: kind.group, version: kind.version, kind: bodyKind }, resource, ...(subresource ? { subResource: subresource } : {}),
      requestKind: { ...ofRequest, kind: bodyKind }, requestResource: { ...ofRequest, resource: request.kind.plural }, ...(subresource ? { requestSubResource: subresource } : {}),
      ...(name ? { name } : {}), ...(namespace ? { namespace } : {}), operation, userInfo: userInfo(user),
      object: operation === 'DELETE' ? null : shown(kind, request.kind, object), oldObject: operation === 'CREATE' ? null : shown(kind, request.kind, previous),
      dryRun: isDryRun, options: { kind: `${OPTIONS[operation]}Options`, apiVersion: 'meta.k8s.io/v1', ...(isDryRun ? { dryRun: ['All'] } : {}) },
    },
  };
}
const OPTIONS = { CREATE: 'Create', UPDATE: 'Update', DELETE: 'Delete', CONNECT: 'Connect' } as const;

const userInfo = ({ name, uid, groups, extra }: User): object => ({ username: name, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) });

/** The stored object as the wanted version shows it. */
function shown(kind: Kind<any>, stored: Kind<any>, object: ApiObject | undefined): unknown {
  if (!object) return null;
  return kind === stored || !kind.hub ? object : kind.hub.fromHub(object);
}

function checked(body: unknown, uid: string): Verdict {
  const { kind, apiVersion, response } = (body ?? {}) as { readonly kind?: string; readonly apiVersion?: string; readonly response?: Verdict };
  if (kind !== 'AdmissionReview' || apiVersion !== REVIEW) throw new Error(`received invalid webhook response: expected webhook response of ${REVIEW}, Kind=AdmissionReview, got ${apiVersion}, Kind=${kind}`);
  if (!response || response.uid !== uid) throw new Error(`received invalid webhook response: expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response?.uid ?? '')}`);
  if (response.patch !== undefined && response.patchType !== 'JSONPatch') throw new Error('received invalid webhook response: webhook returned response.patch but not response.patchType');
  return response;
}

/** Throws the webhook's own refusal, with a code that says that it is one. */
export function refuse({ name }: Webhook, { status = {} }: Verdict): never {
  const head = `admission webhook ${JSON.stringify(name)} denied the request`;
  const reason = status.message || status.reason;
  const code = typeof status.code === 'number' && status.code >= 400 ? status.code : 400;
  throw new StatusError({
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: reason ? `${head}: ${reason}` : `${head} without explanation`,
    ...(status.reason ? { reason: status.reason } : {}), ...(status.details ? { details: status.details } : {}), code,
  });
}

