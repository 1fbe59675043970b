import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfigMap, configMap } from '@navarch/api';
import { noMetrics, silent, TaskGroup } from '@navarch/base';
import type { Cache } from '@navarch/client';
import { settle, SimClock } from '@navarch/sim';
import { defaultConfig } from './corefile/defaults.ts';
import type { Upstream } from './forward/exchange.ts';
import { keepCorefile } from './keep-corefile.ts';
import { dnsMetrics } from './metrics.ts';

const compile = (pattern: string) => (text: string) => new RegExp(pattern).exec(text)?.map(String);

test('keepCorefile() serves what the ConfigMap says, and the last that could be where it says what cannot be', async () => {
  const clock = new SimClock();
  const listeners: (() => void)[] = [];
  let data: Readonly<Record<string, string>> | undefined;
  let loops: readonly Upstream[] = [];
  const said: string[] = [];
  const cache = {
    onChange: (_kind: typeof configMap, listener: () => void) => listeners.push(listener),
    follow: () => undefined,
    isSynced: () => true,
    get: () => data && ({ data } as unknown as ConfigMap),
  } as unknown as Cache;
  await using group = new TaskGroup(new AbortController().signal);
  group.spawn((signal) =>
    keepCorefile(
      {
        cache,
        clock,
        log: silent,
        compile,
        fallback: defaultConfig('cluster.local', 30),
        server: {
          metrics: dnsMetrics(noMetrics, 'test'),
          use: ({ blocks }) => said.push(`serves ${blocks.map(({ zones }) => zones.join()).join(' ')}`),
          loopsOf: async () => loops,
        },
        refused: (sentence) => said.push(sentence),
        publish: async (places) => void said.push(`tells at ${[...places.keys()].join()}`),
      },
      signal,
    ),
  );
  const says = async (corefile: string | undefined): Promise<readonly string[]> => {
    said.length = 0;
    data = corefile === undefined ? undefined : { Corefile: corefile };
    for (const listener of listeners) listener();
    await clock.advance(200);
    await settle();
    return [...said];
  };
  assert.deepEqual(await says(undefined), ['serves ', 'tells at :9153']);
  assert.deepEqual(await says('a.test {\n  health\n  ready\n}'), ['serves a.test', 'tells at :8080,:8181']);
  assert.deepEqual(await says('a.test {\n  unbound\n}'), ['Corefile, line 2: the plugin "unbound" is not supported']);
  loops = [{ address: '10.0.0.9', port: 53 }];
  assert.deepEqual(await says('. {\n  loop\n  forward . 10.0.0.9\n}'), [
    'Corefile: 10.0.0.9:53, which questions are passed to, passes them back to this server: they would go round for ever',
  ]);
  loops = [];
  assert.deepEqual(await says('b.test {\n}'), ['serves b.test', 'tells at ']);
  assert.deepEqual(await says('b.test {\n}'), []);
});
