import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCorefile } from './read-corefile.ts';

const compile = (pattern: string) => {
  const regex = new RegExp(pattern);
  return (text: string): readonly string[] | undefined => regex.exec(text)?.map((group) => group ?? '');
};
const read = (text: string, files: Readonly<Record<string, string>> = {}) =>
  readCorefile(text, { compile, files: new Map(Object.entries(files)) });
const refusal = (text: string): string => read(text).refusal ?? 'accepted';
const within = (text: string): string => `.:53 {\n  ${text}\n}`;

test('readCorefile() understands the one that fresh clusters have upstream', () => {
  const { config, refusal: why } = read(`.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
`);
  assert.equal(why, undefined);
  const [block] = config?.blocks ?? [];
  assert.deepEqual(block?.zones, ['']);
  assert.deepEqual([block?.cluster?.pods, block?.cluster?.ttl], ['insecure', 30]);
  assert.deepEqual(block?.cluster?.fallthrough, ['in-addr.arpa', 'ip6.arpa']);
  assert.deepEqual(
    block?.forwards.map(({ from, to, concurrentMax }) => [from, to, concurrentMax]),
    [['', ['resolvers'], 1000]],
  );
  assert.deepEqual([block?.cache?.success.ttlMax, block?.cache?.success.disabled], [30, ['cluster.local']]);
  assert.deepEqual([block?.health, block?.ready, block?.prometheus], [':8080', ':8181', ':9153']);
  assert.deepEqual([block?.loop, block?.loadbalance], [true, true]);
});

test('readCorefile() understands stub domains, and hosts from a file of the ConfigMap', () => {
  const { config } = read(
    `example.org:53, 10.0.0.0/8 {
  forward . 192.0.2.1 192.0.2.2:5353 [2001:db8::1]:53 {
    policy sequential
    force_tcp
    except a.example.org
  }
}
. { # the rest
  hosts /etc/coredns/NodeHosts {
    192.0.2.9 inline.test
    ttl 60
    fallthrough
  }
}`,
    { NodeHosts: '192.0.2.7 one one.test # here\n2001:db8::7 one\nnonsense' },
  );
  const [stub, rest] = config?.blocks ?? [];
  assert.deepEqual(stub?.zones, ['example.org', '10.in-addr.arpa']);
  assert.deepEqual(stub?.forwards[0]?.to, [
    { address: '192.0.2.1', port: 53 },
    { address: '192.0.2.2', port: 5353 },
    { address: '2001:db8::1', port: 53 },
  ]);
  assert.deepEqual([stub?.forwards[0]?.policy, stub?.forwards[0]?.transport], ['sequential', 'tcp']);
  assert.deepEqual(rest?.hosts?.names.get('one'), ['192.0.2.7', '2001:db8::7']);
  assert.deepEqual(rest?.hosts?.names.get('inline.test'), ['192.0.2.9']);
});

test('readCorefile() says in one sentence what it does not serve, and where that is', () => {
  for (const [text, why] of [
    [within('k8s_external example.org'), 'Corefile, line 2: the plugin "k8s_external" is not supported'],
    [within('forward . tls://9.9.9.9'), 'Corefile, line 2: forward: "tls://9.9.9.9": only plain DNS is spoken'],
    [within('forward .'), 'Corefile, line 2: forward takes a zone and where to'],
    [
      within('kubernetes {\n    pods maybe\n  }'),
      'Corefile, line 3: kubernetes: pods are disabled, insecure or verified, not "maybe"',
    ],
    [within('kubernetes {\n    ttl 99999\n  }'), 'Corefile, line 3: ttl: "99999" is not a number from 0 to 3600'],
    [within('cache {\n    serve_stale\n  }'), 'Corefile, line 3: the option "serve_stale" of cache is not supported'],
    [within('loop\n  loop'), 'Corefile, line 3: the plugin "loop" is there twice'],
    [within('rewrite name regex ( x'), /^Corefile, line 2: rewrite: /],
    [within('rewrite edns0 local set 0xffee 1'), 'Corefile, line 2: rewrite: the field "edns0" is not supported'],
    [within('hosts /etc/hosts'), 'Corefile, line 2: hosts: the ConfigMap has no "hosts"'],
    ['.:5353 {\n}', 'Corefile, line 1: ".:5353": only port 53 is served'],
    ['tls://.:53 {\n}', 'Corefile, line 1: "tls://.:53": only plain DNS is served'],
    ['a {\n}\na {\n}', 'Corefile: the zone "a." has two server blocks'],
    ['. {\n  log', 'Corefile, line 1: a { is not closed'],
    ['. {\n}\n}', 'Corefile, line 3: there is a } too many'],
    ['import x', 'Corefile, line 1: snippets and imports are not supported'],
    ['', 'Corefile: there is nothing in it'],
  ] as const) {
    if (typeof why === 'string') assert.equal(refusal(text), why);
    else assert.match(refusal(text), why);
  }
});
