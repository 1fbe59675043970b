import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hubRules } from './node-network.ts';

const port = {
  hostPort: 8080,
  containerPort: 80,
  protocol: 'TCP',
  listenAddress: '0.0.0.0',
  address: '10.95.3.2',
} as const;

test('hubRules() gives what leaves the nodes the address of this machine, and nothing else where no port is mapped', () =>
  assert.equal(
    hubRules(0, []),
    `table ip navarch-nodes
delete table ip navarch-nodes
table ip navarch-nodes {
chain out { type nat hook postrouting priority srcnat; ip saddr 10.95.0.0/24 ip daddr != 10.95.0.0/24 oifname != "navarch-hub" masquerade; }
}
`,
  ));

test('hubRules() sends mapped ports to their nodes, whoever asks: others, this machine, a node', () => {
  const rules = hubRules(3, [
    port,
    { ...port, listenAddress: '127.0.0.1', hostPort: 53, containerPort: 5353, protocol: 'UDP' },
    { ...port, hostPort: 90, protocol: 'SCTP', address: '10.95.3.4' },
  ]);
  const mapped =
    'fib daddr type local tcp dport 8080 dnat to 10.95.3.2:80; ' +
    'ip daddr 127.0.0.1 udp dport 53 dnat to 10.95.3.2:5353; ' +
    'fib daddr type local sctp dport 90 dnat to 10.95.3.4:80; ';
  assert.ok(rules.includes(`chain in { type nat hook prerouting priority dstnat; ${mapped}}`));
  assert.ok(rules.includes(`chain own { type nat hook output priority -100; ${mapped}}`));
  assert.match(rules, /ip saddr 127\.0\.0\.0\/8 oifname "nv3-hub" masquerade; /);
  assert.match(rules, /ip saddr 10\.95\.3\.0\/24 ip daddr 10\.95\.3\.0\/24 ct status dnat masquerade; /);
});

test('hubRules() sends mapped ports to nodes that have IPv6 by that family too, but those of one address by its own alone', () => {
  const both = { ...port, address6: 'fd00:10:95:3::2' };
  const rules = hubRules(
    3,
    [
      both,
      { ...both, hostPort: 81, listenAddress: '127.0.0.1' },
      { ...both, hostPort: 82, listenAddress: 'fd00:7::1' },
      { ...port, hostPort: 83 },
    ],
    true,
  );
  const [four = '', six = ''] = rules.split(/(?=table ip6 navarch-nodes3\ndelete)/);
  assert.deepEqual([...four.matchAll(/dport (\d+) dnat/g)].map(([, one]) => one).slice(0, 3), ['8080', '81', '83']);
  assert.ok(
    six.includes(
      'chain own { type nat hook output priority -100; fib daddr type local tcp dport 8080 dnat to [fd00:10:95:3::2]:80; ' +
        'ip6 daddr fd00:7::1 tcp dport 82 dnat to [fd00:10:95:3::2]:80; }',
    ),
  );
  assert.match(
    six,
    /ip6 saddr fd00:10:95:3::0?\/64 ip6 daddr != fd00:10:95:3::0?\/64 oifname != "nv3-hub" masquerade; /,
  );
});
