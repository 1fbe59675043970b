import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endpointSlice, service } from '@navarch/api';
import { noMetrics, silent, TaskGroup } from '@navarch/base';
import { type Api, Cache, httpApi } from '@navarch/client';
import { DnsServer, dnsKinds, readCorefile } from '@navarch/dns';
import { httpTransport } from '@navarch/node/client';
import { dnsExchange, listenDns } from '@navarch/node/dns';
import { groupPatterns } from '@navarch/node/patterns';
import { systemClock, systemRandom } from '@navarch/node/system';
import fc from 'fast-check';
import { serving } from '../client/serve.ts';
import { built } from '../go.ts';
import type { Oracle, OracleContext, Tally } from '../oracle.ts';
import { type Asked, asking, questionOf } from './ask.ts';
import { clusters, make } from './cluster.ts';
import { serveElsewhere } from './elsewhere.ts';
import { known } from './known.ts';
import { questions } from './questions.ts';
import { shown } from './shown.ts';

/** Clusters of one run; each is asked its part of the questions. */
const CLUSTERS = 4;
const SHOWN_MAX = 12;
const PATIENCE_MS = 30_000;
const [OURS, THEIRS] = [15_353, 15_354];
const MARKER = 'marker.alpha.svc.cluster.local';

/** CoreDNS, built from its module with its kubernetes plugin, beside ours: both follow one API server of random services. */
export const dnsOracle: Oracle = {
  name: 'dns',
  async run(context) {
    const program = await built('dns');
    let [passed, failed] = [0, 0];
    for (let i = 0; i < CLUSTERS; i++) {
      const tally = await compareCluster(program, i, context);
      passed += tally.passed;
      failed += tally.failed;
    }
    return { passed, failed };
  },
};

