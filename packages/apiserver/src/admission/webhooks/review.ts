import { PolicyExpressions } from '@navarch/api';
import {
  badRequest,
  internalError,
  type Patterns,
  readJson,
  type Status,
  StatusError,
  writeJson,
} from '@navarch/machinery';
import type { AdmissionContext } from '../admission.ts';
import { policyFunctionsHere } from '../policies/authorizer-value.ts';
import { conditionsHold, Evaluator } from '../policies/expressions.ts';
import { requestOf, type ShownRequest } from '../shown-request.ts';
import { post, type Webhook } from './configuration.ts';
import type { Webhooks } from './port.ts';

const SECONDS_DEFAULT = 10;
const REVIEW = 'admission.k8s.io/v1';
const OK = 200;
/** What it counts as when no answer came. */
const UNAVAILABLE = 503;

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

export interface Question extends ShownRequest {
  readonly webhook: Webhook;
  /** In which of the two rounds it is asked. */
  readonly round: 'admit' | 'validating';
}

/**
 * Asks one webhook. Undefined: it did not answer as it should, and its failure policy says to go on. Throws InternalError
 * where that policy says not to, BadRequest for a dry run that it could not keep dry.
 */
export async function ask(
  question: Question,
  webhooks: Webhooks | undefined,
  context: AdmissionContext,
): Promise<Verdict | undefined> {
  const { webhook, request, uid, round: type } = question;
  const { registry, measures } = context;
  const outcome = { name: webhook.name, type, operation: request.operation };
  let began: number | undefined;
  let code = UNAVAILABLE;
  if (request.isDryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') {
    throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
  }
  try {
    const conditions = webhook.matchConditions ?? [];
    if (
      conditions.length > 0 &&
      !conditionsHold(
        conditions,
        new Evaluator({ ...question, context, expressions: expressionsOf(context) }),
        webhook.failurePolicy,
      )
    )
      return undefined;
    if (!webhooks) throw new Error('this server calls no webhooks');
    if (!webhook.admissionReviewVersions.includes('v1'))
      throw new Error('the webhook does not accept v1 AdmissionReview');
    const { timeoutSeconds = SECONDS_DEFAULT } = webhook;
    began = measures.now();
    const answer = await post(webhooks, registry, webhook.clientConfig, writeJson(reviewOf(question)), timeoutSeconds);
    code = answer.status;
    if (answer.status < 200 || answer.status > 299) throw new Error(`the server answered ${answer.status}`);
    const verdict = checked(readJson(answer.body), uid);
    const seconds = (measures.now() - began) / 1000;
    measures.webhook(
      verdict.allowed === true
        ? { ...outcome, seconds, code: OK }
        : { ...outcome, seconds, code: codeOf(verdict), refusal: 'no_error' },
    );
    return verdict;
  } catch (error) {
    const failedOpen = webhook.failurePolicy === 'Ignore';
    if (began !== undefined)
      measures.webhook({
        ...outcome,
        seconds: (measures.now() - began) / 1000,
        code,
        failedOpen,
        ...(failedOpen ? {} : { refusal: 'calling_webhook_error' }),
      });
    registry.deps.log.warn('admission webhook failed', { webhook: webhook.name, error });
    if (failedOpen) return undefined;
    throw internalError(
      new Error(
        `failed calling webhook ${JSON.stringify(webhook.name)}: failed to call webhook: ${(error as Error).message}`,
      ),
    );
  }
}

/** Conditions of all webhooks have the same names. */
const compiled = new WeakMap<Patterns, PolicyExpressions>();

function expressionsOf({ patterns }: AdmissionContext): PolicyExpressions {
  let known = compiled.get(patterns);
  if (!known) compiled.set(patterns, (known = new PolicyExpressions({ patterns, functions: policyFunctionsHere })));
  return known;
}

const reviewOf = (question: Question): object => ({
  kind: 'AdmissionReview',
  apiVersion: REVIEW,
  request: requestOf(question),
});

function checked(body: unknown, uid: string): Verdict {
  const { kind, apiVersion, response } = (body ?? {}) as {
    readonly kind?: string;
    readonly apiVersion?: string;
    readonly response?: Verdict;
  };
  if (kind !== 'AdmissionReview' || apiVersion !== REVIEW)
    throw new Error(
      `received invalid webhook response: expected webhook response of ${REVIEW}, Kind=AdmissionReview, got ${apiVersion}, Kind=${kind}`,
    );
  if (!response || response.uid !== uid)
    throw new Error(
      `received invalid webhook response: expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response?.uid ?? '')}`,
    );
  if (response.patch !== undefined && response.patchType !== 'JSONPatch')
    throw new Error('received invalid webhook response: webhook returned response.patch but not response.patchType');
  return response;
}

/** Throws the webhook's own refusal, with a code that says that it is one. */
export function refuse({ name }: Webhook, verdict: Verdict): never {
  const { status = {} } = verdict;
  const head = `admission webhook ${JSON.stringify(name)} denied the request`;
  const reason = status.message || status.reason;
  throw new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: reason ? `${head}: ${reason}` : `${head} without explanation`,
    ...(status.reason ? { reason: status.reason } : {}),
    ...(status.details ? { details: status.details } : {}),
    code: codeOf(verdict),
  });
}

const codeOf = ({ status = {} }: Verdict): number =>
  typeof status.code === 'number' && status.code >= 400 ? status.code : 400;
