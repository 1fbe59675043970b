import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pki } from '@navarch/node/pki';
import { openTokenKeys } from '@navarch/node/token-keys';
import type { Context } from './benchmark.ts';
import { ROOT } from './machine.ts';
import { freePorts } from './ports.ts';
import { nodeFlags, type RunningServer, untilReady } from './running-server.ts';

/**
 * What `navarch envtest` gives Go projects as kube-apiserver and etcd, with an empty durable store: the API server with
 * its admission, RBAC and validation, and without controllers and scheduler. It is what an API server library is beside.
 * `flags` are more of those for its Node.
 */
export async function startApiServerAlone(context: Context, flags: readonly string[] = []): Promise<RunningServer> {
  const { processes, dir } = context;
  const [port = 0, storePort = 0] = await freePorts(2);
  const folder = join(dir, 'api-server');
  mkdirSync(folder, { recursive: true });
  const pki = await Pki.open(folder);
  await pki.identity('apiserver', { commonName: 'kube-apiserver', names: ['localhost'], addresses: ['127.0.0.1'] });
  await openTokenKeys(folder);
  const kubeconfig = join(folder, 'admin.kubeconfig');
  writeFileSync(
    kubeconfig,
    adminKubeconfig(
      `https://127.0.0.1:${port}`,
      pki.authority.certificate,
      await pki.identity('admin', { commonName: 'admin', organizations: ['system:masters'] }),
    ),
  );
  const run = (program: string, args: readonly string[]): ReturnType<typeof processes.start> =>
    processes.start(
      process.execPath,
      [...nodeFlags(), ...flags, join(ROOT, 'apps/navarch/src/main.ts'), 'envtest-run', program, ...args],
      { log: join(dir, `${program}.log`) },
    );
  const store = run('etcd', [
    `--data-dir=${join(folder, 'store')}`,
    `--listen-client-urls=http://127.0.0.1:${storePort}`,
  ]);
  await answers(`http://127.0.0.1:${storePort}/health`, context);
  const signing = join(folder, 'sa.key');
  const server = run('kube-apiserver', [
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${folder}`,
    `--client-ca-file=${join(folder, 'ca.crt')}`,
    '--authorization-mode=RBAC',
    `--etcd-servers=http://127.0.0.1:${storePort}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${signing}`,
    `--service-account-signing-key-file=${signing}`,
    '--disable-admission-plugins=ServiceAccount',
  ]);
  return untilReady(
    { child: server, port, kubeconfig, dataDir: folder, log: join(dir, 'kube-apiserver.log'), alongside: [store] },
    context,
  );
}

async function answers(url: string, { signal }: Context): Promise<void> {
  for (
    let tries = 0;
    !(await fetch(url, { signal }).then(
      (answer) => answer.ok,
      () => false,
    ));
    tries += 1
  ) {
    if (tries > 500) throw new Error(`${url} did not answer`);
    await sleep(20, undefined, { signal });
  }
}

const adminKubeconfig = (
  server: string,
  authority: string,
  { certificate, key }: { readonly certificate: string; readonly key: string },
): string => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bench',
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'admin' } }],
    clusters: [{ name: 'bench', cluster: { server, 'certificate-authority-data': base64(authority) } }],
    users: [
      { name: 'admin', user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) } },
    ],
  });
};
