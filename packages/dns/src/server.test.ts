import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricRegistry, type Metrics, noMetrics, seededRandom, silent } from '@navarch/base';
import type { Cache } from '@navarch/client';
import { SimClock } from '@navarch/sim';
import fc from 'fast-check';
import { CACHE_DEFAULTS, CLUSTER_DEFAULTS, defaultConfig, FORWARD_DEFAULTS } from './corefile/defaults.ts';
import type { Config, ForwardRule, ServerBlock } from './corefile/config.ts';
import type { Exchange, Upstream } from './forward/exchange.ts';
import { DnsServer } from './server.ts';
import { questionBytesOf } from './testing/questions.ts';
import { codeName, codes, types } from './wire/codes.ts';
import { type Query, readQuery, questionName } from './wire/query.ts';
import { type Answer, answerOf, type Record } from './wire/record.ts';
import { Replies } from './wire/replies.ts';
import { readResponse } from './wire/response.ts';
import { templateOf } from './wire/template.ts';

const udp = { address: '10.244.0.9', port: 40_000, isTcp: false };
const web = {
  metadata: { name: 'web', namespace: 'default' },
  spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
};
const out = {
  metadata: { name: 'out', namespace: 'default' },
  spec: { type: 'ExternalName', externalName: 'a.test' },
};

/** A cache of two services; what is said to listeners is that something changed. */
function fakeCache(): { readonly cache: Cache; change(): void; spec: object } {
  const listeners: (() => void)[] = [];
  const held = {
    spec: web.spec as object,
    change: () => listeners.forEach((listener) => listener()),
    cache: {
      get: (kind: { readonly plural: string }, key: string) =>
        kind.plural === 'namespaces'
          ? key === 'default'
            ? {}
            : undefined
          : key === 'default/web'
            ? { ...web, spec: held.spec }
            : key === 'default/out'
              ? out
              : undefined,
      find: () => [],
      onChange: (_kind: unknown, listener: () => void) => listeners.push(listener),
    } as unknown as Cache,
  };
  return held;
}

const block: ServerBlock = {
  zones: [''],
  errors: true,
  log: [],
  loadbalance: true,
  rewrites: [],
  templates: [],
  loop: true,
  forwards: [],
  cluster: { ...CLUSTER_DEFAULTS, zones: ['cluster.local'] },
};
const to = (...ports: readonly number[]): readonly Upstream[] => ports.map((port) => ({ address: '192.0.2.1', port }));
const rule = (more: Partial<ForwardRule>): ForwardRule => ({ ...FORWARD_DEFAULTS, from: '', to: to(53), ...more });
const of = (more: Partial<ServerBlock>): Config => ({ blocks: [{ ...block, ...more }] });

interface Setting {
  readonly server: DnsServer;
  readonly clock: SimClock;
  readonly asked: string[];
  readonly held: ReturnType<typeof fakeCache>;
  ask(name: string, type?: number, options?: Parameters<typeof questionBytesOf>[2]): Promise<string>;
}

/** `answers` says what other servers say; undefined: nothing. */
function setting(
  config: Config,
  answers: (
    name: string,
    at: Upstream,
    query: Query,
    isTcp: boolean,
  ) => Answer | undefined | Promise<Answer | undefined>,
  metrics: Metrics = noMetrics,
): Setting & Disposable {
  const stop = new AbortController();
  const [clock, asked, held] = [new SimClock(), [] as string[], fakeCache()];
  const replies = new Replies();
  const exchange: Exchange = {
    resolvers: () => [],
    async ask(at, message, { isTcp, timeoutMs }, signal) {
      const query = readQuery(message);
      assert.ok(typeof query !== 'string');
      const name = questionName(query);
      asked.push(`${name} ${at.port}${isTcp ? ' tcp' : ''}`);
      const answer = await answers(name, at, query, isTcp);
      if (!answer) {
        await clock.sleep(timeoutMs, signal);
        return undefined;
      }
      return replies.write(query, templateOf(answer, name), { bytesMax: 65_535, ageSeconds: 0, turn: 0 });
    },
  };
  const deps = {
    cache: held.cache,
    clock,
    log: silent,
    random: seededRandom(1),
    exchange,
    metrics,
    addresses: [],
    version: 'test',
  };
  const server = new DnsServer(config, deps, stop.signal);
  return {
    server,
    clock,
    asked,
    held,
    ask: async (name, type = types.A, options = {}) =>
      shown(await server.respond(questionBytesOf(name, type, options), udp)),
    [Symbol.dispose]: () => stop.abort(),
  };
}

