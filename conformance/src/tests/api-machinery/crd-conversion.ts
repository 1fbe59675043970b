import assert from 'node:assert/strict';
import { customResourceDefinition } from '@navarch/api';
import { type ConformanceTest, conformanceTest, type TestContext } from '../../conformance-test.ts';
import { getJson, request } from '../../requests.ts';
import { until } from '../../until.ts';
import { deployWebhookServer } from '../../conversion-server.ts';

const GROUP = 'stable.example.com';
const SERVER = {
  role: 'crd-conversion-webhook',
  name: 'e2e-test-crd-conversion-webhook',
  servicePort: 9443,
  containerPort: 9444,
};
const READY_MS = 30_000;
const CREATE_TRIES = 5;

type Version = 'v1' | 'v2';
interface Item {
  readonly apiVersion: string;
  readonly metadata: { readonly name: string };
  readonly hostPort?: string;
  readonly host?: string;
  readonly port?: string;
}

/** Versions of which one is stored: v1 has the address in one field, v2 in two. */
const versions = (stored: Version): readonly object[] =>
  (['v1', 'v2'] as const).map((name) => ({
    name,
    served: true,
    storage: name === stored,
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: Object.fromEntries(
          (name === 'v1' ? ['hostPort'] : ['host', 'port']).map((field) => [field, { type: 'string' }]),
        ),
      },
    },
  }));

/** The kind in two versions between which a webhook of this test converts. */
class Converted {
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

function isV1(item: Item): void {
  assert.deepEqual(
    [item.apiVersion, item.hostPort, item.host, item.port],
    [`${GROUP}/v1`, 'localhost:8080', undefined, undefined],
  );
}

function isV2(item: Item): void {
  assert.deepEqual(
    [item.apiVersion, item.hostPort, item.host, item.port],
    [`${GROUP}/v2`, undefined, 'localhost', '8080'],
  );
}

export const crdConversionTests: readonly ConformanceTest[] = [
  conformanceTest(
    '[sig-api-machinery] CustomResourceConversionWebhook should be able to convert from CR v1 to CR v2',
    async (context) => {
      const converted = await Converted.define(context);
      assert.equal(await converted.create('v1', 'cr-instance-1', { hostPort: 'localhost:8080' }), 201);
      isV2(await getJson<Item>(context, `${converted.path('v2')}/cr-instance-1`));
    },
  ),

  conformanceTest(
    '[sig-api-machinery] CustomResourceConversionWebhook should be able to convert a non homogeneous list of CRs',
    async (context) => {
      const converted = await Converted.define(context);
      assert.equal(await converted.create('v1', 'cr-instance-1', { hostPort: 'localhost:8080' }), 201);
      await context.api
        .of(customResourceDefinition)
        .update(converted.name, (held) => ({ ...held, spec: { ...held.spec, versions: versions('v2') as never } }));
      let made = 0;
      // What is served changes with the stored version: requests of that moment may be cut off.
      for (let i = 0; i < CREATE_TRIES && made !== 201; i++)
        made = await converted.create('v1', 'cr-instance-2', { hostPort: 'localhost:8080' });
      assert.equal(made, 201);
      for (const [version, is] of [
        ['v1', isV1],
        ['v2', isV2],
      ] as const) {
        const { items } = await getJson<{ readonly items: readonly Item[] }>(context, converted.path(version));
        assert.deepEqual(items.map(({ metadata }) => metadata.name).toSorted(), ['cr-instance-1', 'cr-instance-2']);
        items.forEach(is);
      }
    },
  ),
];
