import { mutatingWebhookConfiguration, validatingWebhookConfiguration } from '@navarch/api';
import { randomUid, settleAll } from '@navarch/base';
import { type ApiObject, cloneJson, decode, equalJson, internalError, jsonPatch, type Kind, type Mutable } from '@navarch/machinery';
import {
  type AdmissionContext,
  type AdmissionPlugin,
  type AdmissionRequest,
  defineAdmissionPlugin,
  type Scope,
} from '../admission.ts';
import { type Webhook, webhooksOf } from '../webhooks/configuration.ts';
import { wantedKind } from '../webhooks/matching.ts';
import { takeOver } from '../webhooks/patching.ts';
import type { Webhooks } from '../webhooks/port.ts';
import { ask, refuse, type Verdict } from '../webhooks/review.ts';

const EVERYTHING: Scope = { operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'], subresources: '*' };

/** Lets webhooks change what comes in, one after the other; those that want to are asked again about later changes, once. */
export const mutatingWebhooks = (webhooks: Webhooks | undefined): AdmissionPlugin =>
  defineAdmissionPlugin({
    name: 'MutatingAdmissionWebhook',
    on: EVERYTHING,
    async mutate(draft, request, context) {
      const all = webhooksOf(context.registry, mutatingWebhookConfiguration);
      if (all.length === 0) return false;
      const seen = new Map<Webhook, ApiObject>();
      for (const webhook of all) {
        if (await applyOne(webhook, draft, request, context, webhooks))
          seen.set(webhook, cloneJson(draft) as ApiObject);
      }
      for (const [webhook, left] of seen) {
        if (webhook.reinvocationPolicy === 'IfNeeded' && !equalJson(left, draft))
          await applyOne(webhook, draft, request, context, webhooks);
      }
      return seen.size > 0;
    },
  });

/** True when the webhook was asked and answered. */
async function applyOne(
  webhook: Webhook,
  draft: Mutable<ApiObject>,
  request: AdmissionRequest,
  context: AdmissionContext,
  webhooks: Webhooks | undefined,
): Promise<boolean> {
  const answered = await askIfWanted(webhook, draft as ApiObject, request, context, webhooks);
  if (!answered) return false;
  const { kind, verdict } = answered;
  if (verdict.patch) takeOver(draft, patched(webhook, verdict.patch, kind, request.kind, draft as ApiObject));
  return true;
}

/** The object, in the stored version, as the webhook wants it. */
function patched({ name }: Webhook, patch: string, kind: Kind<any>, stored: Kind<any>, draft: ApiObject): ApiObject {
  const shown = kind !== stored && kind.hub ? kind.hub.fromHub(draft) : draft;
  try {
    const next = jsonPatch(
      shown,
      JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(patch), (c) => c.charCodeAt(0)))),
    );
    // A body of another kind, sent to a subresource, has no schema here.
    if ((draft.kind ?? stored.kind) !== stored.kind) return next as ApiObject;
    const decoded = decode(kind.schema, next).value as unknown as ApiObject;
    return kind !== stored && kind.hub ? kind.hub.toHub(decoded) : decoded;
  } catch (error) {
    throw internalError(
      new Error(
        `admission webhook ${JSON.stringify(name)} attempted to modify the object, which is not possible: ${(error as Error).message}`,
      ),
    );
  }
}

/** Asks all webhooks about the object as it is going to be, side by side; the first refusal in their order is told. */
export const validatingWebhooks = (webhooks: Webhooks | undefined): AdmissionPlugin =>
  defineAdmissionPlugin({
    name: 'ValidatingAdmissionWebhook',
    on: EVERYTHING,
    async validate(object, _at, request, context) {
      const all = webhooksOf(context.registry, validatingWebhookConfiguration);
      if (all.length > 0)
        await settleAll(all.map((webhook) => askIfWanted(webhook, object, request, context, webhooks)));
    },
  });

async function askIfWanted(
  webhook: Webhook,
  object: ApiObject,
  request: AdmissionRequest,
  context: AdmissionContext,
  webhooks: Webhooks | undefined,
): Promise<{ readonly kind: Kind<any>; readonly verdict: Verdict } | undefined> {
  const body = request.operation === 'DELETE' ? undefined : object;
  const kind = wantedKind(webhook, request, context, body);
  if (!kind) return undefined;
  const verdict = await ask(
    { webhook, request, kind, object: body, uid: randomUid(context.registry.deps.random) },
    webhooks,
    context,
  );
  if (!verdict) return undefined;
  for (const warning of verdict.warnings ?? []) request.warn(warning);
  if (verdict.allowed !== true) refuse(webhook, verdict);
  return { kind, verdict };
}
