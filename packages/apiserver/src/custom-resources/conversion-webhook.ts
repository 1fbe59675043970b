import type { CustomResourceDefinition } from '@navarch/api';
import { type Random, randomUid } from '@navarch/base';
import {
  type ApiObject,
  Field,
  goTypeOf,
  type Mutable,
  readJson,
  StatusError,
  validateObjectMeta,
  writeJson,
} from '@navarch/machinery';
import { post } from '../admission/webhooks/configuration.ts';
import type { Webhooks } from '../admission/webhooks/port.ts';
import type { Registry } from '../registry/registry.ts';
import type { Conversion } from './conversion.ts';

export interface ConversionWebhookDeps {
  readonly registry: Registry;
  readonly random: Random;
  /** Absent: this server calls nobody. */
  readonly webhooks?: Webhooks | undefined;
}

type WebhookConversion = NonNullable<NonNullable<CustomResourceDefinition['spec']['conversion']>['webhook']>;

/** What conversion webhooks are asked and answer in (apiextensions.k8s.io ConversionReview). */
const REVIEW_GROUP = 'apiextensions.k8s.io';
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const TIMEOUT_SECONDS = 30;
/** Objects sent at once: what a webhook and its answer hold in memory. */
const OBJECTS_MAX = 500;

/** Strategy Webhook: asks the server that the definition names. Its failures are told in upstream's words. */
export class ConversionWebhook implements Conversion {
  readonly #webhook: WebhookConversion;
  readonly #deps: ConversionWebhookDeps;

  constructor(webhook: WebhookConversion, deps: ConversionWebhookDeps) {
    this.#webhook = webhook;
    this.#deps = deps;
  }

  async convert(objects: readonly ApiObject[], apiVersion: string): Promise<readonly ApiObject[]> {
    try {
      return await this.#convertAll(objects, apiVersion);
    } catch (error) {
      throw refusal(error as Error);
    }
  }

  async #convertAll(objects: readonly ApiObject[], apiVersion: string): Promise<readonly ApiObject[]> {
    const foreign = objects.filter((object) => object.apiVersion !== apiVersion);
    const converted = new Map<ApiObject, ApiObject>();
    for (let from = 0; from < foreign.length; from += OBJECTS_MAX) {
      const part = foreign.slice(from, from + OBJECTS_MAX);
      const answers = await this.#ask(part, apiVersion);
      for (const [i, object] of part.entries()) converted.set(object, answers[i] as ApiObject);
    }
    return objects.map((object) => converted.get(object) ?? object);
  }

  async #ask(objects: readonly ApiObject[], desiredAPIVersion: string): Promise<readonly ApiObject[]> {
    const what = `conversion webhook for ${shownType(objects[0] as ApiObject)}`;
    const version = this.#webhook.conversionReviewVersions.find((one) => REVIEW_VERSIONS.includes(one));
    if (!version) throw new Error('no supported conversion review versions');
    const uid = randomUid(this.#deps.random);
    const review = {
      kind: 'ConversionReview',
      apiVersion: `${REVIEW_GROUP}/${version}`,
      request: { uid, desiredAPIVersion, objects },
      response: null,
    };
    const answered = await this.#post(writeJson(review))
      .then((body) => convertedIn(body, version, uid))
      .catch((error: unknown) => {
        throw new Error(`${what} failed: ${(error as Error).message}`, { cause: error });
      });
    if (answered.length !== objects.length)
      throw new Error(`${what} returned ${answered.length} objects, expected ${objects.length}`);
    return objects.map((object, i) => checked(object, answered[i], desiredAPIVersion, what, i));
  }

  async #post(body: string): Promise<unknown> {
    const { registry, webhooks } = this.#deps;
    if (!webhooks) throw new Error('this server calls no webhooks');
    const answer = await post(webhooks, registry, this.#webhook.clientConfig ?? {}, body, TIMEOUT_SECONDS);
    if (answer.status < 200 || answer.status > 299) throw new Error(wordsOf(answer));
    return readJson(answer.body);
  }
}

/** Upstream has no reason for it, only words. */
const refusal = (cause: Error): StatusError =>
  new StatusError(
    { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: cause.message, code: 500 },
    { cause },
  );

