import type { APIService } from '@navarch/api';
import type { Registry } from '../registry/registry.ts';
import type { ExtensionServer, ExtensionServers } from './extension-servers.ts';
import { remoteHeaders } from './remote-user.ts';
import { type EndpointsProblem, type ServiceEndpoint, serviceEndpoints } from '../service-endpoints.ts';

export type Reference = NonNullable<APIService['spec']['service']>;

/** What the Available condition of an APIService says, but for its time. */
export interface Verdict {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** As whom the aggregator asks: extension servers let members of this group do everything. */
export const AGGREGATOR = { name: 'system:kube-aggregator', groups: ['system:masters'] } as const;
export const HTTPS = 443;
const CHECK_TIMEOUT_MS = 5000;
/** Endpoints that are asked before the service counts as unavailable. */
const ATTEMPTS_MAX = 5;

const messages: Readonly<Record<EndpointsProblem, (reference: Reference, portName: string) => string>> = {
  ServiceNotFound: ({ name, namespace }) => `service/${name} in ${JSON.stringify(namespace)} is not present`,
  ServicePortError: ({ name, namespace, port = HTTPS }) =>
    `service/${name} in ${JSON.stringify(namespace)} is not listening on port ${port}`,
  EndpointsNotFound: ({ name, namespace }) =>
    `cannot find endpointslices for service/${name} in ${JSON.stringify(namespace)}`,
  MissingEndpoints: ({ name, namespace }, portName) =>
    `endpointslices for service/${name} in ${JSON.stringify(namespace)} have no addresses with port name ${JSON.stringify(portName)}`,
};

/** Whether an extension server answers: its service is there, has endpoints, and one of them serves the version's discovery. */
export async function availability(
  spec: APIService['spec'],
  reference: Reference,
  registry: Registry,
  servers: ExtensionServers,
): Promise<Verdict> {
  const found = serviceEndpoints(registry, reference.namespace ?? '', reference.name ?? '', reference.port ?? HTTPS);
  if ('problem' in found)
    return {
      status: 'False',
      reason: found.problem,
      message: messages[found.problem](reference, found.portName ?? ''),
    };
  const path = discoveryPath(spec);
  let problem = '';
  for (const endpoint of found.endpoints.slice(0, ATTEMPTS_MAX)) {
    try {
      const { status } = await servers.get(
        extensionServer(spec, reference, endpoint),
        path,
        remoteHeaders(AGGREGATOR),
        CHECK_TIMEOUT_MS,
      );
      if (status >= 200 && status < 300) return { status: 'True', reason: 'Passed', message: 'all checks passed' };
      problem = `failing or missing response from ${urlOf(endpoint, path)}: bad status from ${urlOf(endpoint, path)}: ${status}`;
    } catch (error) {
      problem = `failing or missing response from ${urlOf(endpoint, path)}: Get ${JSON.stringify(urlOf(endpoint, path))}: ${(error as Error).message}`;
    }
  }
  return { status: 'False', reason: 'FailedDiscoveryCheck', message: problem };
}

export const discoveryPath = ({ group, version }: APIService['spec']): string =>
  group ? `/apis/${group}/${version ?? ''}` : `/api/${version ?? ''}`;

const urlOf = ({ host, port }: ServiceEndpoint, path: string): string =>
  `https://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;

/** One endpoint of an extension server, and how its certificate is judged. */
export const extensionServer = (
  { caBundle, insecureSkipTLSVerify }: APIService['spec'],
  { name = '', namespace = '' }: Reference,
  { host, port }: ServiceEndpoint,
): ExtensionServer => ({
  host,
  port,
  serverName: `${name}.${namespace}.svc`,
  isUnverified: insecureSkipTLSVerify ?? false,
  ...(caBundle ? { authority: atob(caBundle) } : {}),
});
