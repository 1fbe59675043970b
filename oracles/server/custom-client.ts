import { type Definition, DEFINITIONS } from './custom-definitions.ts';
import { exchange } from './http.ts';
import type { Side } from './sides.ts';
import { readJson, writeJson } from '@navarch/machinery';
import { mapJson } from '../map-json.ts';

/** Upstream's server lets whoever creates the first object of a definition wait so long: together it takes less. */
const FRESH_MS = 2_100;
/** Upstream's server tries a deletion that failed again later and later: on a busy machine that takes a while. */
const UNTIL_MS = 60_000;
/** Upstream's server answers so while it takes up what a definition says now. */
const AGAIN = 429;

export interface Reply {
  readonly status: number;
  readonly text: string;
  /** What JSON says; undefined of what is none. */
  readonly json: any;
}

export interface Step {
  readonly asked: string;
  readonly answered: string;
}

export interface CustomScenario {
  readonly name: string;
  /** `group` is the scenario's own. */
  run(client: CustomClient, group: string): Promise<void>;
}

export const scenario = (name: string, run: CustomScenario['run']): CustomScenario => ({ name, run });

/** Asks one of the servers about definitions and their objects, and writes down what it answers: what the two must have in common. */
export class CustomClient {
  readonly steps: Step[] = [];
  readonly #side: Side;

  constructor(side: Side) {
    this.#side = side;
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    let reply = await this.#exchange(method, path, body, headers);
    for (let i = 0; i < 5 && reply.status === AGAIN; i++) {
      await paused(1000);
      reply = await this.#exchange(method, path, body, headers);
    }
    const { status, warnings, text, json } = reply;
    const shown = json === undefined ? text : writeJson(normal(json));
    this.steps.push({
      asked: `${method} ${path} ${body === undefined ? '' : writeJson(body).slice(0, 300)}`,
      answered: [status, ...warnings, plain(shown)].join('\n'),
    });
    return reply;
  }

  get(path: string): Promise<Reply> {
    return this.#exchange('GET', path);
  }

  async until(path: string, isSo: (reply: Reply) => boolean): Promise<Reply> {
    const end = performance.now() + UNTIL_MS;
    for (;;) {
      const reply = await this.get(path);
      if (isSo(reply)) return reply;
      if (performance.now() > end)
        throw new Error(`${this.#side.name}: GET ${path} is not as it should be after ${UNTIL_MS} ms: ${reply.text}`);
      await paused(20);
    }
  }

  /** Makes a definition, and waits until the server has decided about it and takes objects. */
  async define(made: Definition): Promise<void> {
    const { status } = await this.ask('POST', DEFINITIONS, made);
    if (status !== 201) return;
    await this.settle(made.metadata.name);
    if (this.#side.name === 'theirs') await paused(FRESH_MS);
  }

  /** Waits until the names of a definition are judged as they are now, and discovery follows. */
  async settle(name: string): Promise<void> {
    const { json } = await this.until(`${DEFINITIONS}/${name}`, (reply) => {
      const accepted = conditionOf(reply.json, 'NamesAccepted');
      return (
        accepted?.status === 'False' ||
        conditionOf(reply.json, 'Established')?.reason === 'InvalidCABundle' ||
        (isTrue(reply.json, 'Established') && same(reply.json.status.acceptedNames, reply.json.spec.names))
      );
    });
    // What is told besides is told by others, who come later.
    if (json.spec.group.endsWith('.k8s.io'))
      await this.until(
        `${DEFINITIONS}/${name}`,
        (reply) => conditionOf(reply.json, 'KubernetesAPIApprovalPolicyConformant') !== undefined,
      );
    const {
      group,
      names: { plural, singular, shortNames = [] },
      versions,
    } = json.spec;
    for (const version of isTrue(json, 'Established')
      ? versions.filter(({ served }: { readonly served: boolean }) => served)
      : []) {
      await this.until(`/apis/${group}/${version.name}`, (reply) =>
        reply.json?.resources?.some(
          (one: { readonly name: string; readonly singularName: string; readonly shortNames?: readonly string[] }) =>
            one.name === plural && one.singularName === singular && (one.shortNames ?? []).join() === shortNames.join(),
        ),
      );
    }
    if (!isTrue(json, 'Established')) return;
    // What keeps its objects begins with the first question. A definition that is removed before stays for minutes.
    for (const version of versions.filter(({ served }: { readonly served: boolean }) => served))
      await this.until(`/apis/${group}/${version.name}/${plural}`, ({ status }) => status !== AGAIN);
    // The group is told of by somebody who may come later still.
    await this.until(`/apis/${group}`, (reply) =>
      versions.every(
        ({ name: version, served }: { readonly name: string; readonly served: boolean }) =>
          (reply.json?.versions ?? []).some((one: { readonly version: string }) => one.version === version) === served,
      ),
    );
  }

  async drop(name: string): Promise<void> {
    await this.#exchange('DELETE', `${DEFINITIONS}/${name}`);
    await this.until(`${DEFINITIONS}/${name}`, ({ status }) => status === 404);
  }

  async #exchange(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply & { readonly warnings: readonly string[] }> {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : writeJson(body) };
    const answered = await exchange(this.#side, {
      method,
      path,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        'user-agent': 'oracle/1',
        ...headers,
      },
      ...sent,
    });
    const text = answered.bytes.toString();
    return {
      status: answered.status,
      text,
      json: text.startsWith('{') ? (readJson(text) as unknown) : undefined,
      warnings: answered.warnings.join(', ').split(', ').toSorted(),
    };
  }
}

const paused = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

const conditionOf = (
  json: Definition,
  type: string,
): { readonly status: string; readonly reason?: string } | undefined =>
  json?.status?.conditions?.find((condition: { readonly type: string }) => condition.type === type);
const isTrue = (json: Definition, type: string): boolean => conditionOf(json, type)?.status === 'True';
const same = (a: object, b: object): boolean =>
  writeJson(Object.entries(a).toSorted()) === writeJson(Object.entries(b).toSorted());

/** What no two servers have in common is the same for all. */
const plain = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
    .replace(/(resourceVersion\\*":\\*")\d+/g, '$1VERSION')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME');

/** Upstream's executable gives its controllers its name; what several of them write at once comes in any order. */
function normal(json: unknown): unknown {
  return mapJson(json, (name, value) => {
    if (name === 'manager' && value === 'server') return 'kube-apiserver';
    if ((name === 'managedFields' || name === 'conditions') && Array.isArray(value))
      return value.map((entry) => plain(writeJson(entry))).toSorted();
    // Names and times of creation are described in words of our own.
    const column = value as { readonly format?: string; readonly name?: string; readonly jsonPath?: string } | null;
    const isOurs =
      typeof column === 'object' &&
      column?.jsonPath === undefined &&
      (column?.format === 'name' || column?.name === 'Age');
    return isOurs ? { ...column, description: '' } : value;
  });
}
