import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Node } from '@navarch/api';
import { MetricRegistry, silent, TaskGroup } from '@navarch/base';
import { ProxyHealth } from '@navarch/proxy';
import { SimClock } from '@navarch/sim';
import { serveProxyPorts } from './proxy-ports.ts';

/** Ports that nobody has now. */
async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer().listen(0), createServer().listen(0)] as const;
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports as [number, number];
}

async function ask(port: number, path: string): Promise<readonly [number, string | null, string]> {
  for (let tries = 100; ; tries--) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
      return [response.status, response.headers.get('content-type'), await response.text()];
    } catch (error) {
      if (tries === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function serving() {
  const [healthPort, metricsPort] = await freePorts();
  const clock = new SimClock();
  const [health, metrics] = [new ProxyHealth(clock), new MetricRegistry()];
  const group = new TaskGroup(new AbortController().signal);
  group.spawn((signal) =>
    serveProxyPorts(
      {
        health,
        metrics,
        nodeIP: '10.0.0.1',
        clusterCidr: '10.244.0.0/16',
        nodePortRanges: [],
        log: silent,
        healthPort,
        metricsPort,
      },
      signal,
    ),
  );
  return { group, health, clock, healthPort, metricsPort };
}

test('serveProxyPorts() tells balancers whether the proxy works, and apart from it whether new connections may come', async () => {
  const { group, health, clock, healthPort, metricsPort } = await serving();
  await using _ = group;
  const before = goTimeOf(clock);
  health.updated(clock.monotonic());
  const json = 'application/json';
  assert.deepEqual(await ask(healthPort, '/healthz'), [
    200,
    json,
    `{"lastUpdated":"${before}","currentTime":"${before}","nodeEligible":true}`,
  ]);
  health.setNode({
    metadata: { name: 'a' },
    spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] },
  } as unknown as Node);
  assert.equal((await ask(healthPort, '/healthz'))[0], 503);
  assert.deepEqual(await ask(healthPort, '/livez'), [
    200,
    json,
    `{"lastUpdated":"${before}","currentTime":"${before}"}`,
  ]);
  health.queued();
  await clock.advance(60_000);
  assert.deepEqual(await ask(healthPort, '/livez'), [
    503,
    json,
    `{"lastUpdated":"${before}","currentTime":"${goTimeOf(clock)}"}`,
  ]);
  const [, , metrics] = await ask(metricsPort, '/metrics');
  assert.match(metrics, /^kubeproxy_proxy_healthz_total\{code="200"\} 1$/m);
  assert.match(metrics, /^kubeproxy_proxy_healthz_total\{code="503"\} 1$/m);
  assert.match(metrics, /^kubeproxy_proxy_livez_total\{code="503"\} 1$/m);
});

test('serveProxyPorts() answers on the machine itself as kube-proxy does', async () => {
  const { group, metricsPort, healthPort } = await serving();
  await using _ = group;
  const text = 'text/plain; charset=utf-8';
  assert.deepEqual(await ask(metricsPort, '/healthz'), [200, text, 'ok']);
  assert.deepEqual(await ask(metricsPort, '/proxyMode'), [200, text, 'nftables']);
  const [, , configz] = await ask(metricsPort, '/configz');
  assert.equal(JSON.parse(configz)['kubeproxy.config.k8s.io'].mode, 'nftables');
  assert.deepEqual(await ask(metricsPort, '/'), [404, text, '404 page not found\n']);
  assert.equal((await ask(healthPort, '/metrics'))[0], 404);
});

const goTimeOf = (clock: SimClock): string =>
  `${new Date(clock.now()).toISOString().slice(0, -1).replace('T', ' ')} +0000 UTC`;
