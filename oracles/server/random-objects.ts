import fc from 'fast-check';
import type { JsonSchema } from '../../packages/machinery/src/structural/json-schema.ts';
import { type Change, customSeries } from '../custom-resources/cases.ts';
import type { Oracle, OracleContext } from '../oracle.ts';
import { exchange } from './http.ts';
import { ours, type Side, theirs } from './sides.ts';
import { readJson, writeJson } from '@navarch/machinery';
import { mapJson } from '../map-json.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GROUP = 'random.oracle.dev';
const NAMESPACE = 'random';
const OBJECTS = 8;
/** What is asked of a definition and its objects, more or less: many are refused. */
const REQUESTS = 30;
/** Definitions that are there at once. */
const BATCH = 16;
/** Upstream's server lets whoever creates the first object of a definition wait so long. */
const FRESH_MS = 2_200;
const SHOWN_MAX = 10;
const TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

interface Trial {
  readonly plural: string;
  readonly hasStatus: boolean;
  readonly schema: JsonSchema;
  readonly changes: readonly Change[];
}

/** Random definitions with random objects: created, updated, patched in every way, shown, by both servers. */
export const randomObjectsOracle: Oracle = {
  name: 'random-objects',
  async run(context) {
    await using their = await theirs();
    await using our = await ours();
    for (const side of [their, our]) {
      await exchange(side, {
        method: 'POST',
        path: '/api/v1/namespaces',
        headers: { 'content-type': 'application/json' },
        body: writeJson({ metadata: { name: NAMESPACE } }),
      });
    }
    const trials = trialsOf(context);
    let [asked, different] = [0, 0];
    for (let from = 0; from < trials.length; from += BATCH) {
      const batch = trials.slice(from, from + BATCH);
      const [left, right] = [await played(their, batch), await played(our, batch)];
      for (const [i, steps] of left.entries()) {
        for (const [j, step] of steps.entries()) {
          const other = right[i]?.[j];
          asked += 1;
          if (other?.answered === step.answered) continue;
          different += 1;
          if (different <= SHOWN_MAX)
            context.say(
              `${step.asked}\n  theirs ${step.shown}\n  ours   ${other?.shown}\n  of ${writeJson(batch[i]?.schema)}`,
            );
          // What follows is about other objects then.
          break;
        }
      }
    }
    context.say(`${different === 0 ? 'ok  ' : 'FAIL'} random objects: ${different} of ${asked} requests differ`);
    return different === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  },
};

function trialsOf({ cases, seed }: OracleContext): readonly Trial[] {
  const series = fc.sample(customSeries(OBJECTS), { numRuns: Math.max(1, Math.ceil(cases / REQUESTS)), seed });
  return series.map(({ schema, changes }, i) => {
    const { apiVersion: _, metadata, ...properties } = schema.properties ?? {};
    const status = properties['a'];
    const withStatus = { ...properties, ...(metadata ? {} : {}), ...(status ? { status } : {}) };
    return { plural: `things${i}`, hasStatus: i % 2 === 1, schema: { ...schema, properties: withStatus }, changes };
  });
}

interface Step {
  readonly asked: string;
  readonly answered: string;
  readonly shown: string;
}

/** What a server answers to a batch, the definitions in order. */
async function played(side: Side, batch: readonly Trial[]): Promise<readonly (readonly Step[])[]> {
  const all = batch.map((trial) => new Play(side, trial));
  for (const play of all) await play.define();
  await new Promise((resolve) => {
    setTimeout(resolve, side.name === 'theirs' ? FRESH_MS : 50);
  });
  await Promise.all(all.map((play) => play.run()));
  for (const play of all) await play.drop();
  return all.map(({ steps }) => steps);
}

class Play {
  readonly steps: Step[] = [];
  readonly #side: Side;
  readonly #trial: Trial;
  #isServed = false;

  constructor(side: Side, trial: Trial) {
    this.#side = side;
    this.#trial = trial;
  }

