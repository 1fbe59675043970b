import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricRegistry } from './metric-registry.ts';
import { prometheusText } from './prometheus.ts';

test('MetricRegistry.text() shows counters, gauges and histograms in format 0.0.4, by name', () => {
  const registry = new MetricRegistry();
  const requests = registry.counter('requests_total', 'Requests.');
  requests.add(1, { verb: 'GET', code: '200' });
  requests.add(2, { verb: 'GET', code: '200' });
  requests.add(1, { verb: 'GET', code: '500' });
  registry.gauge('depth', 'How deep.').set(3);
  const seconds = registry.histogram('seconds', 'How long.', [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) seconds.observe(value, { verb: 'GET' });
  assert.equal(
    registry.text(),
    [
      '# HELP depth How deep.',
      '# TYPE depth gauge',
      'depth 3',
      '# HELP requests_total Requests.',
      '# TYPE requests_total counter',
      'requests_total{code="200",verb="GET"} 3',
      'requests_total{code="500",verb="GET"} 1',
      '# HELP seconds How long.',
      '# TYPE seconds histogram',
      'seconds_bucket{verb="GET",le="0.1"} 2',
      'seconds_bucket{verb="GET",le="1"} 3',
      'seconds_bucket{verb="GET",le="+Inf"} 4',
      'seconds_sum{verb="GET"} 7.65',
      'seconds_count{verb="GET"} 4',
      '',
    ].join('\n'),
  );
});

test('MetricRegistry.reset() counts anew what has labels, for those who hold a series as well', () => {
  const registry = new MetricRegistry();
  const answers = registry.counter('a_total', 'A.');
  const held = answers.of({ code: '200' });
  held.add(5);
  answers.add(2);
  registry.gauge('depth', 'How deep.').set(3, { of: 'a' });
  const seconds = registry.histogram('seconds', 'How long.', [1]);
  seconds.observe(0.5, { verb: 'GET' });
  let counted = 7;
  registry.collect(
    () => [{ name: 'b_total', help: 'B.', type: 'counter', samples: [{ labels: { x: 'y' }, value: counted }] }],
    () => void (counted = 0),
  );
  registry.collect(() => [{ name: 'c', help: 'C.', type: 'gauge', samples: [{ value: 1 }] }]);
  registry.reset();
  held.add();
  const lines = registry.text().split('\n');
  for (const line of ['a_total{code="200"} 1', 'a_total 2', 'depth{of="a"} 3', 'b_total{x="y"} 0', 'c 1'])
    assert.ok(lines.includes(line), line);
  assert.ok(!lines.some((line) => line.startsWith('seconds_')));
  seconds.observe(0.5, { verb: 'GET' });
  assert.match(registry.text(), /^seconds_bucket\{verb="GET",le="1"\} 1$/m);
});

test('MetricRegistry: the same name is the same metric, another type of it a mistake', () => {
  const registry = new MetricRegistry();
  registry.counter('a_total', 'A.').add();
  registry.counter('a_total', 'A.').add();
  assert.match(registry.text(), /^a_total 2$/m);
  assert.throws(() => registry.gauge('a_total', 'A.'), /a_total is a counter, not a gauge/);
});

test('MetricRegistry: a metric with ever new labels stops growing and goes on counting', () => {
  const registry = new MetricRegistry();
  const counter = registry.counter('a_total', 'A.');
  for (let i = 0; i < 6000; i++) counter.add(1, { id: String(i) });
  const [family] = registry.families();
  assert.equal(family?.samples.length, 5001);
  assert.equal(family?.samples.find((sample) => Object.keys(sample.labels ?? {}).length === 0)?.value, 1000);
});

test('Counter.forget() drops the series of what is gone, and no others', () => {
  const registry = new MetricRegistry();
  const counter = registry.counter('a_total', 'A.');
  for (const pod of ['x', 'y']) for (const result of ['good', 'bad']) counter.add(1, { pod, result });
  counter.forget({ pod: 'x' });
  assert.doesNotMatch(registry.text(), /pod="x"/);
  assert.match(registry.text(), /pod="y",result="good"\} 1\n.*pod="y",result="bad"\} 1\n/);
});

test('MetricRegistry.collect() asks at every reading, until it is stopped', () => {
  const registry = new MetricRegistry();
  let value = 0;
  const stop = registry.collect(() => [
    { name: 'now', help: 'Now.', type: 'gauge', samples: [{ value: (value += 1) }] },
  ]);
  registry.text();
  assert.match(registry.text(), /^now 2$/m);
  stop();
  assert.doesNotMatch(registry.text(), /now/);
});

test('prometheusText() escapes, shows times and the numbers that are none, and leaves empty families out', () => {
  const samples = [
    { labels: { path: 'C:\\"a"\n' }, value: Number.POSITIVE_INFINITY, timestampMs: 1700.9 },
    { value: Number.NaN },
    { value: Number.NEGATIVE_INFINITY },
  ];
  assert.equal(
    prometheusText([
      { name: 'm', help: 'a\nb\\', type: 'untyped', samples },
      { name: 'none', help: '', type: 'gauge', samples: [] },
    ]),
    '# HELP m a\\nb\\\\\n# TYPE m untyped\nm{path="C:\\\\\\"a\\"\\n"} +Inf 1700\nm NaN\nm -Inf\n',
  );
});

test('Counter.of() is the series itself, and is shown before it has counted', () => {
  const registry = new MetricRegistry();
  const counter = registry.counter('a_total', 'A.');
  const series = counter.of({ result: 'good' });
  assert.match(registry.text(), /^a_total\{result="good"\} 0$/m);
  series.add();
  counter.add(2, { result: 'good' });
  assert.match(registry.text(), /^a_total\{result="good"\} 3$/m);
});

test('prometheusText() shows very small and very large numbers as Go does', () => {
  const samples = [1e-8, 0.00012, 1.5e21, 123456789].map((value) => ({ value }));
  assert.equal(
    prometheusText([{ name: 'm', help: '', type: 'gauge', samples }]),
    '# HELP m \n# TYPE m gauge\nm 1e-08\nm 0.00012\nm 1.5e+21\nm 1.23456789e+08\n',
  );
});

test('MetricRegistry.text() shows every bucket of a thousand series', () => {
  const registry = new MetricRegistry();
  const histogram = registry.histogram(
    'seconds',
    'How long.',
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
  );
  for (let i = 0; i < 1000; i++) histogram.observe(i % 25, { verb: 'GET', resource: `resource-${i}`, group: 'apps' });
  const text = registry.text();
  assert.equal(text.split('\n').length, 2 + 1000 * 23 + 1);
});
