import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { healthPorts } from './health-ports.ts';

const { signal } = new AbortController();
let isHealthy = true;

/** A port that nobody has now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
const ask = async (port: number) => {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
  return [response.status, response.headers.get('x-load-balancing-endpoint-weight'), await response.json()];
};

test('healthPorts() say how many endpoints the node has, as of now, and whether the proxy is well, and stop when nobody is to ask', async () => {
  using ports = healthPorts({ now: () => ({ isHealthy, lastUpdated: 0, now: 0 }) });
  const port = await freePort();
  const service = { namespace: 'default', name: 'web' };
  await ports.publish(new Map([[port, { port, ...service, localEndpoints: 2 }]]), signal);
  assert.deepEqual(await ask(port), [200, '2', { service, localEndpoints: 2, serviceProxyHealthy: true }]);
  await ports.publish(new Map([[port, { port, ...service, localEndpoints: 0 }]]), signal);
  assert.deepEqual(await ask(port), [503, '0', { service, localEndpoints: 0, serviceProxyHealthy: true }]);
  isHealthy = false;
  await ports.publish(new Map([[port, { port, ...service, localEndpoints: 1 }]]), signal);
  assert.deepEqual(await ask(port), [503, '1', { service, localEndpoints: 1, serviceProxyHealthy: false }]);
  isHealthy = true;
  await ports.publish(new Map(), signal);
  await assert.rejects(ask(port));
});

test('healthPorts() serve the others where one port is not to be had', async () => {
  using ports = healthPorts({ now: () => ({ isHealthy, lastUpdated: 0, now: 0 }) });
  const other = createServer().listen(0);
  await once(other, 'listening');
  const { port: taken } = other.address() as AddressInfo;
  const port = await freePort();
  const check = { port, namespace: 'default', name: 'web', localEndpoints: 1 };
  await assert.rejects(
    ports.publish(
      new Map([
        [taken, check],
        [port, check],
      ]),
      signal,
    ),
    AggregateError,
  );
  assert.equal((await ask(port))[0], 200);
  other.close();
});