/** What client-go says of an answer that is none. */
function wordsOf({ status, body }: { readonly status: number; readonly body: string }): string {
  const told = asStatus(body);
  if (told) return told;
  if (status === 404) return 'the server could not find the requested resource';
  if (status === 503) return 'the server is currently unable to handle the request';
  return status >= 500
    ? `an error on the server (${JSON.stringify(body.trim())}) has prevented the request from succeeding`
    : `the server rejected our request for an unknown reason`;
}

function asStatus(body: string): string | undefined {
  try {
    const { kind, message } = JSON.parse(body) as { readonly kind?: unknown; readonly message?: unknown };
    return kind === 'Status' && typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

interface Review {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly response?: {
    readonly uid?: string;
    readonly convertedObjects?: readonly unknown[];
    readonly result?: { readonly status?: string; readonly message?: string };
  };
}

function convertedIn(body: unknown, version: string, uid: string): readonly unknown[] {
  const { kind = '', apiVersion = '', response } = (body ?? {}) as Review;
  const wanted = `${REVIEW_GROUP}/${version}`;
  if (kind !== 'ConversionReview' || apiVersion !== wanted) {
    throw new Error(`expected webhook response of ${wanted}, Kind=ConversionReview, got ${apiVersion}, Kind=${kind}`);
  }
  if (!response) throw new Error('no response provided');
  // The older form did not insist on it.
  if (version !== 'v1beta1' && response.uid !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
  const { status = '', message = '' } = response.result ?? {};
  if (status !== 'Success') throw new Error(message || `response.result.status was '${status}', not 'Success'`);
  return response.convertedObjects ?? [];
}

/** The object with what the webhook made of it: of metadata only labels and annotations are its business. */
function checked(original: ApiObject, answer: unknown, apiVersion: string, what: string, index: number): ApiObject {
  const wrong = `${what} returned invalid converted object at index ${index}`;
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer))
    throw new Error(`${wrong}: it is no object`);
  const converted = answer as Partial<ApiObject>;
  if (converted.apiVersion !== apiVersion)
    throw new Error(`${wrong}: invalid groupVersion (expected ${apiVersion}, received ${converted.apiVersion ?? ''})`);
  if (converted.kind !== original.kind)
    throw new Error(`${wrong}: invalid kind (expected ${original.kind}, received ${converted.kind ?? ''})`);
  for (const [words, field] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['UID', 'uid'],
  ] as const) {
    const [was = '', is = ''] = [original.metadata[field], converted.metadata?.[field]];
    if (was !== is) throw new Error(`${wrong}: must have the same ${words}: ${was} != ${is}`);
  }
  return {
    ...(converted as ApiObject),
    metadata: restored(original, converted, `${what} returned invalid metadata in object at index ${index}`),
  };
}

function restored(original: ApiObject, { metadata }: Partial<ApiObject>, wrong: string): ApiObject['metadata'] {
  if (!metadata) throw new Error(`${wrong}: missing metadata in converted object`);
  const { labels: _, annotations: __, ...kept } = original.metadata as Mutable<ApiObject>['metadata'];
  const own: Record<string, unknown> = {};
  for (const name of ['labels', 'annotations'] as const) {
    const given: unknown = metadata[name];
    if (given === undefined || given === null) continue;
    if (typeof given !== 'object' || Array.isArray(given))
      throw new Error(`${wrong}: invalid metadata.${name} of type ${goTypeOf(given)} in converted object`);
    for (const [key, value] of Object.entries(given)) {
      if (typeof value !== 'string')
        throw new Error(
          `${wrong}: metadata.${name}[${key}] must be a string, but is ${goTypeOf(value)} in converted object`,
        );
    }
    own[name] = given;
  }
  const at = new Field();
  validateObjectMeta(
    { name: 'x', ...own } as unknown as ApiObject['metadata'],
    { namespaced: false, nameErrors: () => [] },
    at.at('metadata'),
  );
  const texts = at.errors.map((error) => `${error.field}: ${error.message}`);
  if (texts.length > 0) throw new Error(`${wrong}: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`);
  return { ...kept, ...own } as ApiObject['metadata'];
}

const shownType = ({ apiVersion, kind }: ApiObject): string => `${apiVersion}, Kind=${kind}`;
