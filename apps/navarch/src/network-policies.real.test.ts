import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '@navarch/node/testing';
import { type RealCluster, startRealCluster } from './testing/real-cluster.ts';

// Network policies between nine pods of three namespaces on two nodes, each of which tries all others on two ports: what
// packets do, not what rules say.

const TIMEOUT = { timeout: 240_000 };
const NAMESPACES = ['x', 'y', 'z'] as const;
const NAMES = ['a', 'b', 'c'] as const;
const PORTS = [8080, 8081] as const;
/** A try that is not answered by then is dropped. */
const TRY_SECONDS = 1;

interface Place {
  /** `x/a` */
  readonly pod: string;
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly ip: string;
}

let cluster: RealCluster;
let places: readonly Place[] = [];

const kubectl = (...args: readonly string[]): Promise<string> => cluster.kubectl(...args);
const placeOf = (pod: string): Place => {
  const place = places.find((one) => one.pod === pod);
  assert.ok(place, pod);
  return place;
};

let files = 0;
async function apply(...objects: readonly object[]): Promise<void> {
  const path = join(cluster.folder, `objects-${++files}.json`);
  writeFileSync(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  await kubectl('apply', '-f', path);
}

const policy = (namespace: string, name: string, spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace, name },
  spec,
});
const remove = (namespace: string, ...names: readonly string[]): Promise<string> =>
  kubectl('-n', namespace, 'delete', 'networkpolicy', ...names);
const withoutPolicies = async (): Promise<void> => {
  for (const namespace of NAMESPACES) await kubectl('-n', namespace, 'delete', 'networkpolicies', '--all');
};

/** Runs a script in a pod. Resolves to what it writes. */
const inPod = ({ namespace, name }: Pick<Place, 'namespace' | 'name'>, script: string): Promise<string> =>
  kubectl('-n', namespace, 'exec', name, '-c', 'c8080', '--', 'bash', '-c', script);

/** Two programs that say the pod's name; labels as in the usual examples. */
const podOf = (namespace: string, name: string, node: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name, labels: { pod: name } },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    containers: PORTS.map((port) => ({
      name: `c${port}`,
      image: 'navarch-testhost',
      imagePullPolicy: 'IfNotPresent',
      args: ['netexec', `--http-port=${port}`, '--udp-port=-1'],
      ports: [{ name: `serve-${port}`, containerPort: port }],
      readinessProbe: { httpGet: { path: '/healthz', port }, periodSeconds: 1 },
    })),
    ...more,
  },
});

/** Of all pairs and ports, those that are answered: `x/a>y/b:8080`. */
async function open(): Promise<ReadonlySet<string>> {
  const tries = places.flatMap(({ pod, ip }) => PORTS.map((port) => `${pod}:${port} ${ip} ${port}`));
  const script = `while read to ip port; do (nc -z -w ${TRY_SECONDS} $ip $port </dev/null >/dev/null 2>&1 && echo $to) & done; wait`;
  const found = await Promise.all(
    places.map(async (place) => {
      const said = await inPod(place, `printf '%s\\n' ${tries.map((one) => `'${one}'`).join(' ')} | (${script})`);
      return said
        .split('\n')
        .filter((line) => line !== '')
        .map((to) => `${place.pod}>${to}`);
    }),
  );
  return new Set(found.flat());
}

type Rule = (from: Place, to: Place, port: number) => boolean;

/** The packets do what the rule says within seconds; a pod reaches itself whatever anyone says. */
async function untilOpen(what: string, isOpen: Rule): Promise<void> {
  const wanted = new Set(
    places.flatMap((from) =>
      places.flatMap((to) =>
        PORTS.flatMap((port) => (from === to || isOpen(from, to, port) ? [`${from.pod}>${to.pod}:${port}`] : [])),
      ),
    ),
  );
  let difference: readonly string[] = [];
  await eventually(
    what,
    async () => {
      const found = await open();
      difference = [
        ...[...wanted].filter((one) => !found.has(one)).map((one) => `closed: ${one}`),
        ...[...found].filter((one) => !wanted.has(one)).map((one) => `open: ${one}`),
      ];
      return difference.length === 0;
    },
    { timeoutMs: 30_000, explain: () => difference.slice(0, 20).join('\n') },
  );
}

const everything: Rule = () => true;
const tables = async (): Promise<string> => (await cluster.machine.run('nft', 'list', 'tables')).stdout;