/** `NOERROR 10.0.0.1/30`: the code, whether it is cut, and what the records say with how long they may be kept. */
function shown(bytes: Uint8Array | undefined): string {
  const read = bytes && readResponse(bytes);
  if (!read) return 'nothing';
  const { code, isCut, answers } = read.answer;
  const data = answers.map(
    ({ ttl, data: d }) => `${'address' in d ? d.address : 'target' in d ? d.target : d.type}/${ttl}`,
  );
  return [codeName(code), ...(isCut ? ['cut'] : []), ...data].join(' ');
}

const a = (name: string, address = '192.0.2.80', ttl = 20): Record => ({ name, ttl, data: { type: 'A', address } });
const soa: Record = {
  name: 'test',
  ttl: 60,
  data: { type: 'SOA', server: 'ns.test', mail: 'm.test', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 10 },
};
const found = (name: string): Answer => ({ ...answerOf(0, [a(name)]), isRecursive: true });

test('DnsServer answers the cluster itself, and sees at once what changes there', async () => {
  using s = setting(of({}), () => undefined);
  assert.equal(await s.ask('web.default.svc.cluster.local'), 'NOERROR 10.96.0.7/5');
  assert.equal(await s.ask('WEB.default.svc.cluster.local'), 'NOERROR 10.96.0.7/5');
  s.held.spec = { ...web.spec, clusterIP: '10.96.0.8', clusterIPs: ['10.96.0.8'] };
  s.held.change();
  assert.equal(await s.ask('web.default.svc.cluster.local'), 'NOERROR 10.96.0.8/5');
  assert.equal(await s.ask('web.default.svc.cluster.local', types.AAAA), 'NOERROR');
});

test('DnsServer refuses other classes and versions of EDNS, and says nothing to answers', async () => {
  using s = setting(of({}), () => undefined);
  assert.equal(await s.ask('web.default.svc.cluster.local', types.A, { class: 3 }), 'REFUSED');
  assert.equal(await s.ask('x', types.A, { udpBytes: 1232, ednsVersion: 1 }), 'BADVERS');
  assert.equal(await s.ask('x', types.A, { flags: 0x8000 }), 'nothing');
  assert.equal(await s.ask('example.com'), 'SERVFAIL');
});

test('DnsServer asks others once for as long as they say, and then anew', async () => {
  using s = setting(of({ forwards: [rule({})], cache: CACHE_DEFAULTS }), found);
  assert.equal(await s.ask('a.test'), 'NOERROR 192.0.2.80/20');
  await s.clock.advance(8_000);
  assert.equal(await s.ask('A.test'), 'NOERROR 192.0.2.80/12');
  assert.equal(s.asked.length, 1);
  await s.clock.advance(12_000);
  assert.equal(await s.ask('a.test'), 'NOERROR 192.0.2.80/20');
  assert.equal(s.asked.length, 2);
});

