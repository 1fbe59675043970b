import { mutatingWebhookConfiguration, validatingWebhookConfiguration } from '@navarch/api';
import { randomUid, settleAll } from '@navarch/base';
import {
  type ApiObject,
  cloneJson,
  equalJson,
  internalError,
  jsonPatch,
  type Kind,
  type Mutable,
  readJson,
} from '@navarch/machinery';
import { type AdmissionContext, type AdmissionPlugin, defineAdmissionPlugin, type Scope } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';
import type { Registry } from '../../registry/registry.ts';
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
    mutate(draft, request, context) {
      const all = webhooksOf(context.registry, mutatingWebhookConfiguration);
      return all.length > 0 && waitingFor(applyAll(all, draft, request, context, webhooks), request, context);
    },
  });

/** True when one of them was asked and answered. */
async function applyAll(
  all: readonly Webhook[],
  draft: Mutable<ApiObject>,
  request: AdmissionRequest,
  context: AdmissionContext,
  webhooks: Webhooks | undefined,
): Promise<boolean> {
  const seen = new Map<Webhook, ApiObject>();
  for (const webhook of all) {
    if (await applyOne(webhook, draft, request, context, webhooks)) seen.set(webhook, cloneJson(draft) as ApiObject);
  }
  for (const [webhook, left] of seen) {
    if (webhook.reinvocationPolicy === 'IfNeeded' && !equalJson(left, draft))
      await applyOne(webhook, draft, request, context, webhooks);
  }
  return seen.size > 0;
}

/** How long webhooks take is not the server's doing. */
async function waitingFor<T>(answers: Promise<T>, { waits }: AdmissionRequest, context: AdmissionContext): Promise<T> {
  const { clock } = context.registry.deps;
  const began = clock.monotonic();
  try {
    return await answers;
  } finally {
    if (waits) waits.waitedSeconds += (clock.monotonic() - began) / 1000;
  }
}

/** True when the webhook was asked and answered. */
async function applyOne(
  webhook: Webhook,
  draft: Mutable<ApiObject>,
  request: AdmissionRequest,
  context: AdmissionContext,
  webhooks: Webhooks | undefined,
): Promise<boolean> {
  const answered = await askIfWanted(webhook, draft as ApiObject, request, context, { webhooks, round: 'admit' });
  if (!answered) return false;
  const { kind, verdict } = answered;
  if (verdict.patch)
    takeOver(
      draft,
      await patched(
        { webhook, kind, stored: request.kind, registry: context.registry },
        verdict.patch,
        draft as ApiObject,
      ),
    );
  return true;
}

interface Patching {
  readonly webhook: Webhook;
  /** The version that the webhook sees. */
  readonly kind: Kind<any>;
  readonly stored: Kind<any>;
  readonly registry: Registry;
}

/** The object, in the version of the request, as the webhook wants it. */
async function patched(
  { webhook: { name }, kind, stored, registry }: Patching,
  patch: string,
  draft: ApiObject,
): Promise<ApiObject> {
  const isCustom = kind.origin === 'custom';
  const shown =
    kind !== stored && kind.hub
      ? kind.hub.fromHub(draft)
      : isCustom
        ? await registry.inVersion(draft, stored, kind)
        : draft;
  try {
    const next = jsonPatch(
      shown,
      readJson(new TextDecoder().decode(Uint8Array.from(atob(patch), (c) => c.charCodeAt(0)))),
    );
    // A body of another kind, sent to a subresource, has no schema here.
    if ((draft.kind ?? stored.kind) !== stored.kind) return next as ApiObject;
    const decoded = kind.decode(next).value as unknown as ApiObject;
    return kind !== stored && kind.hub
      ? kind.hub.toHub(decoded)
      : isCustom
        ? await registry.inVersion(decoded, kind, stored)
        : decoded;
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
    validate(object, _at, request, context) {
      const all = webhooksOf(context.registry, validatingWebhookConfiguration);
      return all.length > 0 ? judgedByAll(all, { object, request, context, webhooks }) : undefined;
    },
  });

async function judgedByAll(
  all: readonly Webhook[],
  {
    object,
    request,
    context,
    webhooks,
  }: {
    readonly object: ApiObject;
    readonly request: AdmissionRequest;
    readonly context: AdmissionContext;
    readonly webhooks: Webhooks | undefined;
  },
): Promise<void> {
  const asked = all.map((webhook) => askIfWanted(webhook, object, request, context, { webhooks, round: 'validating' }));
  await waitingFor(settleAll(asked), request, context);
}

async function askIfWanted(
  webhook: Webhook,
  object: ApiObject,
  request: AdmissionRequest,
  context: AdmissionContext,
  { webhooks, round }: { readonly webhooks: Webhooks | undefined; readonly round: 'admit' | 'validating' },
): Promise<{ readonly kind: Kind<any>; readonly verdict: Verdict } | undefined> {
  const body = request.operation === 'DELETE' ? undefined : object;
  const kind = wantedKind(webhook, request, context, body);
  if (!kind) return undefined;
  const shown =
    kind.origin === 'custom' ? await inVersion(kind, body, request, context.registry) : { object: body, request };
  const verdict = await ask(
    { webhook, round, kind, ...shown, uid: randomUid(context.registry.deps.random) },
    webhooks,
    context,
  );
  if (!verdict) return undefined;
  for (const warning of verdict.warnings ?? []) request.warn(warning);
  if (verdict.allowed !== true) refuse(webhook, verdict);
  return { kind, verdict };
}

/** A request about a custom resource as another version of it shows it. Rejects where that version cannot be had. */
async function inVersion(
  kind: Kind<any>,
  object: ApiObject | undefined,
  request: AdmissionRequest,
  registry: Registry,
): Promise<{ readonly object: ApiObject | undefined; readonly request: AdmissionRequest }> {
  const { previous } = request;
  return {
    object: object && (await registry.inVersion(object, request.kind, kind)),
    request: { ...request, previous: previous && (await registry.inVersion(previous, request.kind, kind)) },
  };
}