before(
  async () => {
    cluster = await startRealCluster({ mark: 'n', images: ['navarch-testhost'], flags: ['--nodes', '2'] });
    const nodes = (await kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');
    assert.equal(nodes.length, 2);
    await apply(
      ...NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { ns: name } } })),
    );
    // Each namespace has two pods on one node and one on the other.
    await apply(
      ...NAMESPACES.flatMap((namespace, i) =>
        NAMES.map((name, k) => podOf(namespace, name, nodes[(i + (k === 0 ? 1 : 0)) % 2] ?? '')),
      ),
    );
    for (const namespace of NAMESPACES)
      await kubectl('-n', namespace, 'wait', 'pod', '--all', '--for=condition=Ready', '--timeout=120s');
    const listed = JSON.parse(await kubectl('get', 'pods', '-A', '-o', 'json')) as {
      items: { metadata: { namespace: string; name: string }; spec: { nodeName: string }; status: { podIP: string } }[];
    };
    places = listed.items
      .filter(({ metadata }) => (NAMESPACES as readonly string[]).includes(metadata.namespace))
      .map(({ metadata: { namespace, name }, spec, status }) => ({
        pod: `${namespace}/${name}`,
        namespace,
        name,
        node: spec.nodeName,
        ip: status.podIP,
      }));
    assert.equal(places.length, 9);
  },
  { timeout: 300_000 },
);

after(() => cluster?.[Symbol.asyncDispose](), { timeout: 120_000 });

test('without policies everything is open, and the packet filter has nothing of them', TIMEOUT, async () => {
  await untilOpen('everything open', everything);
  assert.doesNotMatch(await tables(), /navarch-policy/);
});

test(
  'a policy that allows nothing closes a namespace, to pods of its own nodes as well, but not to kubelets',
  TIMEOUT,
  async () => {
    await apply(policy('x', 'deny', { podSelector: {} }));
    await untilOpen('x closed', (_from, to) => to.namespace !== 'x');
    for (const { namespace, name } of places) {
      const ready = "jsonpath={.status.conditions[?(@.type=='Ready')].status}";
      assert.equal(await kubectl('-n', namespace, 'get', 'pod', name, '-o', ready), 'True');
    }
    await apply(
      policy('x', 'allow-a', {
        podSelector: { matchLabels: { pod: 'a' } },
        ingress: [{ from: [{ podSelector: {} }] }],
      }),
    );
    await untilOpen(
      'x/a open to its namespace',
      (from, to) => to.namespace !== 'x' || (to.name === 'a' && from.namespace === 'x'),
    );
    await remove('x', 'deny', 'allow-a');
    await untilOpen('everything open', everything);
    assert.doesNotMatch(await tables(), /navarch-policy/);
  },
);

test('selectors of namespaces and of pods allow alone and together, on one port or some', TIMEOUT, async () => {
  const from = (peer: object, ports?: readonly object[]): object =>
    policy('x', 'rule', { podSelector: {}, ingress: [{ from: [peer], ...(ports ? { ports } : {}) }] });
  const ofY = { namespaceSelector: { matchLabels: { ns: 'y' } } };
  const notA = { podSelector: { matchExpressions: [{ key: 'pod', operator: 'NotIn', values: ['a'] }] } };
  await apply(from(ofY));
  await untilOpen('x open to y', (f, to) => to.namespace !== 'x' || f.namespace === 'y');
  await apply(from({ ...ofY, ...notA }));
  await untilOpen('x open to some of y', (f, to) => to.namespace !== 'x' || (f.namespace === 'y' && f.name !== 'a'));
  await apply(from({ namespaceSelector: {}, ...notA }, [{ port: 8081 }]));
  await untilOpen(
    'x open on a port to some of all',
    (f, to, port) => to.namespace !== 'x' || (f.name !== 'a' && port === 8081),
  );
  await apply(from(ofY, [{ port: 8000, endPort: 8080 }]));
  await untilOpen(
    'x open on a range of ports',
    (f, to, port) => to.namespace !== 'x' || (f.namespace === 'y' && port === 8080),
  );
  await apply(from(ofY, [{ port: 'serve-8081' }]));
  await untilOpen(
    'x open on a port by its name',
    (f, to, port) => to.namespace !== 'x' || (f.namespace === 'y' && port === 8081),
  );
  await remove('x', 'rule');
});

