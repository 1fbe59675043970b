import assert from 'node:assert/strict';
import { customResourceDefinition } from '@navarch/api';
import { type ConformanceTest, conformanceTest } from '../../conformance-test.ts';
import { Converted, GROUP, versions } from '../../converted-kind.ts';
import { getJson } from '../../requests.ts';

const CREATE_TRIES = 5;

interface Item {
  readonly apiVersion: string;
  readonly metadata: { readonly name: string };
  readonly hostPort?: string;
  readonly host?: string;
  readonly port?: string;
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