test('DnsServer remembers what there is not for as long as the SOA record says, and not without one', async () => {
  const says = (name: string): Answer => ({
    ...answerOf(codes.NXDOMAIN),
    authorities: name === 'with.test' ? [soa] : [],
  });
  using s = setting(of({ forwards: [rule({})], cache: CACHE_DEFAULTS }), says);
  for (const name of ['with.test', 'with.test', 'without.test', 'without.test'])
    assert.equal(await s.ask(name), 'NXDOMAIN');
  assert.deepEqual(s.asked, ['with.test 53', 'without.test 53', 'without.test 53']);
  await s.clock.advance(10_000);
  await s.ask('with.test');
  assert.equal(s.asked.length, 4);
});

test('DnsServer keeps no more answers than it may: the oldest goes', async () => {
  const cache = { ...CACHE_DEFAULTS, success: { ...CACHE_DEFAULTS.success, entriesMax: 2 } };
  using s = setting(of({ forwards: [rule({})], cache }), found);
  for (const name of ['a.test', 'b.test', 'c.test', 'b.test', 'a.test']) await s.ask(name);
  assert.deepEqual(s.asked, ['a.test 53', 'b.test 53', 'c.test 53', 'a.test 53']);
});

test('DnsServer asks for one name once, however many wait for it', async () => {
  let tell: (answer: Answer) => void = () => undefined;
  using s = setting(of({ forwards: [rule({})] }), () => new Promise<Answer>((resolve) => (tell = resolve)));
  const all = [s.ask('a.test'), s.ask('a.test'), s.ask('a.test')];
  await new Promise((resolve) => setImmediate(resolve));
  tell(found('a.test'));
  assert.deepEqual(
    await Promise.all(all),
    Array.from({ length: 3 }, () => 'NOERROR 192.0.2.80/20'),
  );
  assert.equal(s.asked.length, 1);
});

test('DnsServer gives an external name with what is behind it', async () => {
  using s = setting(of({ forwards: [rule({})] }), found);
  assert.equal(await s.ask('out.default.svc.cluster.local'), 'NOERROR a.test/5 192.0.2.80/20');
});

test('DnsServer asks the next server where one does not answer, and leaves that alone until it does', async () => {
  let isDown = true;
  const config = of({ forwards: [rule({ to: to(1, 2), policy: 'sequential' })] });
  using s = setting(config, (name, { port }) => (port === 1 && isDown ? undefined : found(name)));
  const first = s.ask('a.test');
  await s.clock.advance(2_000);
  assert.equal(await first, 'NOERROR 192.0.2.80/20');
  await s.clock.advance(3_000);
  const before = s.asked.length;
  assert.equal(await s.ask('b.test'), 'NOERROR 192.0.2.80/20');
  assert.deepEqual(s.asked.slice(before), ['b.test 2']);
  isDown = false;
  await s.clock.advance(3_000);
  const after = s.asked.length;
  await s.ask('c.test');
  assert.deepEqual(s.asked.slice(after), ['c.test 1']);
});

test('DnsServer fails in bounded time where nobody answers', async () => {
  using s = setting(of({ forwards: [rule({ to: to(1, 2) })] }), () => undefined);
  const answer = s.ask('a.test');
  await s.clock.advance(6_000);
  assert.equal(await answer, 'SERVFAIL');
});

test('DnsServer refuses what is too much at a time, and asks on by the code where it shall', async () => {
  using s = setting(of({ forwards: [rule({ concurrentMax: 1 })] }), () => undefined);
  const waiting = s.ask('a.test');
  assert.equal(await s.ask('b.test'), 'REFUSED');
  await s.clock.advance(6_000);
  assert.equal(await waiting, 'SERVFAIL');
  const rules = [rule({ to: to(1), next: [codes.NXDOMAIN] }), rule({ to: to(2) })];
  using t = setting(of({ forwards: rules }), (name, { port }) => (port === 1 ? answerOf(codes.NXDOMAIN) : found(name)));
  assert.equal(await t.ask('a.test'), 'NOERROR 192.0.2.80/20');
});

