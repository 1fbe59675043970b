import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice } from '@navarch/api';
import type { Api, Cache } from '@navarch/client';
import type { ApiObject, Kind } from '@navarch/machinery';
import { Wardrobe } from '../certificates.ts';
import { enginePorts, nameOfService } from './addresses.ts';
import { keepAddresses, ownAddressesOf, ownSlices } from './keep-addresses.ts';
import type { Gateway } from './objects.ts';
import type { OwnPort } from './translate.ts';

const gatewayOf = (name: string, more: object = {}): Gateway =>
  ({
    kind: 'Gateway',
    metadata: { namespace: 'n', name, uid: `uid-${name}` },
    spec: { gatewayClassName: 'ours', listeners: [], ...more },
  }) as unknown as Gateway;
const wardrobe = new Wardrobe({ inspect: () => 'none' }, 1);
const portOf = (gateway: Gateway, port: number): OwnPort => ({
  gateway,
  port,
  isTls: false,
  routes: [],
  wardrobe,
  apart: [],
});

/** Objects by kind and key, with what was done to them. */
function world() {
  const objects = new Map<string, ApiObject>();
  const done: string[] = [];
  const cache = {
    get: (kind: Kind<any>, key: string) => objects.get(`${kind.kind} ${key}`),
    find: (kind: Kind<any>) => [...objects.values()].filter((one) => one.kind === kind.kind),
  } as unknown as Pick<Cache, 'get' | 'find'>;
  const put = (kind: Kind<any>, object: ApiObject): void => {
    const { namespace, name } = object.metadata;
    objects.set(`${kind.kind} ${namespace}/${name}`, { ...object, kind: kind.kind });
  };
  const api = {
    of: (kind: Kind<any>) => ({
      create: async (object: ApiObject) => {
        done.push(`create ${kind.kind}`);
        put(kind, { status: { loadBalancer: { ingress: [{ ip: '10.0.0.7' }] } }, ...object } as ApiObject);
      },
      patch: async (key: string, { body }: { readonly body: ApiObject }) => {
        done.push(`patch ${kind.kind} ${key}`);
        const held = objects.get(`${kind.kind} ${key}`);
        put(kind, { ...held, ...body } as ApiObject);
      },
      delete: async (key: string) => {
        done.push(`delete ${kind.kind} ${key}`);
        objects.delete(`${kind.kind} ${key}`);
      },
    }),
  } as unknown as Pick<Api, 'of'>;
  const keep = async (...places: readonly OwnPort[]): Promise<readonly string[]> => {
    done.length = 0;
    const ports = enginePorts(places, ownSlices(cache), () => false);
    const gateways = [...new Set(places.map(({ gateway }) => gateway))];
    await keepAddresses({ api, cache, gateways, ports, machine: '192.0.2.1' }, new AbortController().signal);
    return [...done];
  };
  return { cache, objects, put, keep };
}

test('a Gateway is given a service once, keeps the ports of the engine, and is taken it away', async () => {
  const { cache, objects, keep } = world();
  const [one, two] = [gatewayOf('one', { infrastructure: { labels: { team: 'a' } } }), gatewayOf('two')];
  assert.deepEqual(await keep(portOf(one, 80)), ['create EndpointSlice', 'create Service']);
  assert.deepEqual(ownAddressesOf(cache, one), ['10.0.0.7']);
  assert.equal(objects.get('Service n/one-ours')?.metadata.labels?.['team'], 'a');
  assert.deepEqual(await keep(portOf(one, 80)), []);
  // Another that comes first in the list leaves it its port.
  await keep(portOf(two, 80), portOf(one, 80), portOf(one, 443));
  const portsOf = (name: string): readonly unknown[] =>
    ((objects.get(`EndpointSlice n/${name}`) as EndpointSlice).ports ?? []).map(
      ({ name: of, port }) => `${of} ${port}`,
    );
  assert.deepEqual(
    [portsOf('one-ours'), portsOf('two-ours')],
    [['port-80 21000', 'port-443 21002'], ['port-80 21001']],
  );
  assert.deepEqual(await keep(portOf(two, 80)), ['delete Service n/one-ours', 'delete EndpointSlice n/one-ours']);
});

test("a service of somebody else's is left alone, and said to be in the way", async () => {
  const { cache, put, keep } = world();
  const gateway = gatewayOf('one');
  put({ kind: 'Service' } as Kind<any>, { metadata: { namespace: 'n', name: 'one-ours' } } as ApiObject);
  assert.deepEqual(await keep(portOf(gateway, 80)), []);
  assert.match(String(ownAddressesOf(cache, gateway)), /"n\/one-ours" is there/);
});

test('nameOfService() is a label, however long a name is', () => {
  assert.equal(nameOfService(gatewayOf('web.example')), 'web-example-ours');
  for (const name of ['x'.repeat(70), '9to5']) assert.match(nameOfService(gatewayOf(name)), /^gateway-[0-9a-f]{16}$/);
});

test('enginePorts() gives another port to whom the engine cannot have one', () => {
  const place = portOf(gatewayOf('one'), 80);
  const slice = {
    metadata: { namespace: 'n', name: 'one-ours' },
    ports: [{ name: 'port-80', port: 21_000 }],
  } as unknown as EndpointSlice;
  const taken = new Set(['Gateway n/one engine 21000', 'Gateway n/one engine 21001']);
  assert.deepEqual([...enginePorts([place], [slice], (owner) => taken.has(owner)).values()], [21_002]);
});

test('enginePorts() leaves out who comes when there are no more', () => {
  const places = Array.from({ length: 2001 }, (_, port) => portOf(gatewayOf('one'), port + 1));
  const ports = [...enginePorts(places, [], () => false).values()];
  assert.deepEqual([ports.length, new Set(ports).size, ports.at(-1)], [2000, 2000, 22_999]);
});
