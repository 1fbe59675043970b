import assert from 'node:assert/strict';
import { customResourceDefinition } from '@navarch/api';
import type { TestContext } from '../../conformance-test.ts';
import { define, type DefinitionOptions } from '../../custom-resources.ts';
import { getJson, type RawRequest, request } from '../../requests.ts';
import { on, type WebhookServer } from '../../webhook-server.ts';
import { isDenied, type Json, MARK, stages, STAGES } from './webhook-steps.ts';

/** A kind of the test's own. */
interface OwnKind {
  readonly group: string;
  readonly plural: string;
  readonly definition: string;
  /** Path of the objects in the test's namespace. */
  path(version?: string): string;
  object(name: string, data: object): object;
}

export async function defineOwn(
  context: TestContext,
  options: Pick<DefinitionOptions, 'versions' | 'schema'> = {},
): Promise<OwnKind> {
  const [group, kind] = [`webhook-${context.unique}.example.com`, `E2eTest${context.unique}Crd`];
  const { name: definition, objects } = await define(context, { group, kind, ...options });
  return {
    group,
    definition,
    plural: `${kind.toLowerCase()}s`,
    path: objects,
    object: (name, data) => ({
      apiVersion: `${group}/v1`,
      kind,
      metadata: { name, namespace: context.namespace },
      data,
    }),
  };
}

async function send(context: TestContext, raw: RawRequest): Promise<Json> {
  const { status, text } = await request(context, raw);
  if (status > 299) throw new Error((JSON.parse(text) as { readonly message: string }).message);
  return JSON.parse(text) as Json;
}

export async function denyCustomResources(context: TestContext, server: WebhookServer): Promise<void> {
  const own = await defineOwn(context);
  await server.register('validating', context.unique, [
    server.webhookOf({
      name: 'deny-unwanted-custom-resource-data.k8s.io',
      path: '/custom-resource',
      rules: on(own.plural, ['CREATE', 'UPDATE', 'DELETE'], [own.group]),
    }),
  ]);
  const make = (name: string, data: object): Promise<Json> =>
    send(context, { method: 'POST', path: own.path(), body: own.object(name, data) });
  const unwanted = 'the custom resource contains unwanted data';
  await isDenied(make('cr-instance-1', { [MARK]: 'webhook-disallow' }), unwanted);
  await make('cr-instance-2', { [MARK]: 'webhook-nondeletable' });
  const path = `${own.path()}/cr-instance-2`;
  const write = async (data: object): Promise<Json> =>
    send(context, { method: 'PUT', path, body: { ...(await getJson<Json>(context, path)), data } });
  await isDenied(write({ [MARK]: 'webhook-disallow' }), unwanted);
  await isDenied(
    send(context, { method: 'DELETE', path }),
    'the custom resource cannot be deleted because it contains unwanted key and value',
  );
  await write({ [MARK]: 'webhook-can-be-deleted-now' });
  await send(context, { method: 'DELETE', path });
}

async function registerForOwn(context: TestContext, server: WebhookServer, own: OwnKind): Promise<void> {
  await server.register(
    'mutating',
    context.unique,
    stages(
      server,
      'mutate-custom-resource-data',
      '/mutating-custom-resource',
      on(own.plural, ['CREATE', 'UPDATE'], [own.group]),
    ),
  );
}

export async function mutateOwn(
  context: TestContext,
  server: WebhookServer,
  own: OwnKind,
  expected: object,
): Promise<void> {
  await registerForOwn(context, server, own);
  const { data } = await send(context, {
    method: 'POST',
    path: own.path(),
    body: own.object('cr-instance-1', { 'mutation-start': 'yes' }),
  });
  assert.deepEqual(data, expected);
}

export const text = { type: 'string' };

export async function mutateAcrossVersions(context: TestContext, server: WebhookServer): Promise<void> {
  const own = await defineOwn(context, { versions: ['v1', 'v2'] });
  await registerForOwn(context, server, own);
  await send(context, {
    method: 'POST',
    path: own.path('v1'),
    body: own.object('cr-instance-1', { 'mutation-start': 'yes' }),
  });
  const definitions = context.api.of(customResourceDefinition);
  await definitions.update(own.definition, (crd) => ({
    ...crd,
    spec: {
      ...crd.spec,
      versions: crd.spec.versions.map((version) => ({ ...version, storage: version.name === 'v2' })),
    },
  }));
  const patch = {
    method: 'PATCH' as const,
    path: `${own.path('v1')}/cr-instance-1`,
    contentType: 'application/json-patch+json',
    body: [{ op: 'add', path: '/dummy', value: 'test' }],
  };
  const patched = await send(context, patch);
  assert.deepEqual([patched['dummy'], patched['data']], ['test', STAGES]);
}
