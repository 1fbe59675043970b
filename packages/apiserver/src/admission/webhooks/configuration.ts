import { type ApiObject, type Kind, type LabelSelector } from '@navarch/machinery';
import type { Registry } from '../../registry/registry.ts';
import { serviceEndpoints } from '../../service-endpoints.ts';
import type { WebhookAddress, Webhooks } from './port.ts';

export interface Rule {
  readonly operations?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
  readonly scope?: string;
  /** Policies may name the objects. */
  readonly resourceNames?: readonly string[];
}

/** What decides whether a webhook or policy is asked about a request. */
export interface Matching {
  readonly rules?: readonly Rule[];
  readonly excluded?: readonly Rule[];
  readonly matchPolicy?: string | undefined;
  readonly namespaceSelector?: LabelSelector | undefined;
  readonly objectSelector?: LabelSelector | undefined;
}

/** One webhook of a configuration, of either kind (admissionregistration.k8s.io/v1). */
export interface Webhook extends Matching {
  readonly name: string;
  readonly clientConfig: {
    readonly url?: string;
    readonly service?: {
      readonly namespace: string;
      readonly name: string;
      readonly path?: string;
      readonly port?: number;
    };
    /** Base64 of PEM. */
    readonly caBundle?: string;
  };
  readonly failurePolicy?: string;
  readonly sideEffects?: string;
  readonly timeoutSeconds?: number;
  readonly admissionReviewVersions: readonly string[];
  readonly reinvocationPolicy?: string;
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
}

interface Configuration extends ApiObject {
  readonly webhooks?: readonly Webhook[];
}

/** All webhooks of a kind of configuration, in the order in which they are called: by the names of the configurations. */
export function webhooksOf(registry: Registry, kind: Kind<any>): readonly Webhook[] {
  const { cache } = registry.of(kind).shelf;
  // So it is in most clusters, and asked at every write.
  if (cache.size === 0) return NONE;
  return [...cache.range(cache.prefix)].flatMap((cached) => (cached.object as Configuration).webhooks ?? []);
}

const NONE: readonly never[] = [];
const HTTPS = 443;

/** Asks a webhook, and tells it how long it has. Rejects where its service has nobody to answer, and where no answer comes in time. */
export async function post(
  webhooks: Webhooks,
  registry: Registry,
  clientConfig: Webhook['clientConfig'],
  body: string,
  seconds: number,
): ReturnType<Webhooks['post']> {
  const address = addressOf(clientConfig, `?timeout=${seconds}s`, registry);
  return webhooks.post(address, body, seconds * 1000);
}

function addressOf(clientConfig: Webhook['clientConfig'], query: string, registry: Registry): WebhookAddress {
  const authority = clientConfig.caBundle ? { authority: atob(clientConfig.caBundle) } : {};
  if (clientConfig.service) return { ...serviceAddress(clientConfig.service, query, registry), ...authority };
  const url = /^https:\/\/(\[[^\]]+\]|[^/:?#]+)(?::(\d+))?([/?][^#]*)?$/.exec(clientConfig.url ?? '');
  if (!url) throw new Error(`the URL ${JSON.stringify(clientConfig.url ?? '')} is none of HTTPS`);
  const host = (url[1] ?? '').replace(/^\[|\]$/g, '');
  return {
    host,
    port: Number(url[2] ?? HTTPS),
    path: cleaned((url[3] ?? '').replace(/\?.*$/, '')) + query,
    serverName: host,
    ...authority,
  };
}

/** Without empty and relative parts, as Go's clients ask: webhooks in Go answer others with a redirect. */
function cleaned(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function serviceAddress(
  { namespace, name, path = '', port = HTTPS }: NonNullable<Webhook['clientConfig']['service']>,
  query: string,
  registry: Registry,
): WebhookAddress {
  const found = serviceEndpoints(registry, namespace, name, port);
  const rest = { path: cleaned(path) + query, serverName: `${name}.${namespace}.svc` };
  const [endpoint] = 'endpoints' in found ? found.endpoints : [];
  if (endpoint) return { ...endpoint, servicePort: port, ...rest };
  throw new Error(`Post "https://${rest.serverName}:${port}${rest.path}": ${whyNot(found, name, port)}`);
}

function whyNot(found: ReturnType<typeof serviceEndpoints>, name: string, port: number): string {
  switch ('problem' in found ? found.problem : undefined) {
    case 'ServiceNotFound':
      return `service ${JSON.stringify(name)} not found`;
    case 'ServicePortError':
      return `no service port ${port} found for service ${JSON.stringify(name)}`;
    default:
      return `no endpoints available for service ${JSON.stringify(name)}`;
  }
}
