import { endpointSlice, pod, service } from '@navarch/api';
import { badRequest, failure } from '@navarch/machinery';
import type { ProxyTarget } from '../request.ts';
import { nodeAddress } from './pods.ts';
import { defineSubresource, type Subresource, type SubresourceContext } from './subresource.ts';

interface Asked {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  readonly port: string;
}

/** `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`. */
function asked(text: string): Asked {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', parts[0] ?? '', parts[1] ?? ''];
  if (parts.length > 3 || !['', 'http', 'https'].includes(scheme))
    throw badRequest(`invalid proxy target ${JSON.stringify(text)}`);
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

function target(
  { info, query }: SubresourceContext,
  scheme: 'http' | 'https',
  host: string,
  port: number,
): ProxyTarget {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw badRequest(`invalid port ${port}`);
  if (!isProxyable(host)) throw badRequest('address not allowed');
  const search = query.toString();
  return { scheme, host, port, path: `/${info.rest}${search === '' ? '' : `?${search}`}`, asKubeletClient: false };
}

/** Addresses that are the server's own, or nobody's: whoever may write an address must not reach them through us. */
function isProxyable(host: string): boolean {
  const parts = host.split('.').map(Number);
  if (parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255)) {
    const [a = 0, b = 0] = parts;
    return a !== 0 && a !== 127 && a < 224 && !(a === 169 && b === 254);
  }
  return /^[23][0-9a-f]{3}:|^f[cd][0-9a-f]{2}:/i.test(host);
}

const podProxy = (context: SubresourceContext): ProxyTarget => {
  const { scheme, name, port } = asked(context.info.name);
  const found = context.registry.of(pod).get(context.info.namespace, name);
  const ports = found.spec.containers.flatMap((container) => container.ports ?? []);
  if (!found.status.podIP) throw failure('ServiceUnavailable', `pod ${name} has no address yet`);
  const number =
    port === '' ? (ports[0]?.containerPort ?? 80) : (ports.find((p) => p.name === port)?.containerPort ?? Number(port));
  return target(context, scheme, found.status.podIP, number);
};

const serviceProxy = (context: SubresourceContext): ProxyTarget => {
  const { registry, info } = context;
  const { scheme, name, port: wanted } = asked(info.name);
  const found = registry.of(service).get(info.namespace, name);
  const port = found.spec.ports?.find((p) => wanted === '' || p.name === wanted || String(p.port) === wanted);
  const slices = registry.of(endpointSlice);
  const ends: { readonly address: string; readonly number: number }[] = [];
  for (const cached of port ? slices.shelf.cache.range(slices.shelf.prefixOf(info.namespace)) : []) {
    const slice = slices.view(cached.object);
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue;
    const number = slice.ports?.find((p) => (p.name ?? '') === (port?.name ?? ''))?.port;
    const ready = (slice.endpoints ?? []).filter((e) => e.conditions.ready !== false);
    if (number) ends.push(...ready.flatMap(({ addresses: [address] }) => (address ? [{ address, number }] : [])));
  }
  // Any of them, as the packets of the service would go.
  const end = ends[registry.deps.random.uint32() % Math.max(1, ends.length)];
  if (end) return target(context, scheme, end.address, end.number);
  throw failure('ServiceUnavailable', `no endpoints available for service ${JSON.stringify(info.name)}`);
};

const nodeProxy = ({ registry, info, query }: SubresourceContext): ProxyTarget => {
  const search = query.toString();
  return {
    scheme: 'https',
    ...nodeAddress(registry, asked(info.name).name),
    path: `/${info.rest}${search === '' ? '' : `?${search}`}`,
    asKubeletClient: true,
  };
};

export const proxies: readonly Subresource[] = [
  defineSubresource({ at: '/pods/proxy', options: 'PodProxyOptions', query: 'PodProxyOptions', hasPath: true, connect: podProxy }),
  defineSubresource({ at: '/services/proxy', options: 'ServiceProxyOptions', query: 'ServiceProxyOptions', hasPath: true, connect: serviceProxy }),
  defineSubresource({ at: '/nodes/proxy', options: 'NodeProxyOptions', query: 'NodeProxyOptions', hasPath: true, connect: nodeProxy }),
];
