import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type RealCluster, startRealCluster } from './testing/real-cluster.ts';

// exec, attach, port-forward, cp, proxies and statistics on real containers, through an unmodified kubectl over both of its
// transports and through the JavaScript client. On a machine of its own (namespaces).

const script = (file: string, ...args: readonly string[]): readonly string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  join(import.meta.dirname, file),
  ...args,
];
const TIMEOUT = { timeout: 60_000 };
const transports = [
  ['WebSocket', 'true'],
  ['SPDY', 'false'],
] as const;
let cluster: RealCluster;

/** A line of shell in which `kubectl` is the real one, over that transport. */
async function shell(webSockets: string, line: string): Promise<string> {
  const { stdout } = await cluster.machine.run(
    'env',
    `KUBECTL_REMOTE_COMMAND_WEBSOCKETS=${webSockets}`,
    `KUBECTL_PORT_FORWARD_WEBSOCKETS=${webSockets}`,
    'sh',
    '-c',
    `kubectl() { ${cluster.kubectlPath} "$@"; }\n${line}`,
  );
  return stdout;
}
const kubectl = (...args: readonly string[]): Promise<string> => cluster.kubectl(...args);
const said = (error: unknown): string => String((error as { stderr?: string }).stderr ?? error);

before(
  async () => {
    cluster = await startRealCluster({ mark: 's' });
    await kubectl('run', 'web', '--image=nginx:1.27', '--image-pull-policy=IfNotPresent', '--restart=Never');
    await kubectl('wait', 'pod/web', '--for=condition=Ready', '--timeout=60s');
  },
  { timeout: 240_000 },
);

after(() => cluster?.[Symbol.asyncDispose](), { timeout: 120_000 });

for (const [transport, webSockets] of transports) {
  test(`kubectl exec over ${transport}: outputs, exit codes, ends of input`, TIMEOUT, async () => {
    assert.equal(
      await shell(webSockets, "kubectl exec web -- sh -c 'echo out; echo err >&2' 2>&1 | sort"),
      'err\nout\n',
    );
    assert.equal(await shell(webSockets, "kubectl exec web -- sh -c 'exit 7'; echo $?"), '7\n');
    assert.equal(
      await shell(webSockets, "printf 'a\\nb\\n' | kubectl exec -i web -- sh -c 'cat; echo end'"),
      'a\nb\nend\n',
    );
  });

  test(`kubectl exec over ${transport}: 20 MB go in and come out as they were`, TIMEOUT, async () => {
    const line =
      'head -c 20000000 /dev/urandom > $0.bin; sha256sum < $0.bin; kubectl exec -i web -- cat < $0.bin | sha256sum; rm $0.bin'.replaceAll(
        '$0',
        join(cluster.folder, transport),
      );
    const [sent, got] = (await shell(webSockets, line)).split('\n');
    assert.equal(got, sent);
  });

  test(`kubectl exec over ${transport}: what cannot be is said in upstream's words`, TIMEOUT, async () => {
    await assert.rejects(shell(webSockets, 'kubectl exec web -c absent -- true'), (error) =>
      said(error).includes('Error from server (BadRequest): container absent is not valid for pod web'),
    );
    await assert.rejects(shell(webSockets, 'kubectl exec web -- /no/such/program'), (error) =>
      /no such file or directory/.test(said(error)),
    );
  });

  test(`kubectl cp over ${transport} brings files both ways`, TIMEOUT, async () => {
    const [from, to] = [join(cluster.folder, `${transport}.from`), join(cluster.folder, `${transport}.to`)];
    writeFileSync(from, Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251)));
    await shell(webSockets, `kubectl cp ${from} web:/tmp/file && kubectl cp web:/tmp/file ${to}`);
    assert.ok(readFileSync(to).equals(readFileSync(from)));
  });

  test(`kubectl attach over ${transport} brings input and output of the container's own process`, TIMEOUT, async () => {
    const pod = `attach-${webSockets}`;
    await kubectl(
      'run',
      pod,
      '--image=busybox',
      '--image-pull-policy=IfNotPresent',
      '--restart=Never',
      '--stdin',
      '--attach=false',
      '--',
      'sh',
      '-c',
      'read line; echo "got $line"',
    );
    await kubectl('wait', `pod/${pod}`, '--for=condition=Ready', '--timeout=60s');
    assert.match(await shell(webSockets, `echo hello | kubectl attach -i ${pod}`), /got hello/);
  });

  test(`kubectl port-forward over ${transport}: many connections at a time`, TIMEOUT, async () => {
    const fetches =
      'for i in $(seq 1 40); do (exec 3<>/dev/tcp/127.0.0.1/18080; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; head -1 <&3) & done; wait';
    const log = join(cluster.folder, `forward-${transport}.log`);
    const line = `touch ${log}; ${cluster.kubectlPath} port-forward pod/web 18080:80 > ${log} 2>&1 & P=$!\nfor i in $(seq 1 100); do grep -q Forwarding ${log} && break; sleep 0.1; done\nbash -c '${fetches}'\nkill $P`;
    const lines = (await shell(webSockets, line))
      .trim()
      .split('\n')
      .map((text) => text.trim());
    assert.deepEqual(
      lines,
      Array.from({ length: 40 }, () => 'HTTP/1.1 200 OK'),
    );
  });

  test(`kubectl port-forward over ${transport} says that nothing listens`, TIMEOUT, async () => {
    const log = join(cluster.folder, `nothing-${transport}.log`);
    const line = `touch ${log}; ${cluster.kubectlPath} port-forward pod/web 18081:9 > ${log} 2>&1 & P=$!\nfor i in $(seq 1 100); do grep -q Forwarding ${log} && break; sleep 0.1; done\nbash -c 'exec 3<>/dev/tcp/127.0.0.1/18081; cat <&3'; sleep 0.3; kill $P; cat ${log}`;
    assert.match(await shell(webSockets, line), /error forwarding port 9 to pod .*connection refused/);
  });
}