test('blocks of addresses with exceptions hold in both directions', TIMEOUT, async () => {
  const ipBlock = { cidr: '10.244.0.0/16', except: [`${placeOf('y/a').ip}/32`, `${placeOf('z/b').ip}/32`] };
  const isExcepted = ({ pod }: Place): boolean => pod === 'y/a' || pod === 'z/b';
  await apply(policy('x', 'block', { podSelector: {}, ingress: [{ from: [{ ipBlock }] }] }));
  await untilOpen('x open to a block', (from, to) => to.namespace !== 'x' || !isExcepted(from));
  await apply(
    policy('x', 'block', {
      podSelector: { matchLabels: { pod: 'b' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock }], ports: [{ port: 'serve-8080' }] }],
    }),
  );
  await untilOpen(
    'x/b may go to a block',
    (from, to, port) => from.pod !== 'x/b' || (!isExcepted(to) && port === 8080),
  );
  await remove('x', 'block');
});

test('a pod that may go nowhere but to DNS still resolves names', TIMEOUT, async () => {
  await apply(
    policy('y', 'names', {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [{ ports: [53].flatMap((port) => ['UDP', 'TCP'].map((protocol) => ({ port, protocol }))) }],
    }),
  );
  await untilOpen('y shut in', (from) => from.namespace !== 'y');
  for (const name of NAMES) {
    const said = await inPod({ namespace: 'y', name }, 'getent hosts kubernetes.default.svc.cluster.local');
    assert.match(said, /^10\.96\./);
  }
  await remove('y', 'names');
});

test('labels of pods and of namespaces open and close', TIMEOUT, async () => {
  const friend = { matchLabels: { friend: 'yes' } };
  await apply(
    policy('z', 'friends', {
      podSelector: {},
      ingress: [{ from: [{ namespaceSelector: {}, podSelector: friend }, { namespaceSelector: friend }] }],
    }),
  );
  await untilOpen('z closed', (_from, to) => to.namespace !== 'z');
  await kubectl('-n', 'x', 'label', 'pod', 'b', 'friend=yes');
  await untilOpen('z open to a friend', (from, to) => to.namespace !== 'z' || from.pod === 'x/b');
  await kubectl('-n', 'x', 'label', 'pod', 'b', 'friend-');
  await kubectl('label', 'namespace', 'y', 'friend=yes');
  await untilOpen('z open to a namespace', (from, to) => to.namespace !== 'z' || from.namespace === 'y');
  await kubectl('label', 'namespace', 'y', 'friend-');
  await untilOpen('z closed again', (_from, to) => to.namespace !== 'z');
  await remove('z', 'friends');
});

test(
  'a Service is judged by the pod that it leads to, and a pod that it leads to itself is let through',
  TIMEOUT,
  async () => {
    await kubectl('-n', 'x', 'expose', 'pod', 'a', '--name=front', '--port=80', '--target-port=8080');
    const ip = await kubectl('-n', 'x', 'get', 'service', 'front', '-o', 'jsonpath={.spec.clusterIP}');
    const tries = async (namespace: string, name: string): Promise<string> =>
      inPod({ namespace, name }, `nc -z -w ${TRY_SECONDS} ${ip} 80 && echo open || echo closed`);
    await apply(
      policy('x', 'front', {
        podSelector: { matchLabels: { pod: 'a' } },
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { ns: 'y' } } }], ports: [{ port: 8080 }] }],
      }),
    );
    await untilOpen(
      'x/a open to y on the port of the pod',
      (from, to, port) => to.pod !== 'x/a' || (from.namespace === 'y' && port === 8080),
    );
    for (const { namespace, name, pod } of places)
      assert.equal((await tries(namespace, name)).trim(), namespace === 'y' || pod === 'x/a' ? 'open' : 'closed', pod);
    await kubectl('-n', 'x', 'delete', 'service', 'front');
    await remove('x', 'front');
  },
);

/** A connection from one pod to another over which a line goes each tenth of a second. How many arrived, by the receiver. */
async function talking(from: string, to: string): Promise<() => Promise<number>> {
  const [sender, receiver] = [placeOf(from), placeOf(to)];
  await inPod(receiver, '(nc -l -p 9000 >/tmp/heard 2>/dev/null </dev/null &) ; sleep 0.3');
  await inPod(
    sender,
    `( (while sleep 0.1; do echo tick; done | nc ${receiver.ip} 9000) >/dev/null 2>&1 </dev/null & ) ; sleep 0.5`,
  );
  return async () => Number((await inPod(receiver, 'wc -l </tmp/heard')).trim());
}

/** How much more arrives within a second and a half. */
async function growth(heard: () => Promise<number>): Promise<number> {
  const before = await heard();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return (await heard()) - before;
}

