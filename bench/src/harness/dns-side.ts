import { silent, MetricRegistry, TaskGroup } from '@navarch/base';
import { Cache, httpApi } from '@navarch/client';
import { defaultConfig, dnsKinds, DnsServer } from '@navarch/dns';
import { httpTransport, loadAccess } from '@navarch/node/client';
import { dnsExchange, listenDns } from '@navarch/node/dns';
import { systemClock, systemRandom } from '@navarch/node/system';

// node dns-side.ts KUBECONFIG PORT: cluster DNS alone, as an agent has it, on 127.0.0.1.
const [kubeconfig = '', port = ''] = process.argv.slice(2);
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort(new Error('stopped')));
await using group = new TaskGroup(stop.signal);
using transport = httpTransport(loadAccess(kubeconfig));
const api = httpApi({ transport, clock: systemClock, userAgent: 'bench' }, group.signal);
const cache = new Cache({ api, clock: systemClock, random: systemRandom(), log: silent });
group.spawn((signal) => cache.run(signal));
await cache.whenSynced(dnsKinds, group.signal);
using exchange = dnsExchange(() => []);
const server = new DnsServer(
  defaultConfig('cluster.local', 30),
  {
    cache,
    clock: systemClock,
    log: silent,
    random: systemRandom(),
    exchange,
    metrics: new MetricRegistry(),
    addresses: ['127.0.0.1'],
    version: 'bench',
  },
  group.signal,
);
await listenDns(server, '127.0.0.1', Number(port), group.signal);