test('the JavaScript client: exec, terminals, exit codes, binary input, port-forward', TIMEOUT, async () => {
  const { stdout } = await cluster.machine.run(...script('testing/stream-client.ts', 'web', 'web'));
  assert.deepEqual(JSON.parse(stdout), {
    out: 'out\n',
    error: 'err\n',
    code: '4',
    isEchoed: true,
    echo: 'Success',
    size: '37 101',
    page: 'HTTP/1.1 200 OK',
  });
});

test('pods/proxy serves the page of a pod, and says why there is none', TIMEOUT, async () => {
  assert.match(await kubectl('get', '--raw', '/api/v1/namespaces/default/pods/web:80/proxy/'), /Welcome to nginx/);
  await assert.rejects(kubectl('get', '--raw', '/api/v1/namespaces/default/pods/web:81/proxy/'), (error) =>
    /error trying to reach service: dial tcp .*:81: connect: connection refused/.test(said(error)),
  );
});

test('nodes/proxy: the kubelet shows what its pods use', TIMEOUT, async () => {
  const node = (await kubectl('get', 'nodes', '-o', 'name')).trim().replace('node/', '');
  const ask = (path: string): Promise<string> => kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/${path}`);
  const { pods } = JSON.parse(await ask('stats/summary')) as {
    pods: readonly {
      podRef: { name: string };
      memory: { workingSetBytes: number };
      network: { rxBytes: number };
      containers: readonly { name: string; cpu: { usageCoreNanoSeconds: number }; rootfs: { usedBytes: number } }[];
    }[];
  };
  const web = pods.find(({ podRef }) => podRef.name === 'web');
  assert.ok((web?.memory.workingSetBytes ?? 0) > 0 && (web?.network.rxBytes ?? 0) > 0, JSON.stringify(web));
  assert.ok(
    (web?.containers[0]?.cpu.usageCoreNanoSeconds ?? 0) > 0 && (web?.containers[0]?.rootfs.usedBytes ?? 0) > 0,
    JSON.stringify(web),
  );
  assert.match(
    await ask('metrics/resource'),
    /^container_memory_working_set_bytes\{container="web",namespace="default",pod="web"\} [\d.e+]+ \d+$/m,
  );
  assert.match(
    await ask('metrics/cadvisor'),
    /^container_network_receive_bytes_total\{(?=.*interface="eth0")(?=.*pod="web").*\} [\d.e+]+ \d+$/m,
  );
  assert.match(await ask('metrics'), /^kubelet_runtime_operations_total\{operation_type="run_podsandbox"\} \d+$/m);
  assert.match(await kubectl('get', '--raw', '/metrics'), /^apiserver_request_total\{.*\} \d+$/m);
});

test('a kubelet lets nobody in whom the API server does not know', TIMEOUT, async () => {
  const address = await kubectl(
    'get',
    'nodes',
    '-o',
    'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}:{.items[0].status.daemonEndpoints.kubeletEndpoint.Port}',
  );
  const ask =
    "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; for (const headers of [{}, { authorization: 'Bearer none' }]) { const r = await fetch(process.argv[1], { headers }); console.log(r.status, await r.text()); }";
  const { stdout } = await cluster.machine.run(
    process.execPath,
    '--no-warnings',
    '--input-type=module',
    '-e',
    ask,
    `https://${address.trim()}/pods`,
  );
  assert.equal(stdout, '401 Unauthorized\n401 Unauthorized\n');
});
