import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CsiNodeService, KubeletDeps } from '@navarch/kubelet';
import { csiSocketsIn, draSocketsIn } from './kubelet-folder.ts';

const FOLDER = '/data/kubelet';
const { signal } = new AbortController();

/** What a driver is asked, by the socket that was opened. */
function asked(endpoint: string) {
  const said: unknown[] = [];
  const service = {
    nodePublishVolume: async (request: unknown) => said.push(request),
    [Symbol.dispose]: () => said.push('closed'),
  } as unknown as CsiNodeService;
  const sockets = csiSocketsIn(
    {
      connect(socket) {
        said.push(socket);
        return service;
      },
    },
    FOLDER,
  );
  return { driver: sockets.connect(endpoint), said };
}

const request = {
  volumeId: '/data/kubelet/is-no-path',
  targetPath: '/data/kubelet/pods/1/volumes/kubernetes.io~csi/v/mount',
  stagingTargetPath: '/data/kubelet/plugins/kubernetes.io/csi/d/globalmount',
};

for (const endpoint of ['/var/lib/kubelet/plugins/d/csi.sock', 'unix:///var/lib/kubelet/plugins/d/csi.sock']) {
  test(`a driver at ${endpoint} sees the kubelet's folder where pods do`, async () => {
    const { driver, said } = asked(endpoint);
    await driver.nodePublishVolume(request as never, signal);
    driver[Symbol.dispose]();
    assert.deepEqual(said, [
      '/data/kubelet/plugins/d/csi.sock',
      {
        volumeId: '/data/kubelet/is-no-path',
        targetPath: '/var/lib/kubelet/pods/1/volumes/kubernetes.io~csi/v/mount',
        stagingTargetPath: '/var/lib/kubelet/plugins/kubernetes.io/csi/d/globalmount',
      },
      'closed',
    ]);
  });
}

test('a driver beside the kubelet is told paths as they are', async () => {
  const { driver, said } = asked('/data/kubelet/plugins/d/csi.sock');
  await driver.nodePublishVolume(request as never, signal);
  assert.deepEqual(said, ['/data/kubelet/plugins/d/csi.sock', request]);
});

test('drivers of claims are found the same way', () => {
  const said: string[] = [];
  const open = (endpoint: string): never => said.push(endpoint) as never;
  const sockets = draSocketsIn(
    { connect: open, connectHealth: open } as NonNullable<KubeletDeps['draSockets']>,
    FOLDER,
  );
  sockets.connect('/var/lib/kubelet/plugins/d/dra.sock', 'v1.DRAPlugin');
  sockets.connectHealth('/elsewhere/dra.sock', 'v1.DRAResourceHealth');
  assert.deepEqual(said, ['/data/kubelet/plugins/d/dra.sock', '/elsewhere/dra.sock']);
});
