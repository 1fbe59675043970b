import { type EndpointSlice, endpointSlice, parseIp, pod, service } from '@navarch/api';
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
function asked(text: string, what: string): Asked {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme))
    throw badRequest(`invalid ${what} request ${JSON.stringify(text)}`);
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

interface Place {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

function target(context: SubresourceContext, { scheme, host, port }: Place, asKubeletClient = false): ProxyTarget {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw badRequest(`invalid port ${port}`);
  const search = context.query.toString();
  return { scheme, host, port, path: `/${context.info.rest}${search === '' ? '' : `?${search}`}`, asKubeletClient };
}

/** As `target`, of an address that somebody has written down. Throws BadRequest. */
function writtenTarget(context: SubresourceContext, place: Place): ProxyTarget {
  if (!isProxyable(place.host)) throw badRequest('address not allowed');
  return target(context, place);
}

/** False for addresses that are the server's own, or nobody's: whoever may write an address must not reach them through us. */
function isProxyable(host: string): boolean {
  const bytes = parseIp(host);
  if (!bytes) return false;
  const [a = 0, b = 0] = bytes;
  if (bytes.length === 4)
    return (
      a !== 0 && a !== 127 && !(a === 169 && b === 254) && (a < 224 || (a >= 240 && bytes.some((byte) => byte !== 255)))
    );
  const isLocal = bytes.slice(0, -1).every((byte) => byte === 0) && (bytes[15] ?? 0) <= 1;
  return !isLocal && a !== 0xff && !(a === 0xfe && (b & 0xc0) === 0x80);
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

const podProxy = (context: SubresourceContext): ProxyTarget => {
  const { scheme, name, port } = asked(context.info.name, 'pod');
  const found = context.registry.of(pod).get(context.info.namespace, name);
  const ports = found.spec.containers.flatMap((container) => container.ports ?? []);
  const number =
    port === ''
      ? (ports[0]?.containerPort ?? DEFAULT_PORTS[scheme])
      : (ports.find((p) => p.name === port)?.containerPort ?? Number(port));
  return writtenTarget(context, { scheme, host: found.status.podIP ?? '', port: number });
};

const serviceProxy = (context: SubresourceContext): ProxyTarget => {
  const { registry, info } = context;
  const { scheme, name, port } = asked(info.name, 'service');
  const found = registry.of(service).get(info.namespace, name);
  const portName = /^[-+]?\d+$/.test(port) ? nameOfPort(found.spec.ports ?? [], Number(port), name) : port;
  const slices = registry.of(endpointSlice);
  const ends: { readonly host: string; readonly port: number }[] = [];
  for (const cached of slices.shelf.cache.range(slices.shelf.prefixOf(info.namespace))) {
    if (cached.labels['kubernetes.io/service-name'] !== name) continue;
    const slice = slices.view(cached.object);
    const number = slice.ports?.find((p) => (p.name ?? '') === portName)?.port;
    if (number) ends.push(...hostsOf(slice, context).map((host) => ({ host, port: number })));
  }
  // Any of them, as the packets of the service would go.
  const end = ends[registry.deps.random.uint32() % Math.max(1, ends.length)];
  if (!end) throw failure('ServiceUnavailable', `no endpoints available for service ${JSON.stringify(info.name)}`);
  return writtenTarget(context, { scheme, ...end });
};

/** Without a number it is the port that has no name. Throws ServiceUnavailable. */
function nameOfPort(
  ports: readonly { readonly name?: string; readonly port: number }[],
  number: number,
  name: string,
): string {
  const port = ports.find((one) => one.port === number);
  if (!port) throw failure('ServiceUnavailable', `no service port ${number} found for service ${JSON.stringify(name)}`);
  return port.name ?? '';
}

/** Addresses that pods of the namespace have: what else somebody wrote into a slice is not reached from here. */
function hostsOf({ endpoints }: EndpointSlice, { registry, info }: SubresourceContext): readonly string[] {
  const pods = registry.of(pod);
  return (endpoints ?? []).flatMap(({ addresses: [address], conditions, targetRef }) => {
    if (
      address === undefined ||
      conditions.ready === false ||
      targetRef?.kind !== 'Pod' ||
      targetRef.namespace !== info.namespace
    )
      return [];
    const found = pods.find(info.namespace, targetRef.name ?? '');
    return found?.status.podIPs?.some(({ ip }) => ip === address) ? [address] : [];
  });
}

/** The kubelet knows us, and is asked in our name; whatever else listens on a node is not. */
const nodeProxy = (context: SubresourceContext): ProxyTarget => {
  const { scheme, name, port } = asked(context.info.name, 'node');
  const kubelet = nodeAddress(context.registry, name);
  if (port === '' || port === String(kubelet.port)) return target(context, { scheme: 'https', ...kubelet }, true);
  return writtenTarget(context, { scheme, host: kubelet.host, port: Number(port) });
};

export const proxies: readonly Subresource[] = [
  defineSubresource({
    at: '/pods/proxy',
    options: 'PodProxyOptions',
    query: 'PodProxyOptions',
    hasPath: true,
    connect: podProxy,
  }),
  defineSubresource({
    at: '/services/proxy',
    options: 'ServiceProxyOptions',
    query: 'ServiceProxyOptions',
    hasPath: true,
    connect: serviceProxy,
  }),
  defineSubresource({
    at: '/nodes/proxy',
    options: 'NodeProxyOptions',
    query: 'NodeProxyOptions',
    hasPath: true,
    connect: nodeProxy,
  }),
];