test('DnsServer passes on names of a stub domain, and others elsewhere or nowhere', async () => {
  const config: Config = {
    blocks: [
      { ...block, zones: ['corp.test'], forwards: [rule({ to: to(1) })] },
      { ...block, forwards: [rule({ to: to(2), except: ['private.test'] })] },
    ],
  };
  using s = setting(config, found);
  await s.ask('a.corp.test');
  await s.ask('a.test');
  assert.equal(await s.ask('a.private.test'), 'SERVFAIL');
  assert.deepEqual(s.asked, ['a.corp.test 1', 'a.test 2']);
});

test('DnsServer tells everything about an outside name over TCP alone', async () => {
  using s = setting(of({ forwards: [rule({})] }), found);
  assert.equal(await s.ask('a.test', types.ANY), 'NOERROR cut');
  const tcp = await s.server.respond(questionBytesOf('a.test', types.ANY), { ...udp, isTcp: true });
  assert.equal(shown(tcp), 'NOERROR 192.0.2.80/20');
});

test('DnsServer.loopsOf() names the servers that ask this one, and no others', async () => {
  const config = of({ forwards: [rule({ to: to(1, 2) })] });
  using s = setting(of({}), async (name, { port }) => {
    if (port === 1) await s.server.respond(questionBytesOf(name, types.HINFO), udp);
    return answerOf(codes.NXDOMAIN);
  });
  const loops = await s.server.loopsOf(config, new AbortController().signal);
  assert.deepEqual(loops, to(1));
});

test('DnsServer counts under the names that CoreDNS has', async () => {
  const registry = new MetricRegistry();
  using s = setting(of({ forwards: [rule({})], cache: CACHE_DEFAULTS }), found, registry);
  await s.ask('a.test');
  await s.ask('a.test');
  await s.ask('web.default.svc.cluster.local');
  const text = registry.text();
  for (const line of [
    'coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",type="A",view="",zone="."} 3',
    'coredns_dns_responses_total{plugin="forward",rcode="NOERROR",server="dns://:53",view="",zone="."} 1',
    'coredns_dns_responses_total{plugin="cache",rcode="NOERROR",server="dns://:53",view="",zone="."} 1',
    'coredns_dns_responses_total{plugin="kubernetes",rcode="NOERROR",server="dns://:53",view="",zone="."} 1',
    'coredns_cache_hits_total{server="dns://:53",type="success",view="",zones="."} 1',
    'coredns_cache_misses_total{server="dns://:53",view="",zones="."} 1',
    'coredns_cache_entries{server="dns://:53",type="success",view="",zones="."} 1',
    'coredns_proxy_request_duration_seconds_count{proxy_name="forward",rcode="NOERROR",to="192.0.2.1:53"} 1',
  ])
    assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
});

test('DnsServer never throws and never sends over UDP more than was asked for, whatever it gets', async () => {
  using s = setting(defaultConfig('cluster.local', 30), () => undefined);
  const names = fc.constantFrom(
    'web.default.svc.cluster.local',
    'cluster.local',
    'x.in-addr.arpa',
    '',
    'dns-version.cluster.local',
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(
        names,
        fc.nat(300),
        fc.option(fc.nat(65_535), { nil: undefined }),
        fc.array(fc.tuple(fc.nat(90), fc.nat(255)), { maxLength: 3 }),
      )
      .map(([name, type, udpBytes, changes]) => {
        const all = questionBytesOf(name, type, udpBytes === undefined ? {} : { udpBytes });
        for (const [at, value] of changes) all[at % all.length] = value;
        return all;
      }),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (some) => {
      const reply = s.server.respond(some, udp);
      // What is asked of others has its answer only with time.
      if (reply instanceof Promise || !reply) return;
      const query = readQuery(some);
      const limit = typeof query === 'string' ? 12 : Math.min(Math.max(query.udpBytes, query.end + 11), 4096);
      assert.ok(reply.length <= limit, `${reply.length} bytes where ${limit} are taken`);
    }),
    { numRuns: 3000 },
  );
});