  get #objects(): string {
    return `/apis/${GROUP}/v1/namespaces/${NAMESPACE}/${this.#trial.plural}`;
  }

  get #kind(): string {
    return this.#trial.plural.replace('things', 'Thing');
  }

  async define(): Promise<void> {
    const { plural, schema, hasStatus } = this.#trial;
    const version = {
      name: 'v1',
      served: true,
      storage: true,
      schema: { openAPIV3Schema: schema },
      ...(hasStatus ? { subresources: { status: {} } } : {}),
    };
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${GROUP}` },
      spec: { group: GROUP, scope: 'Namespaced', names: { plural, kind: this.#kind }, versions: [version] },
    };
    const { status } = await this.#ask('POST', DEFINITIONS, definition);
    if (status !== 201) return;
    const isServed = async (): Promise<boolean> => (await this.#quietly('GET', this.#objects)).status === 200;
    for (let i = 0; i < 500 && !(await isServed()); i++)
      await new Promise((resolve) => {
        setTimeout(resolve, 10);
      });
    this.#isServed = true;
  }

  async run(): Promise<void> {
    if (!this.#isServed) return;
    for (const [i, change] of this.#trial.changes.entries()) await this.#object(`o${i}`, change);
    await this.#ask('GET', this.#objects);
  }

  async drop(): Promise<void> {
    await this.#quietly('DELETE', `${DEFINITIONS}/${this.#trial.plural}.${GROUP}`);
  }

  async #object(name: string, { value, old }: Change): Promise<void> {
    const path = `${this.#objects}/${name}`;
    const made = (fields: object, metadata: object = {}): object => ({
      ...fields,
      apiVersion: `${GROUP}/v1`,
      kind: this.#kind,
      metadata: { name, ...metadata },
    });
    await this.#ask('POST', this.#objects, made(old));
    const { body } = await this.#quietly('GET', path);
    const { resourceVersion } = (body as { metadata?: { resourceVersion?: string } } | undefined)?.metadata ?? {};
    await this.#ask('PUT', path, made(value, resourceVersion === undefined ? {} : { resourceVersion }));
    await this.#ask('PATCH', path, old, TYPES.merge);
    const [first = 'a', ...rest] = Object.keys(value);
    await this.#ask(
      'PATCH',
      path,
      [
        { op: 'add', path: `/${first}`, value: value[first] ?? null },
        ...rest.slice(0, 1).map((key) => ({ op: 'remove', path: `/${key}` })),
      ],
      TYPES.json,
    );
    await this.#ask('PATCH', `${path}?fieldManager=one`, made(old), TYPES.apply);
    await this.#ask('PATCH', `${path}?fieldManager=two&force=true&fieldValidation=Strict`, made(value), TYPES.apply);
    await this.#ask('PATCH', `${path}/status`, { status: value['a'] }, TYPES.merge);
    await this.#ask('PUT', `${path}?fieldValidation=Strict`, made({ ...value, zzz: 1 }));
    await this.#ask('GET', path, undefined, '', { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  }

  async #ask(
    method: string,
    path: string,
    sent?: unknown,
    type = 'application/json',
    more: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number }> {
    const { status, body, warnings } = await this.#quietly(method, path, sent, type, more);
    const asked = `${method} ${path} ${type} ${sent === undefined ? '' : plain(writeJson(sent))}`;
    // Upstream patches what its cache has first, and warns of that, where the object has become another meanwhile.
    const warned = type === TYPES.json && status === 422 ? [] : warnings;
    const shown = (value: unknown): string => plain(`${status} ${warned.join(', ')} ${writeJson(value)}`);
    this.steps.push({ asked, answered: shown(ordered(body)), shown: shown(body) });
    return { status };
  }

  async #quietly(
    method: string,
    path: string,
    sent?: unknown,
    type = 'application/json',
    more: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly body: unknown; readonly warnings: readonly string[] }> {
    const headers = { ...(sent === undefined ? {} : { 'content-type': type }), 'user-agent': 'oracle/1', ...more };
    const answered = await exchange(this.#side, {
      method,
      path,
      headers,
      ...(sent === undefined ? {} : { body: writeJson(sent) }),
    });
    const text = answered.bytes.toString();
    return {
      status: answered.status,
      body: text.startsWith('{') ? readJson(text) : text,
      warnings: answered.warnings,
    };
  }
}

/** What no two servers have in common is the same for all. */
const plain = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
    .replace(/("resourceVersion":")\d+/g, '$1VERSION')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
    .replace(/("cells":\["o\d+",")\d+s"/g, '$1AGE"');

interface Shown {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string };
  readonly message?: string;
  readonly details?: { readonly causes?: readonly object[] };
  readonly columnDefinitions?: unknown;
}

/** Upstream goes through maps in any order: faults are sorted, and so are owners, whose order is by times. */
function ordered(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const { kind, message = '', details, columnDefinitions: _, ...rest } = body as Shown;
  // Its own order of fields is compared elsewhere, and so are descriptions.
  if (kind === 'CustomResourceDefinition') return { kind, name: rest.metadata?.name };
  if (kind === 'Status')
    return {
      ...rest,
      message: sorted(message),
      details: details && { ...details, causes: details.causes?.map((cause) => writeJson(cause)).toSorted() },
    };
  const shown = { ...(kind === 'Table' ? rest : body) };
  return mapJson(shown, (name, value) =>
    name === 'managedFields' && Array.isArray(value) ? value.map((entry) => plain(writeJson(entry))).toSorted() : value,
  );
}

/**
 * A message that tells of several faults, without what is told of each among the causes; of what does not fit together
 * upstream tells the part that it happens to meet.
 */
const sorted = (message: string): string =>
  message.replace(/ is invalid: .*/s, ' is invalid').replace(/^(failed to create typed patch object [^)]*\)).*/s, '$1');
