import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { identityOf } from '../host/process-identity.ts';
import { podNetworkConfig, writePodNetwork } from './cni-config.ts';
import { containerdToml, registryToml } from './config.ts';
import { hostPortRemoval } from './host-ports.ts';
import { canonicalName } from './import-images.ts';
import { containerdLayout } from './layout.ts';
import { readRecord, writeRecord } from './record.ts';
import { findContainerd } from './start.ts';
import { teardownContainerd } from './stop.ts';

test('canonicalName() completes references as the runtime does', () => {
  const names = [
    'nginx',
    'nginx:1.27',
    'team/app',
    'localhost/app',
    'registry.k8s.io/pause:3.10',
    '127.0.0.1:5000/app',
    'app@sha256:00',
  ];
  assert.deepEqual(names.map(canonicalName), [
    'docker.io/library/nginx:latest',
    'docker.io/library/nginx:1.27',
    'docker.io/team/app:latest',
    'localhost/app:latest',
    'registry.k8s.io/pause:3.10',
    '127.0.0.1:5000/app:latest',
    'docker.io/library/app@sha256:00',
  ]);
});

test('containerdLayout() refuses a folder in which no socket would fit', () => {
  assert.throws(() => containerdLayout(`/${'x'.repeat(100)}`), /too long for a unix socket/);
});

test('containerdToml() keeps every path of containerd, runc and CNI in its own folder', () => {
  const text = containerdToml(containerdLayout('/data'), {
    sandboxImage: 'pause:1',
    cniBinDir: '/usr/lib/cni',
    snapshotter: 'native',
    restrictOomScoreAdj: true,
  });
  const paths = [...text.matchAll(/= "(\/[^"]*)"/g)].map((match) => match[1] ?? '');
  assert.deepEqual(
    paths.filter((path) => !path.startsWith('/data/')),
    ['/usr/lib/cni'],
  );
  assert.match(text, /^restrict_oom_score_adj = true$/m);
  assert.match(text, /^snapshotter = "native"$/m);
  assert.match(text, /\.options\]\nRoot = "\/data\/state\/runc"\nSystemdCgroup = false\n/);
});

test('registryToml() lists mirrors in order, behind the registry itself', () => {
  const text = registryToml('https://registry-1.docker.io', [
    { url: 'http://10.0.0.5:5000' },
    { url: 'https://b', skipVerify: true },
  ]);
  assert.equal(
    text,
    [
      'server = "https://registry-1.docker.io"\n',
      '[host."http://10.0.0.5:5000"]\ncapabilities = ["pull","resolve"]\nskip_verify = false\n',
      '[host."https://b"]\ncapabilities = ["pull","resolve"]\nskip_verify = true\n',
    ].join('\n'),
  );
});

test('podNetworkConfig() gives each family a range and a default route', () => {
  const config = JSON.parse(
    podNetworkConfig({ bridge: 'nv0', podCidrs: ['10.1.0.0/24', 'fd00::/64'], mtu: 1400 }, '/state'),
  ) as {
    readonly plugins: readonly {
      readonly type: string;
      readonly mtu?: number;
      readonly hairpinMode?: boolean;
      readonly ipam?: unknown;
    }[];
  };
  assert.deepEqual(
    config.plugins.map((plugin) => plugin.type),
    ['bridge', 'portmap'],
  );
  assert.deepEqual([config.plugins[0]?.mtu, config.plugins[0]?.hairpinMode], [1400, true]);
  assert.deepEqual(config.plugins[0]?.ipam, {
    type: 'host-local',
    dataDir: '/state',
    ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]],
    routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
  });
});

test('writePodNetwork() says whether anything changed', () =>
  withFolder((dir) => {
    const layout = containerdLayout(dir);
    const write = (cidr: string): boolean => writePodNetwork(layout, { bridge: 'nv0', podCidrs: [cidr] });
    assert.deepEqual([write('10.1.0.0/24'), write('10.1.0.0/24'), write('10.2.0.0/24')], [true, false, true]);
    assert.match(readFileSync(join(layout.cniConfDir, '10-navarch.conflist'), 'utf8'), /10\.2\.0\.0/);
  }));

test('readRecord() adopts the very process that was written, and no other with its number', () =>
  withFolder((dir) => {
    const layout = containerdLayout(dir);
    assert.equal(findContainerd(dir), undefined);
    writeRecord(layout, process.pid);
    assert.deepEqual(readRecord(layout), identityOf(process.pid));
    writeFileSync(layout.record, JSON.stringify({ ...identityOf(process.pid), startTicks: '1' }));
    assert.equal(readRecord(layout), undefined);
  }));

const portmapRules = (network: string): string =>
  [
    '-P PREROUTING ACCEPT',
    '-N CNI-DN-1',
    '-N CNI-HOSTPORT-DNAT',
    '-N OTHER',
    '-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
    '-A PREROUTING -j OTHER',
    '-A CNI-DN-1 -p tcp -j DNAT --to-destination 10.0.0.2:80',
    `-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"${network}\\" id: \\"x\\"" -j CNI-DN-1`,
  ].join('\n');

test("hostPortRemoval() takes out the ports of one network, and the plugin's chains when they were the last", () => {
  assert.deepEqual(hostPortRemoval(portmapRules('nv0'), 'nv0'), [
    '-D CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"nv0\\" id: \\"x\\"" -j CNI-DN-1',
    '-D PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
    '-F CNI-DN-1',
    '-F CNI-HOSTPORT-DNAT',
    '-X CNI-DN-1',
    '-X CNI-HOSTPORT-DNAT',
  ]);
});

test('hostPortRemoval() leaves the ports of other networks', () => {
  assert.deepEqual(hostPortRemoval(portmapRules('other'), 'nv0'), []);
});

test('teardownContainerd() never removes the root of all control groups', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'nvc-'));
  const attempt = teardownContainerd({ dir, cgroupRoot: '/' }, AbortSignal.timeout(5_000));
  await assert.rejects(attempt, /not ours to remove/);
  assert.ok(existsSync(dir));
  rmSync(dir, { recursive: true, force: true });
});

function withFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'nvc-'));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
