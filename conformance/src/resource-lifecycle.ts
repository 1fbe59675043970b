import assert from 'node:assert/strict';
import type { ApiObject, Draft, Kind } from '@navarch/machinery';
import { hasReason, keyOf } from '@navarch/machinery';
import type { TestContext } from './conformance-test.ts';
import { getJson, request } from './requests.ts';
import { until } from './until.ts';
import { type Change, watching, type Watching } from './watches.ts';

/** One endpoint of the API and how its objects are written: the operations that every resource must support. */
export interface Lifecycle<O extends ApiObject> {
  readonly kind: Kind<O>;
  /** Without namespace and label, which are given to it. */
  readonly initial: Draft<O> & { readonly metadata: { readonly name: string } };
  /** What `replace` changes, and every patch: the same as a merge patch. */
  readonly change: object;
  /** The same for the status subresource, where there is one. */
  readonly status?: object;
}

type Json = Readonly<Record<string, any>>;

const LABEL = 'e2e-test.kubernetes.io';
const SETTLE_MS = 30_000;
const TRIES_MAX = 10;

/**
 * Creates, gets, lists, updates, patches in each way, deletes one and deletes many of a resource, and watches it
 * meanwhile across namespaces and in its own: as upstream's generic resource test does.
 */
export async function checkLifecycle<O extends ApiObject>(
  context: TestContext,
  lifecycle: Lifecycle<O>,
): Promise<void> {
  const run = new Run(context, lifecycle);
  await run.discovery();
  await run.begin();
  await run.create();
  await run.readBack();
  await run.replace();
  if (lifecycle.status) await run.replaceStatus(lifecycle.status);
  await run.patches(lifecycle.change, '');
  if (lifecycle.status) await run.patches(lifecycle.status, '/status');
  await run.deleteMany();
}

class Run<O extends ApiObject> {
  readonly #context: TestContext;
  readonly #lifecycle: Lifecycle<O>;
  readonly #draft: Json;
  readonly #collection: string;
  readonly #selector: string;
  #watches: readonly Watching<O>[] = [];

