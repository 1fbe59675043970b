import assert from 'node:assert/strict';
import { customResourceDefinition } from '@navarch/api';
import type { TestContext } from './conformance-test.ts';
import { deployWebhookServer } from './conversion-server.ts';
import { request } from './requests.ts';
import { until } from './until.ts';

export const GROUP = 'stable.example.com';
const SERVER = {
  role: 'crd-conversion-webhook',
  name: 'e2e-test-crd-conversion-webhook',
  servicePort: 9443,
  containerPort: 9444,
};
const READY_MS = 30_000;

export type Version = 'v1' | 'v2';

/** v1 has the address in one field, v2 in two. */
const FIELDS = { v1: ['hostPort'], v2: ['host', 'port'] } as const;

/** Versions of which one is stored. Objects can be selected by the fields of each. */
export const versions = (stored: Version): readonly object[] =>
  (['v1', 'v2'] as const).map((name) => ({
    name,
    served: true,
    storage: name === stored,
    selectableFields: FIELDS[name].map((field) => ({ jsonPath: `.${field}` })),
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: Object.fromEntries(FIELDS[name].map((field) => [field, { type: 'string' }])),
      },
    },
  }));

/** The kind in two versions between which a webhook of this test converts. */
export class Converted {
  readonly #context: TestContext;
  readonly #kind: string;
  readonly name: string;

  private constructor(context: TestContext) {
    this.#context = context;
    this.#kind = `ConversionTest${context.unique}`;
    this.name = `${this.#plural}.${GROUP}`;
  }

  static async define(context: TestContext): Promise<Converted> {
    const made = new Converted(context);
    const caBundle = await deployWebhookServer(context, SERVER);
    context.cleanup(() => context.api.of(customResourceDefinition).delete(made.name));
    await context.api.of(customResourceDefinition).create({
      metadata: { name: made.name },
      spec: {
        group: GROUP,
        scope: 'Namespaced',
        versions: versions('v1') as never,
        names: {
          plural: made.#plural,
          singular: made.#kind.toLowerCase(),
          kind: made.#kind,
          listKind: `${made.#kind}List`,
        },
        conversion: {
          strategy: 'Webhook',
          webhook: {
            conversionReviewVersions: ['v1', 'v1beta1'],
            clientConfig: {
              caBundle,
              service: {
                namespace: context.namespace,
                name: SERVER.name,
                path: '/crdconvert',
                port: SERVER.servicePort,
              },
            },
          },
        },
      },
    });
    await made.#untilConverting();
    return made;
  }

  get #plural(): string {
    return `${this.#kind.toLowerCase()}s`;
  }

  path(version: Version): string {
    return `/apis/${GROUP}/${version}/namespaces/${this.#context.namespace}/${this.#plural}`;
  }

  /** Resolves to the status. */
  async create(version: Version, name: string, fields: object): Promise<number> {
    const { namespace } = this.#context;
    const body = { apiVersion: `${GROUP}/${version}`, kind: this.#kind, metadata: { name, namespace }, ...fields };
    const { status, text } = await request(this.#context, { method: 'POST', path: this.path(version), body });
    if (status !== 201) this.#context.log(`creating ${name} in ${version} was answered ${status}: ${text}`);
    return status;
  }

  /** The rules of the network may come a moment after the service. What was made is removed again. */
  async #untilConverting(): Promise<void> {
    const name = `probe-${this.#context.unique}`;
    await until(
      this.#context,
      'the webhook converting',
      READY_MS,
      async () => (await this.create('v2', name, {})) === 201,
    );
    const { status } = await request(this.#context, { method: 'DELETE', path: `${this.path('v2')}/${name}` });
    assert.equal(status, 200);
  }
}
