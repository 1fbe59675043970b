import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExposition } from './exposition.ts';
import { readNodeUsage } from './node-usage.ts';

const TEXT = `# HELP container_cpu_usage_seconds_total Cumulative cpu time consumed by the container in core-seconds
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="web",namespace="default",pod="a"} 12.5 1700000000500
container_cpu_usage_seconds_total{container="half",namespace="default",pod="a"} 1 1700000000500
container_memory_working_set_bytes{container="web",namespace="default",pod="a"} 2.097152e+06 1700000000500
container_start_time_seconds{container="web",namespace="default",pod="a"} 1.7e+09
node_cpu_usage_seconds_total 100.25 1700000000400
node_memory_working_set_bytes 1024
resource_scrape_error 0
this is no reading
`;

test('readNodeUsage() takes what is whole of a node and its containers, each at the moment of its CPU', () => {
  const { node, pods } = readNodeUsage(TEXT, 5);
  assert.deepEqual(node, { atMs: 1700000000400, cpuSeconds: 100.25, memoryBytes: 1024 });
  assert.deepEqual(
    [...(pods.get('default/a') ?? [])],
    [['web', { atMs: 1700000000500, cpuSeconds: 12.5, memoryBytes: 2097152, startMs: 1.7e12 }]],
  );
});

test('readExposition() reads escaped labels and passes over what is no number', () => {
  const text = 'a{x="q\\"\\\\\\n",y=""} 1\na NaN\na{} 2\n';
  assert.deepEqual(readExposition(text, new Set(['a'])), [
    { name: 'a', labels: { x: 'q"\\\n', y: '' }, value: 1 },
    { name: 'a', labels: {}, value: 2 },
  ]);
});