  constructor(context: TestContext, lifecycle: Lifecycle<O>) {
    const { kind, initial } = lifecycle;
    this.#context = context;
    this.#lifecycle = lifecycle;
    this.#selector = `${LABEL}=${context.unique}`;
    const draft = initial as Json;
    this.#draft = {
      apiVersion: this.#groupVersion(),
      kind: kind.kind,
      ...draft,
      metadata: {
        ...draft['metadata'],
        labels: { ...draft['metadata'].labels, [LABEL]: context.unique },
        ...(kind.namespaced ? { namespace: context.namespace } : {}),
      },
    };
    this.#collection = `${this.#prefix()}${kind.namespaced ? `/namespaces/${context.namespace}` : ''}/${kind.plural}`;
  }

  #groupVersion(): string {
    const { group, version } = this.#lifecycle.kind;
    return group ? `${group}/${version}` : version;
  }

  #prefix(): string {
    return `/${this.#lifecycle.kind.group ? 'apis' : 'api'}/${this.#groupVersion()}`;
  }

  get #path(): string {
    return `${this.#collection}/${this.#draft['metadata'].name}`;
  }

  async discovery(): Promise<void> {
    const { group, version, plural } = this.#lifecycle.kind;
    if (group) {
      const groups = await getJson<Json>(this.#context, '/apis');
      assert.ok(
        groups['groups'].some(({ name }: Json) => name === group),
        `/apis names ${group}`,
      );
      const one = await getJson<Json>(this.#context, `/apis/${group}`);
      assert.ok(
        one['versions'].some((v: Json) => v['version'] === version),
        `/apis/${group} names ${version}`,
      );
    }
    const { resources } = await getJson<Json>(this.#context, this.#prefix());
    const names = resources.map(({ name }: Json) => name);
    for (const wanted of [plural, ...(this.#lifecycle.status ? [`${plural}/status`] : [])])
      assert.ok(names.includes(wanted), `${this.#prefix()} names ${wanted}`);
  }

  /** Nothing is there; from here on everything is watched. */
  async begin(): Promise<void> {
    const { kind } = this.#lifecycle;
    const { items, resourceVersion } = await this.#context.api.of(kind).list({ labelSelector: this.#selector });
    assert.deepEqual(items, []);
    const scopes = [{}, ...(kind.namespaced ? [{ namespace: this.#context.namespace }] : [])];
    this.#watches = scopes.map((scope) =>
      watching(this.#context, kind, { ...scope, labelSelector: this.#selector, after: resourceVersion }),
    );
    this.#context.cleanup(async () => {
      if (!(await this.#isGone())) await this.#send('DELETE', this.#path);
    });
  }

  async create(): Promise<Json> {
    const made = await this.#send('POST', `${this.#collection}?fieldValidation=Strict`, this.#draft);
    this.#sameName(made);
    await this.#seen('ADDED', made);
    return made;
  }

  async readBack(): Promise<void> {
    this.#sameName(await getJson<Json>(this.#context, this.#path));
    const options = [{}, ...(this.#lifecycle.kind.namespaced ? [{ namespace: this.#context.namespace }] : [])];
    for (const scope of options) {
      const { items } = await this.#context.api
        .of(this.#lifecycle.kind)
        .list({ ...scope, labelSelector: this.#selector });
      assert.deepEqual(
        items.map((o) => o.metadata.name),
        [this.#draft['metadata'].name],
      );
    }
  }

  async replace(): Promise<void> {
    const { before, after } = await this.#replaced(this.#path, this.#lifecycle.change);
    this.#holds(after, this.#lifecycle.change);
    assert.ok(
      BigInt(after['metadata'].resourceVersion) > BigInt(before['metadata'].resourceVersion),
      'the version grows',
    );
    await this.#seen('MODIFIED', after);
  }

  async replaceStatus(status: object): Promise<void> {
    const { after } = await this.#replaced(`${this.#path}/status`, status);
    this.#holds(after, status);
    await this.#seen('MODIFIED', after);
    this.#holds(await getJson<Json>(this.#context, `${this.#path}/status`), status);
  }

  /** Again where a controller was faster, as clients do. */
  async #replaced(path: string, change: object): Promise<{ readonly before: Json; readonly after: Json }> {
    for (let tries = 1; ; tries += 1) {
      const before = await getJson<Json>(this.#context, path);
      const body = merged(before, change as Json);
      const { status, text } = await request(this.#context, { method: 'PUT', path, body });
      if (status === 409 && tries < TRIES_MAX) continue;
      assert.ok(status >= 200 && status < 300, `PUT ${path} was answered ${status}: ${text}`);
      return { before, after: JSON.parse(text) as Json };
    }
  }

  /** Each kind of patch on a fresh object. */
  async patches(change: object, subresource: string): Promise<void> {
    const kinds = [
      ['application/strategic-merge-patch+json', ''],
      ['application/apply-patch+yaml', '&fieldManager=test-apply&force=true'],
      ['application/merge-patch+json', ''],
      ['application/json-patch+json', ''],
    ] as const;
    for (const [type, options] of kinds) {
      await this.#remove();
      const made = await this.create();
      const { namespace, name, uid } = made['metadata'];
      const identity = {
        apiVersion: made['apiVersion'],
        kind: made['kind'],
        metadata: { name, uid, ...(namespace ? { namespace } : {}) },
      };
      const body = type.includes('json-patch') ? jsonPatchOf(change as Json, made) : merged(identity, change as Json);
      const after = await this.#send(
        'PATCH',
        `${this.#path}${subresource}?fieldValidation=Strict${options}`,
        body,
        type,
      );
      this.#holds(after, change);
      await this.#seen('MODIFIED', after);
    }
  }

  async deleteMany(): Promise<void> {
    await this.#send('DELETE', `${this.#collection}?labelSelector=${encodeURIComponent(this.#selector)}`);
    await until(this.#context, 'the end of the collection', SETTLE_MS, () => this.#isGone());
    await this.#seen('DELETED');
  }

  async #remove(): Promise<void> {
    await this.#send('DELETE', this.#path);
    await until(this.#context, 'the end of the object', SETTLE_MS, () => this.#isGone());
    await this.#seen('DELETED');
  }

  async #isGone(): Promise<boolean> {
    try {
      await this.#context.api.of(this.#lifecycle.kind).get(keyOf(this.#draft as unknown as ApiObject));
      return false;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return true;
      throw error;
    }
  }

  async #send(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<Json> {
    const { status, text } = await request(this.#context, {
      method,
      path,
      contentType,
      ...(body === undefined ? {} : { body }),
    });
    assert.ok(status >= 200 && status < 300, `${method} ${path} (${contentType}) was answered ${status}: ${text}`);
    return JSON.parse(text) as Json;
  }

  /** Every watch sees it, in order. */
  async #seen(type: Change<O>['type'], object?: Json): Promise<void> {
    for (const watch of this.#watches) {
      const version = object?.['metadata'].resourceVersion as string | undefined;
      await watch.next(
        `a ${type} event`,
        SETTLE_MS,
        (change) =>
          change.type === type && (version === undefined || change.object.metadata.resourceVersion === version),
      );
    }
  }

  #sameName({ metadata }: Json): void {
    assert.deepEqual(
      [metadata.name, metadata.namespace],
      [this.#draft['metadata'].name, this.#draft['metadata'].namespace],
    );
    assert.match(metadata.resourceVersion, /^[1-9]\d*$/);
  }

  /** What was asked for is there; more may be. */
  #holds(object: Json, change: object): void {
    this.#sameName(object);
    assert.deepEqual(merged(object, change as Json), object);
  }
}

/**
 * A merge of objects: lists and values of the second replace those of the first. Conditions are merged by their type, since
 * a controller may have its own among them, or know more of the same.
 */
function merged(base: Json, change: Json): Json {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(change)) {
    const below = result[key];
    const areObjects = [value, below].every((one) => typeof one === 'object' && one !== null && !Array.isArray(one));
    if (key === 'conditions' && Array.isArray(below)) result[key] = mergedByType(below as Json[], value as Json[]);
    else result[key] = areObjects ? merged(below as Json, value as Json) : value;
  }
  return result;
}

function mergedByType(base: readonly Json[], change: readonly Json[]): readonly Json[] {
  const isSame = (a: Json) => (b: Json) => a['type'] === b['type'];
  return [
    ...base.map((one) => merged(one, change.find(isSame(one)) ?? {})),
    ...change.filter((one) => !base.some(isSame(one))),
  ];
}

/** Additions of every leaf, as deep as the object has a place for them. */
function jsonPatchOf(change: Json, object: Json, path = ''): readonly object[] {
  return Object.entries(change).flatMap(([key, value]) => {
    const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const below: unknown = object[key];
    const descends =
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      typeof below === 'object' &&
      below !== null;
    return descends
      ? jsonPatchOf(value as Json, below as Json, at)
      : [{ op: 'add', path: at, value: value as unknown }];
  });
}