test('a flow that stays allowed goes on through changes, and one that is not any more ends', TIMEOUT, async () => {
  for (const [from, to] of [
    ['y/b', 'x/b'],
    ['y/a', 'z/c'],
  ] as const) {
    const place = placeOf(to);
    const heard = await talking(from, to);
    await eventually('a first line', async () => (await heard()) > 0);
    const allow = policy(place.namespace, 'flow', {
      podSelector: { matchLabels: { pod: place.name } },
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { ns: 'y' } } }], ports: [{ port: 9000 }] }],
    });
    await apply(allow);
    const closed: Rule = (_from, target) => target.pod !== to;
    await untilOpen('closed on other ports', closed);
    for (let i = 0; i < 3; i++) {
      await apply(
        policy(place.namespace, `other-${i}`, { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }),
      );
      assert.ok((await growth(heard)) > 5, `${from} to ${to} stopped`);
    }
    await remove(place.namespace, 'other-0', 'other-1', 'other-2');
    await apply(policy(place.namespace, 'flow', { podSelector: { matchLabels: { pod: place.name } } }));
    await eventually(`the end of ${from} to ${to}`, async () => (await growth(heard)) === 0, { timeoutMs: 20_000 });
    // TCP waits, and goes on where it was when it may.
    await apply(allow);
    await eventually(`${from} to ${to} again`, async () => (await growth(heard)) > 5, { timeoutMs: 60_000 });
    await remove(place.namespace, 'flow');
  }
});

test('a new pod is closed from its first instant, in both directions', TIMEOUT, async () => {
  await apply(policy('z', 'deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }));
  await untilOpen('z closed', (from, to) => from.namespace !== 'z' && to.namespace !== 'z');
  const { node, ip } = placeOf('z/a');
  // From a pod of the same node and one of the other: every address that the new pods may get, all the time.
  const base = ip.slice(0, ip.lastIndexOf('.'));
  const known = places.map((place) => place.ip).join(' ');
  const scan = `while [ ! -f /tmp/enough ]; do for i in $(seq 2 40); do t=${base}.$i; case " ${known} " in *" $t "*) ;; *) (nc -z -w 1 $t 8080 </dev/null >/dev/null 2>&1 && echo reached $t) & esac; done; wait; done; echo over`;
  const scanners = ['x/a', 'x/b'].map(placeOf);
  const scans = scanners.map((from) => inPod(from, scan));
  const target = placeOf('x/c').ip;
  const goOut = `for i in $(seq 1 15); do nc -z -w 1 ${target} 8080 </dev/null >/dev/null 2>&1 && echo reached; done; echo over`;
  for (let i = 0; i < 4; i++) {
    const shell = {
      name: 'shell',
      image: 'navarch-testhost',
      imagePullPolicy: 'IfNotPresent',
      command: ['bash', '-c', goOut],
    };
    await apply(podOf('z', `new-${i}`, node), {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'z', name: `out-${i}` },
      spec: { nodeName: node, restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [shell] },
    });
  }
  await kubectl(
    '-n',
    'z',
    'wait',
    'pod',
    ...[0, 1, 2, 3].map((i) => `new-${i}`),
    '--for=condition=Ready',
    '--timeout=60s',
  );
  // They are tried for as long as they run, and once more as those that are ready.
  const done = '--for=jsonpath={.status.phase}=Succeeded';
  await kubectl('-n', 'z', 'wait', 'pod', ...[0, 1, 2, 3].map((i) => `out-${i}`), done, '--timeout=90s');
  for (let i = 0; i < 4; i++) assert.equal((await kubectl('-n', 'z', 'logs', `out-${i}`)).trim(), 'over');
  for (const from of scanners) await inPod(from, 'touch /tmp/enough');
  for (const said of await Promise.all(scans)) assert.equal(said.trim(), 'over');
  await kubectl('-n', 'z', 'delete', 'pod', ...[0, 1, 2, 3].flatMap((i) => [`new-${i}`, `out-${i}`]));
  await remove('z', 'deny');
});

test('rules that someone throws away are back within seconds; without policies none is left', TIMEOUT, async () => {
  await apply(policy('x', 'deny', { podSelector: {} }));
  const closed: Rule = (_from, to) => to.namespace !== 'x';
  await untilOpen('x closed', closed);
  await cluster.machine.run('nft', 'delete', 'table', 'inet', 'navarch-policy');
  await eventually('the table', async () => /navarch-policy/.test(await tables()), { timeoutMs: 15_000 });
  await untilOpen('x closed again', closed);
  await withoutPolicies();
  await untilOpen('everything open', everything);
  assert.doesNotMatch(await tables(), /navarch-policy/);
});
