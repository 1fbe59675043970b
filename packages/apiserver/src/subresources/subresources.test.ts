import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StartedServer, startedServer } from '../testing/started-server.ts';

const NS = '/api/v1/namespaces/default';
const BUDGETS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

/** Running pods a and b with the label app=web, and a budget for them that allows so many disruptions. */
async function withBudget(disruptionsAllowed: number, spec: object = {}): Promise<StartedServer> {
  const server = await startedServer();
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  for (const name of ['a', 'b']) {
    const made = await server.make(`${NS}/pods`, {
      metadata: { name, labels: { app: 'web' } },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
    });
    await server.ask('PUT', `${NS}/pods/${name}/status`, { ...made, status: ready });
  }
  const budget = await server.make(BUDGETS, {
    metadata: { name: 'web' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } }, ...spec },
  });
  await server.ask('PUT', `${BUDGETS}/web/status`, {
    ...budget,
    status: { observedGeneration: 1, disruptionsAllowed, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 },
  });
  return server;
}
/** Clients read the code in the body: kube-rs's own tests do. */
const DONE = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
const evict = (server: StartedServer, name: string, more: object = {}) =>
  server.ask('POST', `${NS}/pods/${name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name },
    ...more,
  });

test('an eviction spends what the budget allows, and is told to wait when nothing is left', async () => {
  const server = await withBudget(1);
  assert.deepEqual((await evict(server, 'a')).body, DONE);
  const { status } = (await server.ask('GET', `${BUDGETS}/web`)).body;
  assert.deepEqual([status.disruptionsAllowed, Object.keys(status.disruptedPods)], [0, ['a']]);
  assert.deepEqual(status.conditions, [
    {
      type: 'DisruptionAllowed',
      status: 'False',
      observedGeneration: 1,
      lastTransitionTime: '2026-01-01T00:00:00Z',
      reason: 'InsufficientPods',
      message: '',
    },
  ]);
  const refused = await evict(server, 'b');
  assert.deepEqual(
    [refused.status, refused.body.message, refused.body.details.causes[0].message],
    [
      429,
      "Cannot evict pod as it would violate the pod's disruption budget.",
      'The disruption budget web needs 1 healthy pods and has 2 currently',
    ],
  );
  assert.equal((await server.ask('GET', `${NS}/pods/b`)).body.metadata.deletionTimestamp, undefined);
});

test('an eviction may still be said as policy/v1beta1, and as no other version', async () => {
  const server = await withBudget(2);
  assert.equal((await evict(server, 'a', { apiVersion: 'policy/v1beta1' })).status, 201);
  const refused = await evict(server, 'b', { apiVersion: 'policy/v1alpha1' });
  assert.equal(refused.status, 400);
  assert.match(refused.body.message, /policy\/v1alpha1/);
});

test('an evicted pod says why it goes, and goes only in the version that its evicter knows', async () => {
  const server = await withBudget(2);
  const known = (await server.ask('GET', `${NS}/pods/a`)).body.metadata.resourceVersion;
  const stale = await evict(server, 'b', { deleteOptions: { preconditions: { resourceVersion: known } } });
  assert.equal(stale.status, 409);
  assert.equal(
    (await evict(server, 'a', { deleteOptions: { preconditions: { resourceVersion: known } } })).status,
    201,
  );
  const [a, b] = [(await server.ask('GET', `${NS}/pods/a`)).body, (await server.ask('GET', `${NS}/pods/b`)).body];
  const target = (p: typeof a) =>
    p.status.conditions.find((c: { readonly type: string }) => c.type === 'DisruptionTarget');
  assert.deepEqual(
    [target(a)?.reason, target(a)?.message, target(a)?.lastProbeTime, target(b)],
    ['EvictionByEvictionAPI', 'Eviction API: evicting', null, undefined],
  );
  assert.ok(a.metadata.deletionTimestamp);
});

test('the books of evictions are kept by the server; nobody comes to own what it says of a pod', async () => {
  const server = await withBudget(2);
  assert.equal((await evict(server, 'a')).status, 201);
  const managers = async (path: string): Promise<readonly string[]> =>
    (await server.ask('GET', path)).body.metadata.managedFields
      .filter(({ subresource }: { readonly subresource?: string }) => subresource === 'status')
      .map(({ manager }: { readonly manager: string }) => manager);
  assert.ok((await managers(`${BUDGETS}/web`)).includes('kube-apiserver'));
  const [a, b] = [await managers(`${NS}/pods/a`), await managers(`${NS}/pods/b`)];
  assert.deepEqual(a, b);
  const owned = (await server.ask('GET', `${NS}/pods/a`)).body.metadata.managedFields;
  assert.ok(!JSON.stringify(owned).includes('DisruptionTarget'));
});

test('of two evictions at once one spends the last disruption', async () => {
  const server = await withBudget(1);
  const answers = await Promise.all([evict(server, 'a'), evict(server, 'b')]);
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 429]);
});

test('a dry run spends nothing, a wrong name nothing either', async () => {
  const server = await withBudget(1);
  assert.equal((await evict(server, 'a', { deleteOptions: { dryRun: ['All'] } })).status, 201);
  assert.equal((await evict(server, 'a', { metadata: { name: 'b' } })).status, 400);
  assert.equal((await evict(server, 'a', { deleteOptions: { preconditions: { uid: 'other' } } })).status, 409);
  assert.equal((await server.ask('GET', `${NS}/pods/a`)).body.metadata.deletionTimestamp, undefined);
});

test('a pod that is over costs no budget; one that is not ready only where the budget is met', async () => {
  const server = await withBudget(0);
  const { body } = await server.ask('GET', `${NS}/pods/a`);
  await server.ask('PUT', `${NS}/pods/a/status`, {
    ...body,
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
  });
  assert.equal((await evict(server, 'a')).status, 201);
  const other = (await server.ask('GET', `${NS}/pods/b`)).body;
  await server.ask('PUT', `${NS}/pods/b/status`, { ...other, status: { phase: 'Succeeded' } });
  assert.equal((await evict(server, 'b')).status, 201);
});

test('a pod of two budgets cannot be evicted', async () => {
  const server = await withBudget(1);
  await server.make(BUDGETS, {
    metadata: { name: 'other' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
  });
  const { status, body } = await evict(server, 'a');
  const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
  assert.deepEqual(
    [status, body],
    [500, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 }],
  );
});

test('a pod is bound once, to a node that is named, by who has its uid right', async () => {
  const server = await startedServer();
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  await server.make(`${NS}/pods`, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  const bind = (body: object, query = '') =>
    server.ask('POST', `${NS}/pods/p/binding${query}`, { apiVersion: 'v1', kind: 'Binding', ...body });
  const metadata = { name: 'p' };
  const refused = await bind({ metadata, target: { kind: 'Node', name: '' } });
  assert.deepEqual(
    [refused.status, refused.body.reason, refused.body.message],
    [500, undefined, 'target.name: Required value'],
  );
  assert.equal(
    (await bind({ metadata, target: { kind: 'Minion' } })).body.message,
    '[target.kind: Unsupported value: "Minion": supported values: "Node", "<empty>", target.name: Required value]',
  );
  assert.equal((await bind({ target: { name: 'n' } })).status, 400);
  assert.equal((await bind({ metadata: { name: 'q' }, target: { name: 'n' } })).status, 400);
  const { uid } = (await server.ask('GET', `${NS}/pods/p`)).body.metadata;
  assert.equal(
    (await bind({ metadata: { name: 'p', uid: 'x' }, target: { name: 'n' } })).body.message,
    `Operation cannot be fulfilled on pods "p": StorageError: invalid object, Code: 4, Key: /registry/pods/default/p, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: x, UID in object meta: ${uid}`,
  );
  assert.equal((await bind({ metadata, target: { name: 'n' } }, '?dryRun=All')).status, 201);
  assert.equal((await server.ask('GET', `${NS}/pods/p`)).body.spec.nodeName, undefined);
  await server.ask(
    'PATCH',
    `${NS}/pods/p/status`,
    {
      status: {
        nominatedNodeName: 'm',
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
          { type: 'x', status: 'True' },
        ],
      },
    },
    { headers: { 'content-type': 'application/merge-patch+json' } },
  );
  assert.deepEqual((await bind({ metadata, target: { name: 'n' } })).body, DONE);
  const { status } = (await server.ask('GET', `${NS}/pods/p`)).body;
  assert.equal(status.nominatedNodeName, undefined);
  assert.deepEqual(
    status.conditions.map(({ lastTransitionTime: _, ...rest }: Record<string, unknown>) => rest),
    [
      { type: 'PodScheduled', observedGeneration: 1, status: 'True', lastProbeTime: null },
      { type: 'x', status: 'True', lastProbeTime: null },
    ],
  );
  const again = await bind({ metadata, target: { name: 'm' } });
  assert.deepEqual(
    [again.status, again.body.message],
    [409, 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n"'],
  );
});

test('a proxy reaches pods and nothing of the server itself', async () => {
  const server = await startedServer();
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  const made = await server.make(`${NS}/pods`, {
    metadata: { name: 'p' },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  });
  const at = async (podIP: string, name = 'p:8080') => {
    const { body } = await server.ask('GET', `${NS}/pods/p`);
    await server.ask('PUT', `${NS}/pods/p/status`, {
      ...body,
      status: { ...made.status, phase: 'Running', podIP, podIPs: [{ ip: podIP }] },
    });
    return server.ask('GET', `${NS}/pods/${name}/proxy/x`);
  };
  const { target } = await at('10.244.0.5');
  assert.deepEqual([target?.host, target?.port, target?.asKubeletClient], ['10.244.0.5', 8080, false]);
  assert.equal((await at('10.244.0.5', 'https:p:8443')).target?.scheme, 'https');
  for (const address of [
    '127.0.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'ff02::1',
    '::ffff:127.0.0.1',
  ])
    assert.equal((await at(address)).status, 400, address);
  for (const name of ['p:none', 'p:70000', 'ftp:p:80', 'a:b:c:d'])
    assert.equal((await at('10.244.0.5', name)).status, 400, name);
});

const end = (address: string, name?: string, more: object = {}) => ({
  addresses: [address],
  conditions: { ready: true },
  ...(name === undefined ? {} : { targetRef: { kind: 'Pod', namespace: 'default', name } }),
  ...more,
});

async function withService(
  ports: readonly object[],
  slices: readonly { readonly ports: readonly object[]; readonly endpoints: readonly object[] }[],
) {
  const server = await startedServer();
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  await server.make(`${NS}/services`, { metadata: { name: 's' }, spec: { ports } });
  for (const [name, podIP] of [
    ['a', '10.244.0.1'],
    ['b', '10.244.0.2'],
    ['c', '10.244.0.3'],
    ['local', '127.0.0.1'],
  ] as const) {
    const made = await server.make(`${NS}/pods`, {
      metadata: { name },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
    });
    await server.ask('PUT', `${NS}/pods/${name}/status`, {
      ...made,
      status: { ...made.status, podIP, podIPs: [{ ip: podIP }] },
    });
  }
  for (const [i, slice] of slices.entries()) {
    await server.make('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `s-${i}`, labels: { 'kubernetes.io/service-name': 's' } },
      addressType: 'IPv4',
      ...slice,
    });
  }
  return (name: string) => server.ask('GET', `${NS}/services/${name}/proxy/x`);
}

test('a proxy of a service goes to any of its ready endpoints, each as often as another', async () => {
  const ask = await withService(
    [{ name: 'http', port: 80 }],
    [
      {
        ports: [{ name: 'http', port: 8080 }],
        endpoints: [
          end('10.244.0.1', 'a'),
          end('10.244.0.2', 'b'),
          end('10.244.0.9', 'c', { conditions: { ready: false } }),
        ],
      },
      { ports: [{ name: 'http', port: 8081 }], endpoints: [end('10.244.0.3', 'c')] },
    ],
  );
  const counts = new Map<string, number>();
  for (let i = 0; i < 300; i++) {
    const { target } = await ask('s:http');
    const at = `${target?.host}:${target?.port}`;
    counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].sort(), ['10.244.0.1:8080', '10.244.0.2:8080', '10.244.0.3:8081']);
  assert.ok(
    [...counts.values()].every((count) => count > 60),
    [...counts.values()].join(),
  );
  assert.equal((await ask('s:other')).status, 503);
});

test('a proxy of a service takes a port by its name or number; without either the one that has no name', async () => {
  const ask = await withService(
    [{ name: 'http', port: 80 }],
    [{ ports: [{ name: 'http', port: 8080 }], endpoints: [end('10.244.0.1', 'a')] }],
  );
  assert.deepEqual([(await ask('s:80')).target?.port, (await ask('https:s:http')).target?.scheme], [8080, 'https']);
  assert.equal((await ask('s')).body.message, 'no endpoints available for service "s"');
  assert.equal((await ask('s:81')).body.message, 'no service port 81 found for service "s"');
  assert.equal((await ask('a:b:c:d')).body.message, 'invalid service request "a:b:c:d"');
  const unnamed = await withService([{ port: 80 }], [{ ports: [{ port: 8080 }], endpoints: [end('10.244.0.1', 'a')] }]);
  assert.equal((await unnamed('s')).target?.port, 8080);
});

test('a proxy of a service reaches nothing but pods of its namespace, whatever somebody writes into a slice', async () => {
  const ports = [{ port: 8080 }];
  const of = async (endpoint: object): Promise<readonly unknown[]> => {
    const { status, body } = await (await withService([{ port: 80 }], [{ ports, endpoints: [endpoint] }]))('s');
    return [status, body?.message];
  };
  const none = [503, 'no endpoints available for service "s"'];
  assert.deepEqual(await of(end('10.0.0.7')), none, 'no pod');
  assert.deepEqual(await of(end('10.0.0.7', 'a')), none, 'not the address of the pod');
  assert.deepEqual(
    await of(end('10.244.0.1', 'a', { targetRef: { kind: 'Pod', namespace: 'kube-system', name: 'a' } })),
    none,
    'a pod of others',
  );
  assert.deepEqual(await of(end('10.244.0.1', 'gone')), none, 'a pod that is gone');
});

test('a proxy of a node asks the kubelet as the server, and what else listens there as nobody', async () => {
  const server = await startedServer();
  const made = await server.make('/api/v1/nodes', { metadata: { name: 'n' } });
  const at = async (address: string, name: string) => {
    const status = {
      addresses: [{ type: 'InternalIP', address }],
      daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
    };
    await server.ask(
      'PATCH',
      `/api/v1/nodes/${made.metadata.name}/status`,
      { status },
      { headers: { 'content-type': 'application/merge-patch+json' } },
    );
    return server.ask('GET', `/api/v1/nodes/${name}/proxy/x`);
  };
  for (const name of ['n', 'n:10250', 'http:n:10250']) {
    const { target } = await at('10.1.0.1', name);
    assert.deepEqual([target?.scheme, target?.port, target?.asKubeletClient], ['https', 10_250, true], name);
  }
  const { target } = await at('10.1.0.1', 'n:9100');
  assert.deepEqual([target?.scheme, target?.port, target?.asKubeletClient], ['http', 9100, false]);
  assert.deepEqual(
    [(await at('127.0.0.1', 'n:9100')).body.message, (await at('10.1.0.1', 'x:y:z:9')).body.message],
    ['address not allowed', 'invalid node request "x:y:z:9"'],
  );
});

test('a log is asked for in words that make sense, and is empty before its pod is on a node', async () => {
  const server = await startedServer();
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  const containers = [
    { name: 'a', image: 'i' },
    { name: 'b', image: 'i' },
  ];
  await server.make(`${NS}/pods`, {
    metadata: { name: 'p' },
    spec: { containers, initContainers: [{ name: 'first', image: 'i' }] },
  });
  const log = async (query: string): Promise<readonly [number, string]> => {
    const { status, body } = await server.ask('GET', `${NS}/pods/p/log?${query}`);
    return [status, body?.message ?? ''];
  };
  const invalid = (text: string): readonly [number, string] => [422, `PodLogOptions "p" is invalid: ${text}`];
  for (const [query, expected] of [
    ['container=a', [204, '']],
    ['', [400, 'a container name must be specified for pod p, choose one of: [first a b]']],
    ['container=c', [400, 'container c is not valid for pod p']],
    ['tailLines=x', [400, 'strconv.ParseInt: parsing "x": invalid syntax']],
    ['tailLines=-1', invalid('tailLines: Invalid value: -1: must be greater than or equal to 0')],
    ['limitBytes=0', invalid('limitBytes: Invalid value: 0: must be greater than 0')],
    ['sinceSeconds=0', invalid('sinceSeconds: Invalid value: 0: must be greater than 0')],
    ['stream=Stdout', invalid('stream: Forbidden: may not be specified')],
    [
      'sinceSeconds=1&sinceTime=2026-11-21T12:00:00Z',
      invalid('[]: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified'),
    ],
  ] as const)
    assert.deepEqual(await log(query), expected, query);
  assert.equal(
    (await server.ask('GET', `${NS}/pods/p/exec?container=c&command=ls`)).body.message,
    'container c is not valid for pod p',
  );
  assert.equal(
    (await server.ask('GET', `${NS}/pods/p/exec?container=a&command=ls`)).body.message,
    'pod p does not have a host assigned',
  );
});
