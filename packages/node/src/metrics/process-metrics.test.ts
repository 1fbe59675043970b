import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processMetrics } from './process-metrics.ts';

test('processMetrics() tells of this process what the system says', () => {
  const families = new Map(processMetrics('v1.37.0')().map((family) => [family.name, family.samples[0]]));
  const value = (name: string): number => families.get(name)?.value ?? 0;
  const rss = process.memoryUsage().rss;
  assert.ok(Math.abs(value('process_resident_memory_bytes') - rss) < rss / 2);
  if (process.platform === 'linux')
    assert.ok(value('process_virtual_memory_bytes') > value('process_resident_memory_bytes'));
  if (process.platform === 'linux')
    assert.ok(value('process_virtual_memory_max_bytes') >= value('process_virtual_memory_bytes'));
  assert.deepEqual(
    [
      families.get('kubernetes_build_info')?.labels?.['major'],
      families.get('kubernetes_build_info')?.labels?.['minor'],
    ],
    ['1', '37'],
  );
});
