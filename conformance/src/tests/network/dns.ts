import assert from 'node:assert/strict';
import { service } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { outputOfExec } from '../../exec.ts';
import { startPod, untilRunning, createPod } from '../../pods.ts';
import { request } from '../../requests.ts';
import { TESTHOST, testhost } from '../../testhost.ts';
import { until } from '../../until.ts';
import { changeService, createService } from './reach.ts';

const DOMAIN = 'cluster.local';
const PROBE_MS = 600_000;

interface Asked {
  /** Asked for their addresses, or for their services where they begin with an underscore, over UDP and TCP. */
  readonly names: readonly string[];
  /** Asked of the resolver of the C library. */
  readonly hosts?: readonly string[];
  /** An address whose name is asked for. */
  readonly reverse?: string;
}

interface Named {
  readonly hostname?: string;
  readonly subdomain?: string;
}

/** A line of shell for every question, each leaving a file when it was answered; and the names of those files. */
function questions(
  prefix: string,
  { names, hosts = [], reverse }: Asked,
): { readonly script: string; readonly files: readonly string[] } {
  const dig = (transport: 'udp' | 'tcp', question: string, file: string): readonly [string, string] => [
    file,
    `check="$$(dig +${transport === 'tcp' ? '' : 'no'}tcp +noall +answer +search ${question})" && test -n "$$check" && echo OK > /results/${file}`,
  ];
  const pointer = reverse && `${reverse.split('.').toReversed().join('.')}.in-addr.arpa.`;
  const lines = [
    ...names.flatMap((name) =>
      (['udp', 'tcp'] as const).map((transport) =>
        dig(transport, `${name} ${name.startsWith('_') ? 'SRV' : 'A'}`, `${prefix}_${transport}@${name}`),
      ),
    ),
    ...hosts.map(
      (name) =>
        [
          `${prefix}_hosts@${name}`,
          `test -n "$$(getent hosts ${name})" && echo OK > /results/${prefix}_hosts@${name}`,
        ] as const,
    ),
    ...(pointer
      ? (['udp', 'tcp'] as const).map((transport) => dig(transport, `${pointer} PTR`, `${reverse}_${transport}@PTR`))
      : []),
  ];
  return {
    script: `for i in $(seq 1 600); do ${lines.map(([, line]) => `${line}; `).join('')}sleep 1; done`,
    files: lines.map(([file]) => file),
  };
}

/** A pod that asks in two images' ways and shows what was answered as files; all of them must be there in the end. */
async function untilAnswered(
  context: TestContext,
  asked: Asked,
  named: Named = {},
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const [first, second] = [questions('wheezy', asked), questions('jessie', asked)];
  const volumeMounts = [{ name: 'results', mountPath: '/results' }];
  const querier = (name: string, script: string) => ({
    name,
    image: TESTHOST,
    command: ['sh', '-c', script],
    volumeMounts,
  });
  await createPod(
    context,
    'dns-test',
    {
      ...named,
      terminationGracePeriodSeconds: 0,
      volumes: [{ name: 'results', emptyDir: {} }],
      containers: [
        { ...testhost('test-webserver'), name: 'webserver', volumeMounts },
        querier('querier', first.script),
        querier('jessie-querier', second.script),
      ],
    },
    { labels },
  );
  await untilRunning(context, 'dns-test');
  let missing: readonly string[] = [];
  await until(context, 'an answer to every question', PROBE_MS, async () => {
    missing = await unanswered(context, [...first.files, ...second.files]);
    if (missing.length === 0) return true;
    context.log(`no answer yet: ${missing.join(', ')}`);
    await context.clock.sleep(1000, context.signal);
    return false;
  });
}

async function unanswered(context: TestContext, files: readonly string[]): Promise<readonly string[]> {
  const answers = await Promise.all(files.map(async (file) => ({ file, ...(await resultOf(context, file)) })));
  return answers.filter(({ status, text }) => status !== 200 || text.trim() !== 'OK').map(({ file }) => file);
}

/** A file of results, through the proxy of the API server. */
const resultOf = (context: TestContext, file: string) =>
  request(context, {
    path: `/api/v1/namespaces/${context.namespace}/pods/dns-test/proxy/results/${file}`,
    accept: '*/*',
  });

const labels = { 'dns-test': 'true' };
const http = { name: 'http', port: 80, protocol: 'TCP' } as const;
const headless = (context: TestContext, name: string) =>
  createService(context, name, { clusterIP: 'None', selector: labels, ports: [http] }, labels);

/** The short names of services, which the pod's search path completes. */
async function serviceNames(context: TestContext): Promise<Asked> {
  await headless(context, 'dns-test-service');
  const regular = await createService(context, 'test-service-2', { selector: labels, ports: [http] }, labels);
  const { namespace } = context;
  return {
    names: [
      'dns-test-service',
      `dns-test-service.${namespace}`,
      `dns-test-service.${namespace}.svc`,
      `_http._tcp.dns-test-service.${namespace}.svc`,
      `_http._tcp.test-service-2.${namespace}.svc`,
    ],
    reverse: regular.spec.clusterIP ?? '',
  };
}

