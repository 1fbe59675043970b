import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { machineTopology } from './machine-topology.ts';

function withFiles(files: Readonly<Record<string, string>>, check: (sys: string) => void): void {
  const dir = mkdtempSync(join(tmpdir(), 'navarch-sys-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), `${text}\n`);
    }
    check(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const cpu = (id: number, socket: number, siblings: string, cache: string): Readonly<Record<string, string>> => ({
  [`devices/system/cpu/cpu${id}/topology/physical_package_id`]: String(socket),
  [`devices/system/cpu/cpu${id}/topology/thread_siblings_list`]: siblings,
  [`devices/system/cpu/cpu${id}/cache/index0/shared_cpu_list`]: siblings,
  [`devices/system/cpu/cpu${id}/cache/index10/shared_cpu_list`]: cache,
  [`devices/system/cpu/cpu${id}/cache/index3/shared_cpu_list`]: siblings,
});

test('machineTopology() reads cores, sockets, caches and NUMA nodes', () => {
  const files = {
    'devices/system/cpu/online': '0-3',
    ...cpu(0, 0, '0,2', '0-3'),
    ...cpu(1, 1, '1,3', '1,3'),
    ...cpu(2, 0, '0,2', '0-3'),
    ...cpu(3, 1, '1,3', '1,3'),
    'devices/system/node/node0/cpulist': '0,2',
    'devices/system/node/node1/cpulist': '1,3',
    'devices/system/node/node0/meminfo': 'Node 0 MemTotal:       1024 kB\nNode 0 MemFree: 1 kB',
    'devices/system/node/node1/meminfo': 'Node 1 MemTotal:       2048 kB',
    'devices/system/node/node0/distance': '10 21',
    'devices/system/node/node1/distance': '21 10',
    'devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages': '3',
    'devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages': '0',
    'devices/system/node/possible': '0-1',
  };
  withFiles(files, (sys) => {
    assert.deepEqual(machineTopology(sys), {
      cpus: [
        { id: 0, core: 0, socket: 0, numa: 0, cache: 0 },
        { id: 1, core: 1, socket: 1, numa: 1, cache: 1 },
        { id: 2, core: 0, socket: 0, numa: 0, cache: 0 },
        { id: 3, core: 1, socket: 1, numa: 1, cache: 1 },
      ],
      numaNodes: [
        { id: 0, memoryBytes: 2 ** 20, hugePages: {}, distances: [10, 21] },
        { id: 1, memoryBytes: 2 ** 21, hugePages: { 'hugepages-2Mi': 3 * 2 ** 21 }, distances: [21, 10] },
      ],
    });
  });
});

test('machineTopology() makes one node of a kernel without NUMA', () => {
  withFiles({ 'devices/system/cpu/online': '0', ...cpu(0, -1, '0', '0') }, (sys) => {
    const { cpus, numaNodes } = machineTopology(sys);
    assert.deepEqual(cpus, [{ id: 0, core: 0, socket: 0, numa: 0, cache: 0 }]);
    assert.equal(numaNodes.length, 1);
    assert.ok((numaNodes[0]?.memoryBytes ?? 0) > 0);
  });
});