async function compareCluster(program: string, number: number, context: OracleContext): Promise<Tally> {
  const seed = context.seed + number;
  const stop = new AbortController();
  await using server = await serving();
  await using elsewhere = await serveElsewhere();
  using transport = httpTransport({ server: server.url, token: 'oracle', isInsecure: true });
  const api = httpApi({ transport, clock: systemClock, userAgent: 'oracle' }, stop.signal);
  const [plans = []] = fc.sample(clusters, { numRuns: 1, seed });
  const names = await make(api, plans);
  await makeMarker(api);
  const corefile = corefileOf(number, elsewhere.port);
  const folder = mkdtempSync(join(tmpdir(), 'navarch-dns-'));
  const theirs = startTheirs(program, folder, { url: server.url, corefile });
  try {
    await using group = new TaskGroup(stop.signal);
    await startOurs(api, corefile, group);
    for (const port of [OURS, THEIRS]) await untilAnswering(port);
    return await compare(
      fc.sample(questions(names), { numRuns: Math.ceil(context.cases / CLUSTERS), seed }),
      number,
      context,
    );
  } finally {
    stop.abort(new Error('Done'));
    theirs.kill('SIGKILL');
    await once(theirs, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Something of each plugin whose answers are compared; who caches shows answers older than they are. */
const corefileOf = (number: number, upstream: number): string => `.:53 {
  errors
  rewrite name exact short.test svc-0.alpha.svc.cluster.local
  rewrite name suffix .old.test .alpha.svc.cluster.local answer auto
  rewrite stop {
    name regex (.*)\\.re\\.test {1}.alpha.svc.cluster.local
    answer name (.*)\\.alpha\\.svc\\.cluster\\.local {1}.re.test
  }
  hosts {
    192.0.2.50 host.test other.test
    2001:db8::50 host.test
    fallthrough
  }
  template IN A templated.test {
    match "^(?P<n>[0-9]+)\\.templated\\.test\\.$"
    answer "{{ .Name }} 60 IN A 10.9.8.{{ .Group.n }}"
    fallthrough
  }
  template IN AAAA none.templated.test {
    rcode NXDOMAIN
  }
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    pods ${['insecure', 'disabled', 'insecure', 'disabled'][number % 4]}
    fallthrough in-addr.arpa ip6.arpa
    ttl ${[30, 5, 30, 600][number % 4]}
    ${number % 2 ? 'ignore empty_service' : ''}
  }
  forward . 127.0.0.1:${upstream}
  loadbalance
}
`;

function startTheirs(
  program: string,
  folder: string,
  { url, corefile }: { readonly url: string; readonly corefile: string },
): ChildProcess {
  const cluster = { name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } };
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [cluster],
    users: [{ name: 'u', user: { token: 'oracle' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(join(folder, 'kubeconfig'), JSON.stringify(kubeconfig));
  const own = corefile
    .replace('.:53', `.:${THEIRS}`)
    .replace('ip6.arpa {', `ip6.arpa {\n    kubeconfig ${join(folder, 'kubeconfig')}`);
  writeFileSync(join(folder, 'Corefile'), `${own.replace('errors', 'bind 127.0.0.1\n  errors')}`);
  return spawn(program, ['-conf', join(folder, 'Corefile'), '-quiet'], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function startOurs(api: Api, corefile: string, group: TaskGroup): Promise<void> {
  const cache = new Cache({ api, clock: systemClock, random: systemRandom(), log: silent });
  group.spawn((signal) => cache.run(signal));
  await cache.whenSynced(dnsKinds, group.signal);
  const read = readCorefile(corefile, { files: new Map(), compile: groupPatterns });
  if (!read.config) throw new Error(read.refusal);
  const exchange = dnsExchange(() => []);
  const server = new DnsServer(
    read.config,
    {
      cache,
      clock: systemClock,
      log: silent,
      random: systemRandom(),
      exchange,
      metrics: noMetrics,
      // CoreDNS does not count the loopback among the addresses by which it is reached.
      addresses: [],
      version: 'oracle',
    },
    group.signal,
  );
  group.spawn(async (signal) => {
    using _ = exchange;
    await listenDns(server, '127.0.0.1', OURS, signal);
  });
}

/** The last of what is made: who knows it knows all. */
async function makeMarker(api: Api): Promise<void> {
  const metadata = { name: 'marker', namespace: 'alpha' };
  const ports = [{ name: 'x', port: 1, protocol: 'TCP' as const }];
  await api.of(service).create({ metadata, spec: { clusterIP: 'None', ports } } as never);
  await api.of(endpointSlice).create({
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'marker' } },
    addressType: 'IPv4',
    ports,
    endpoints: [{ addresses: ['10.1.1.1'], conditions: { ready: true } }],
  } as never);
}

async function untilAnswering(port: number): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  const asked: Asked = { name: MARKER, type: 1, class: 1, opcode: 0, isTcp: true, edns: undefined };
  while (Date.now() < until) {
    const answer = await asking(port, asked).catch(() => undefined);
    if (answer && answer.readUInt16BE(6) > 0) return;
    await sleep(100);
  }
  throw new Error(`The server on port ${port} does not know the cluster`);
}

async function compare(all: readonly Asked[], number: number, { say }: OracleContext): Promise<Tally> {
  const counts = new Map<string, number>();
  let different = 0;
  for (const asked of all) {
    const question = questionOf(asked);
    const [our, their] = await Promise.all([asking(OURS, asked), asking(THEIRS, asked)]);
    const [ours, theirs] = [shown(our, question), shown(their, question)];
    if (ours === theirs) continue;
    const why = known.find((entry) => entry.is(asked, theirs, ours))?.why;
    if (why !== undefined) counts.set(why, (counts.get(why) ?? 0) + 1);
    else if ((different += 1) <= SHOWN_MAX)
      say(
        `dns: ${JSON.stringify(asked)}\n  theirs ${theirs.replaceAll('\n', '\n    ')}\n  ours   ${ours.replaceAll('\n', '\n    ')}`,
      );
  }
  const excused = [...counts].map(([why, count]) => `; ${count} known: ${why}`).join('');
  say(`${different === 0 ? 'ok  ' : 'FAIL'} dns: cluster ${number}: ${different} of ${all.length} differ${excused}`);
  return { passed: different === 0 ? 1 : 0, failed: different === 0 ? 0 : 1 };
}
