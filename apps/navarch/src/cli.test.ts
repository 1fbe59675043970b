import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { runCli } from './cli.ts';
import { commands } from './commands/index.ts';

// What people type wrongly: one sentence that says what is so and what to do, and an exit code that is not 0.

const folder = mkdtempSync(join(tmpdir(), 'nvcli-'));
process.env['NAVARCH_HOME'] = join(folder, 'home');
process.env['KUBECONFIG'] = join(folder, 'kubeconfig');
after(() => rmSync(folder, { recursive: true, force: true }));

async function said(
  t: TestContext,
  argv: readonly string[],
): Promise<{ readonly code: number; readonly text: string }> {
  let text = '';
  const write = t.mock.method(process.stderr, 'write', (chunk: string | Uint8Array) => {
    text += String(chunk);
    return true;
  });
  try {
    return { code: await runCli(argv), text };
  } finally {
    write.mock.restore();
  }
}

const cases: readonly (readonly [argv: string, expected: RegExp])[] = [
  ['uo', /unknown command 'uo'\n\(Did you mean up\?\)/],
  ['up --prot 1', /unknown option '--prot'\n\(Did you mean --port\?\)/],
  ['up --port 99999', /navarch: --port takes a port from 1 to 65535, not "99999"/],
  ['up --port', /option '--port <port>' argument missing/],
  ['up --runtime docker', /navarch: --runtime takes auto, containerd or sim, not "docker"/],
  ['rolling-update web', /navarch: give one of --image, --filename and --rollback/],
  ['rolling-update web --rollback', /navarch: --rollback takes both names: OLD NEW/],
  ['rolling-update web --image=i --timeout soon', /navarch: --timeout takes a time such as 24h, 30m or 7d, not "soon"/],
  ['rolling-update web -f /absent.yaml', /navarch: \/absent.yaml cannot be read: /],
  ['up --name Has_Capitals', /navarch: cluster name "Has_Capitals" is not valid/],
  ['up --name ../../etc', /navarch: cluster name "..\/..\/etc" is not valid/],
  ['up --node-ip 203.0.113.9', /navarch: this machine does not have the address 203\.0\.113\.9: it has /],
  ['up --nodes 0', /navarch: --nodes takes a number from 1 to 20, not "0"/],
  ['up --nodes 2 --node-ip 10.95.0.1', /navarch: --nodes and --node-ip exclude each other/],
  ['server --cluster-cidr 10.0.0.0', /navarch: --cluster-cidr takes an IPv4 range such as 10\.244\.0\.0\/16/],
  ['server --bind-address everywhere', /navarch: --bind-address takes an IP address/],
  ['server --service-node-port-range 5', /navarch: --service-node-port-range takes a range of ports/],
  ['agent --runtime sim', /navarch: this machine has not joined a cluster: give --server and --token/],
  ['agent --server ftp://x', /navarch: --server takes an address such as https:\/\//],
  ['agent --token x --server https://127.0.0.1:1', /navarch: --token does not look like one/],
  [
    'server --advertise-address 127.0.0.1',
    /navarch: --advertise-address takes an address of this machine that others reach, not "127\.0\.0\.1"/,
  ],
  ['agent --ca-hash md5:1', /navarch: --ca-hash takes sha256: and 64 hexadecimal digits/],
  ['agent --node-name Upper', /navarch: --node-name takes a name of at most 63/],
  ['agent --max-pods many', /navarch: --max-pods takes a number from 1 to 1000/],
  ['agent --kubeconfig /does/not/exist', /navarch: The kubeconfig \/does\/not\/exist has no/],
  ['logs scheduler', /navarch: logs takes server, agent or containerd, not "scheduler"/],
  ['logs agent', /navarch: cluster navarch has no log of agent/],
  ['logs agent --node navarch-9', /navarch: cluster navarch has no node navarch-9 on this machine/],
  ['logs --tail x', /navarch: --tail takes a number/],
  ['image load /does/not/exist', /navarch: there is no file \/does\/not\/exist/],
  ['image list', /navarch: cluster navarch does not run containerd on this machine/],
  ['image lod', /unknown command 'lod'\n\(Did you mean load\?\)/],
  ['token create', /navarch: there is no cluster navarch on this machine/],
  ['token create --kubeconfig /does/not/exist', /navarch: there is no file \/does\/not\/exist/],
  ['why pod/web', /navarch: there is no cluster navarch on this machine: start one with `navarch up`/],
  ['why service/web', /navarch: "service" has no pods of its own to place: ask about pod, deployment, /],
  ['why pod/', /navarch: why takes a pod or what makes pods, such as pod\/web or deployment\/web, not "pod\/"/],
  ['why web -o yaml', /navarch: --output takes json, not "yaml"/],
  ['kubectl get pods', /navarch: there is no cluster navarch on this machine/],
];

for (const [argv, expected] of cases) {
  test(`navarch ${argv}: ${expected.source}`, async (t) => {
    const { code, text } = await said(t, argv.split(' '));
    assert.match(text, expected);
    assert.doesNotMatch(text, /\n\s+at /);
    assert.notEqual(code, 0);
  });
}

test('a folder of a newer format is not touched', async (t) => {
  const dir = join(folder, 'home/newer');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'format.json'), '{"format":2}');
  const { code, text } = await said(t, ['up', '--name', 'newer', '--runtime', 'sim']);
  assert.match(text, /newer was written by a newer Navarch \(format 2; this one knows 1\)/);
  assert.equal(code, 1);
});

for (const [what, text, expected] of [
  ['no YAML', 'a: [', /The kubeconfig .* is not valid YAML .*mend or remove it/],
  ['a list', '- a', /does not hold a Config object; mend or remove it/],
] as const) {
  test(`up: a kubeconfig that is ${what} is told before anything is begun`, async (t) => {
    const file = join(folder, 'broken');
    writeFileSync(file, text);
    process.env['KUBECONFIG'] = file;
    const { code, text: words } = await said(t, ['up', '--name', 'broken', '--runtime', 'sim']);
    process.env['KUBECONFIG'] = join(folder, 'kubeconfig');
    assert.match(words, expected);
    assert.equal(code, 1);
  });
}

test('every command teaches: its help says what it is for, each option, and shows an example', async () => {
  const { Command } = await import('commander');
  const program = new Command().enablePositionalOptions();
  for (const { load } of commands) (await load())(program, () => undefined);
  for (const command of program.commands) {
    let help = '';
    command
      .configureOutput({
        writeOut: (text) => {
          help += text;
        },
      })
      .outputHelp();
    assert.ok(command.description().length > 20, command.name());
    for (const option of command.options) assert.ok(option.description.length > 5, `${command.name()} ${option.flags}`);
    if (!['kubectl', 'test', 'conformance', 'bench', 'status', 'envtest-run'].includes(command.name()))
      assert.match(help, /Examples:\n {2}\S/, command.name());
  }
});