/** Asks for one record all the time and leaves what was said. */
async function untilRecord(context: TestContext, name: string, type: 'A' | 'CNAME', wanted: string): Promise<void> {
  for (const prefix of ['wheezy', 'jessie']) {
    await until(context, `${name} ${type} being ${wanted}`, PROBE_MS, async () => {
      const { status, text } = await resultOf(context, `${prefix}_udp@${name}`);
      context.log(`${prefix} ${name} ${type}: ${status} ${JSON.stringify(text)}`);
      return status === 200 && text.trimEnd() === wanted;
    });
  }
}

async function askFor(context: TestContext, name: string, type: 'A' | 'CNAME', wanted: string): Promise<void> {
  const volumeMounts = [{ name: 'results', mountPath: '/results' }];
  const script = (prefix: string): string =>
    `for i in $(seq 1 30); do dig +short ${name} ${type} > /results/${prefix}_udp@${name}; sleep 1; done`;
  const queriers = ['wheezy', 'jessie'].map((prefix) => ({
    name: prefix,
    image: TESTHOST,
    command: ['sh', '-c', script(prefix)],
    volumeMounts,
  }));
  await createPod(context, 'dns-test', {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 0,
    volumes: [{ name: 'results', emptyDir: {} }],
    containers: [{ ...testhost('test-webserver'), name: 'webserver', volumeMounts }, ...queriers],
  });
  await untilRunning(context, 'dns-test');
  await untilRecord(context, name, type, wanted);
  await context.kubectl(['delete', 'pod', 'dns-test', '--wait']);
}

async function externalNames(context: TestContext): Promise<void> {
  const name = `dns-test-service-3.${context.namespace}.svc.${DOMAIN}`;
  await createService(context, 'dns-test-service-3', { type: 'ExternalName', externalName: 'foo.example.com' });
  await askFor(context, name, 'CNAME', 'foo.example.com.');
  await changeService(context, 'dns-test-service-3', (spec) => ({ ...spec, externalName: 'bar.example.com' }));
  await askFor(context, name, 'CNAME', 'bar.example.com.');
  await changeService(context, 'dns-test-service-3', (spec) => ({
    ...spec,
    type: 'ClusterIP',
    ports: [{ ...http, port: 80 }],
  }));
  const { spec } = await context.api.of(service).get(`${context.namespace}/dns-test-service-3`);
  assert.ok(spec.clusterIP);
  await askFor(context, name, 'A', spec.clusterIP);
}

export const dnsTests = [
  conformanceTest(
    '[sig-network] DNS should provide DNS for the cluster',
    (context) => untilAnswered(context, { names: [`kubernetes.default.svc.${DOMAIN}`] }),
    700_000,
  ),

  conformanceTest(
    '[sig-network] DNS should provide /etc/hosts entries for the cluster',
    async (context) => {
      const [hostname, subdomain] = ['dns-querier-1', 'dns-test-service'];
      await untilAnswered(
        context,
        { names: [], hosts: [`${hostname}.${subdomain}.${context.namespace}.svc.${DOMAIN}`, hostname] },
        { hostname, subdomain },
      );
    },
    700_000,
  ),

  conformanceTest(
    '[sig-network] DNS should provide DNS for services',
    async (context) => untilAnswered(context, await serviceNames(context), {}, labels),
    700_000,
  ),

  conformanceTest(
    '[sig-network] DNS should resolve DNS of partial qualified names for services',
    async (context) => untilAnswered(context, await serviceNames(context), {}, labels),
    700_000,
  ),

  conformanceTest(
    '[sig-network] DNS should provide DNS for pods for Hostname',
    async (context) => {
      const [hostname, subdomain] = ['dns-querier-2', 'dns-test-service-2'];
      await headless(context, subdomain);
      await untilAnswered(
        context,
        { names: [], hosts: [`${hostname}.${subdomain}.${context.namespace}.svc.${DOMAIN}`, hostname] },
        { hostname, subdomain },
        labels,
      );
    },
    700_000,
  ),

  conformanceTest(
    '[sig-network] DNS should provide DNS for pods for Subdomain',
    async (context) => {
      const [hostname, subdomain] = ['dns-querier-2', 'dns-test-service-2'];
      await headless(context, subdomain);
      await untilAnswered(
        context,
        { names: [`${hostname}.${subdomain}.${context.namespace}.svc.${DOMAIN}`] },
        { hostname, subdomain },
        labels,
      );
    },
    700_000,
  ),

  conformanceTest('[sig-network] DNS should provide DNS for ExternalName services', externalNames, 700_000),

  conformanceTest('[sig-network] DNS should support configurable pod DNS nameservers', async (context) => {
    await startPod(context, 'test-dns-nameservers', {
      terminationGracePeriodSeconds: 0,
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['1.1.1.1'], searches: ['resolv.conf.local'] },
      containers: [testhost()],
    });
    const ask = (role: string): Promise<string> => outputOfExec(context, 'test-dns-nameservers', ['/testhost', role]);
    assert.match(await ask('dns-suffix'), /resolv\.conf\.local/);
    assert.equal((await ask('dns-server-list')).trim(), '1.1.1.1');
  }),
];
