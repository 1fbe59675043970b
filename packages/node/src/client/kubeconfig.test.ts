import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { load } from 'js-yaml';
import { identityOf } from '../host/index.ts';
import { kubeconfigFile, loadAccess, mergeKubeconfig, removeFromKubeconfig } from './kubeconfig.ts';

function folder(): { readonly path: (name: string) => string } & Disposable {
  const dir = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
  return { path: (name) => join(dir, name), [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}
const ours = {
  clusters: [
    {
      name: 'nav',
      cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': Buffer.from('CA').toString('base64') },
    },
  ],
  users: [{ name: 'nav-admin', user: { token: 't' } }],
  contexts: [{ name: 'nav', context: { cluster: 'nav', user: 'nav-admin' } }],
  'current-context': 'nav',
};
const theirs = `apiVersion: v1
kind: Config
preferences: {colors: true}
current-context: work
clusters:
- name: work
  cluster: {server: 'https://work', tls-server-name: w.example, extensions: [{name: x, extension: 1}]}
users:
- {name: me, user: {client-certificate: me.pem, client-key: me.key}}
contexts:
- {name: work, context: {cluster: work, user: me, namespace: n}}
`;

test('mergeKubeconfig() adds ours and keeps what it does not know; removeFromKubeconfig() leaves the rest as it was', () => {
  using dir = folder();
  const file = dir.path('config');
  writeFileSync(file, theirs, { mode: 0o640 });
  mergeKubeconfig(file, ours);
  mergeKubeconfig(file, ours);
  const merged = load(readFileSync(file, 'utf8')) as Record<string, unknown>;
  assert.equal(merged['current-context'], 'nav');
  assert.deepEqual(
    (merged['contexts'] as { name: string }[]).map((c) => c.name),
    ['work', 'nav'],
  );
  assert.equal(loadAccess(file).server, 'https://127.0.0.1:6443');
  assert.equal(loadAccess(file).authority, 'CA');
  removeFromKubeconfig(file, 'nav', 'nav-admin');
  assert.deepEqual(load(readFileSync(file, 'utf8')), { ...(load(theirs) as object), 'current-context': '' });
  assert.equal(statSync(file).mode & 0o777, 0o640);
});

test('mergeKubeconfig() keeps the namespace that people chose for a context, and takes the rest anew', () => {
  using dir = folder();
  const file = dir.path('config');
  mergeKubeconfig(file, ours);
  const chosen = load(readFileSync(file, 'utf8')) as { contexts: { context: object }[] };
  Object.assign(chosen.contexts[0]?.context ?? {}, { namespace: 'demo', user: 'another' });
  writeFileSync(file, JSON.stringify(chosen));
  mergeKubeconfig(file, ours);
  assert.deepEqual((load(readFileSync(file, 'utf8')) as { contexts: object[] }).contexts, [
    { name: 'nav', context: { cluster: 'nav', user: 'nav-admin', namespace: 'demo' } },
  ]);
});

test('mergeKubeconfig() makes a private file, writes through links, and leaves no lock', () => {
  using dir = folder();
  mergeKubeconfig(dir.path('deep/config'), ours);
  assert.equal(statSync(dir.path('deep/config')).mode & 0o777, 0o600);
  symlinkSync(dir.path('deep/config'), dir.path('link'));
  mergeKubeconfig(dir.path('link'), { ...ours, 'current-context': 'other' });
  assert.match(readFileSync(dir.path('deep/config'), 'utf8'), /current-context: other/);
  assert.ok(!existsSync(dir.path('deep/config.lock')));
});

test('mergeKubeconfig() takes the lock of a process that was killed', () => {
  using dir = folder();
  const lock = dir.path('config.lock');
  const gone = spawnSync('true').pid;
  writeFileSync(lock, JSON.stringify({ ...identityOf(process.pid), pid: gone }));
  mergeKubeconfig(dir.path('config'), ours);
  assert.ok(existsSync(dir.path('config')) && !existsSync(lock));
});

test('a broken kubeconfig is said in one sentence and not overwritten', () => {
  using dir = folder();
  const file = dir.path('config');
  const cases: readonly (readonly [text: string, says: RegExp])[] = [
    ['a: [', /is not valid YAML .*; mend or remove it$/],
    ['- a', /does not hold a Config object; mend or remove it$/],
    ['kind: Config', /has no current context/],
    ['current-context: gone', /has no context "gone"$/],
    [theirs, /names .*me\.pem, which cannot be read/],
    [theirs.replace("server: 'https://work'", "server: 'no address'"), /has no valid server address: "no address"$/],
    [
      theirs.replace('client-certificate: me.pem, client-key: me.key', 'exec: {command: x}'),
      /from another program \(exec\)/,
    ],
  ];
  for (const [text, says] of cases) {
    writeFileSync(file, text);
    assert.throws(
      () => loadAccess(file),
      (error: Error) => says.test(error.message) && !error.message.includes('\n'),
      text,
    );
    assert.equal(readFileSync(file, 'utf8'), text);
  }
  writeFileSync(file, 'a: [');
  assert.throws(() => mergeKubeconfig(file, ours), /is not valid YAML/);
  assert.equal(readFileSync(file, 'utf8'), 'a: [');
  assert.ok(!existsSync(`${file}.lock`));
});

test('loadAccess() reads certificates beside the kubeconfig', () => {
  using dir = folder();
  writeFileSync(dir.path('config'), theirs);
  writeFileSync(dir.path('me.pem'), 'CERT');
  writeFileSync(dir.path('me.key'), 'KEY');
  assert.deepEqual(loadAccess(dir.path('config')), {
    server: 'https://work',
    certificate: 'CERT',
    key: 'KEY',
    serverName: 'w.example',
  });
});

test('kubeconfigFile() is the first of KUBECONFIG that exists, else the last', (t) => {
  using dir = folder();
  const before = process.env['KUBECONFIG'];
  t.after(() => {
    if (before === undefined) delete process.env['KUBECONFIG'];
    else process.env['KUBECONFIG'] = before;
  });
  process.env['KUBECONFIG'] = `${dir.path('a')}::${dir.path('b')}`;
  assert.equal(kubeconfigFile(), dir.path('b'));
  writeFileSync(dir.path('a'), '');
  assert.equal(kubeconfigFile(), dir.path('a'));
});
