import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kubectl } from './command.ts';
import { manifest } from './manifests.ts';
import { includes, type Step, step } from './step.ts';

const schema = {
  type: 'object',
  description: 'A Lamp gives light.',
  properties: {
    spec: {
      type: 'object',
      required: ['watts'],
      properties: {
        watts: { type: 'integer', minimum: 1, description: 'How much it takes.' },
        colour: { type: 'string', enum: ['warm', 'cold'] },
        replicas: { type: 'integer' },
      },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, lit: { type: 'boolean' } } },
  },
} as const;

const lamp = (spec: object, apiVersion: string): object => ({
  apiVersion,
  kind: 'Lamp',
  metadata: { name: 'desk' },
  spec,
});

/** Defines lamps in a group that is the namespace's own, and works with them. */
async function withLamps(kubectl: Kubectl, work: (apiVersion: string, group: string) => Promise<void>): Promise<void> {
  const { ok, run, namespace } = kubectl;
  const group = `${namespace}.example.com`;
  await ok(
    ['apply', '-f', '-'],
    manifest({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `lamps.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'lamps', singular: 'lamp', kind: 'Lamp', shortNames: ['lp'], categories: ['all'] },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: schema },
            selectableFields: [{ jsonPath: '.spec.colour' }],
            subresources: {
              status: {},
              scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
            },
            additionalPrinterColumns: [
              { name: 'Watts', type: 'integer', jsonPath: '.spec.watts' },
              { name: 'Colour', type: 'string', priority: 1, jsonPath: '.spec.colour' },
            ],
          },
        ],
      },
    }),
  );
  try {
    await untilEstablished(kubectl, `crd/lamps.${group}`);
    await work(`${group}/v1`, group);
  } finally {
    await run(['delete', 'crd', `lamps.${group}`, '--wait=false']);
  }
}

/** A definition that nobody has looked at yet has conditions of null, at which `kubectl wait` gives up (as beside upstream). */
async function untilEstablished({ run }: Kubectl, definition: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const { code, output } = await run(['wait', '--for=condition=Established', definition, '--timeout=30s']);
    if (code === 0) return;
    assert.ok(output.includes('conditions accessor error') && tries < 50, output);
    await sleep(100);
  }
}

export const customResources: readonly Step[] = [
  step('custom resources: applied again and again, edited, scaled, compared', async (kubectl) => {
    await withLamps(kubectl, async (apiVersion, group) => {
      const { ok, run } = kubectl;
      const text = (watts: number): string => manifest(lamp({ watts, colour: 'warm' }, apiVersion));
      const name = `lamp.${group}/desk`;
      assert.equal(await ok(['apply', '-f', '-'], text(1)), `${name} created\n`);
      assert.equal(await ok(['apply', '-f', '-'], text(1)), `${name} unchanged\n`);
      const changed = await run(['diff', '-f', '-'], text(2));
      assert.equal(changed.code, 1, changed.output);
      includes(changed.output, '-  watts: 1', '+  watts: 2');
      assert.equal(await ok(['apply', '-f', '-'], text(2)), `${name} configured\n`);
      assert.equal(
        await ok(['edit', 'lamp', 'desk'], undefined, { KUBE_EDITOR: 'sed -i -e s/warm/cold/' }),
        `${name} edited\n`,
      );
      assert.equal(await ok(['scale', 'lamp/desk', '--replicas=3']), `${name} scaled\n`);
      assert.equal(
        await ok(['patch', 'lamp', 'desk', '--type=merge', '-p', '{"spec":{"watts":7}}']),
        `${name} patched\n`,
      );
      assert.equal(
        await ok(['patch', 'lamp', 'desk', '--subresource=status', '--type=merge', '-p', '{"status":{"lit":true}}']),
        `${name} patched\n`,
      );
      assert.equal(
        await ok(['get', 'lamp', 'desk', '-o', 'jsonpath={.spec} {.status}']),
        '{"colour":"cold","replicas":3,"watts":7} {"lit":true}',
      );
      assert.equal(
        await ok(['apply', '--server-side', '--force-conflicts', '-f', '-'], text(9)),
        `${name} serverside-applied\n`,
      );
      assert.equal(await ok(['replace', '-f', '-'], text(4)), `${name} replaced\n`);
      includes(await ok(['delete', '-f', '-'], text(4)), `lamp.${group} "desk" deleted`);
    });
  }),
  step('custom resources: their columns, fields and words', async (kubectl) => {
    await withLamps(kubectl, async (apiVersion, group) => {
      const { ok, fails } = kubectl;
      await ok(['create', '-f', '-'], manifest(lamp({ watts: 5, colour: 'cold' }, apiVersion)));
      assert.match(await ok(['get', 'lp']), /^NAME\s+WATTS\ndesk\s+5\n$/);
      assert.match(await ok(['get', `lamps.v1.${group}`, '-o', 'wide']), /^NAME\s+WATTS\s+COLOUR\ndesk\s+5\s+cold\n$/);
      assert.equal(await ok(['get', 'lamps', '--field-selector=spec.colour=warm', '-o', 'name']), '');
      assert.equal(
        await ok(['get', 'lamps', '--field-selector=spec.colour=cold', '-o', 'name']),
        `lamp.${group}/desk\n`,
      );
      includes(await ok(['get', 'all']), `lamp.${group}/desk`);
      includes(await ok(['describe', 'lamp', 'desk']), 'API Version:  ', 'Kind:         Lamp', '  Watts:   5');
      includes(await ok(['explain', 'lamp']), `GROUP:      ${group}`, 'KIND:       Lamp', 'A Lamp gives light.');
      includes(
        await ok(['explain', 'lamp.spec']),
        'FIELD: spec <Object>',
        'watts\t<integer> -required-',
        'How much it takes.',
        'enum: warm, cold',
      );
      const wrong = manifest({
        ...lamp({ watts: 0, colour: 'blue', volts: 5 }, apiVersion),
        metadata: { name: 'wrong' },
      });
      includes(
        await fails(['create', '-f', '-'], wrong),
        'Lamp in version "v1" cannot be handled as a Lamp: strict decoding error: unknown field "spec.volts"',
      );
      includes(
        await fails(['create', '--validate=ignore', '-f', '-'], wrong),
        'The Lamp "wrong" is invalid: \n',
        '* spec.watts: Invalid value: 0: spec.watts in body should be greater than or equal to 1\n',
        '* spec.colour: Unsupported value: "blue": supported values: "warm", "cold"',
      );
      includes(
        await fails(['patch', 'lamp', 'desk', '-p', '{"spec":{"watts":6}}']),
        `error: application/strategic-merge-patch+json is not supported by ${apiVersion}, Kind=Lamp`,
      );
      includes(await fails(['get', 'lamps', '--field-selector=spec.watts=5']), 'field label not supported: spec.watts');
      includes(
        await fails(['get', 'lamps', '--as=nobody']),
        `lamps.${group} is forbidden: User "nobody" cannot list resource "lamps" in API group "${group}"`,
      );
    });
  }),
];
