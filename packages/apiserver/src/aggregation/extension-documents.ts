import type { APIService } from '@navarch/api';
import { AGGREGATOR, discoveryPath } from './availability.ts';
import type { ExtensionServer, ExtensionServers } from './extension-servers.ts';
import { remoteHeaders } from './remote-user.ts';

type Json = Readonly<Record<string, any>>;

/** What an extension server says about one group and version. */
export interface ExtensionDocuments {
  /** As aggregated discovery lists them (KEP-3352). */
  readonly resources: readonly unknown[];
  readonly openApiV2?: Json;
  readonly openApiV3?: Json;
}

const TIMEOUT_MS = 10_000;

/** Reads its documents; what it does not publish is absent. Rejects where it does not answer its discovery. */
export async function readDocuments(
  spec: APIService['spec'],
  server: ExtensionServer,
  servers: ExtensionServers,
): Promise<ExtensionDocuments> {
  const path = discoveryPath(spec);
  const discovery = await read(server, path, servers);
  if (!discovery) throw new Error(`no discovery at ${path}`);
  const [openApiV2, openApiV3] = [
    await read(server, '/openapi/v2', servers),
    await read(server, `/openapi/v3${path}`, servers),
  ];
  return {
    resources: discovered(discovery, spec),
    ...(openApiV2 ? { openApiV2 } : {}),
    ...(openApiV3 ? { openApiV3 } : {}),
  };
}

async function read(server: ExtensionServer, path: string, servers: ExtensionServers): Promise<Json | undefined> {
  const { status, body } = await servers.get(
    server,
    path,
    { ...remoteHeaders(AGGREGATOR), accept: 'application/json' },
    TIMEOUT_MS,
  );
  return status === 200 ? (JSON.parse(body) as Json) : undefined;
}

/** An APIResourceList as aggregated discovery has it: subresources below their resources. */
function discovered(list: Json, { group = '', version = '' }: APIService['spec']): readonly unknown[] {
  const all = (list['resources'] ?? []) as readonly Json[];
  const kindOf = (one: Json): object => ({
    group: one['group'] ?? group,
    version: one['version'] ?? version,
    kind: one['kind'],
  });
  return all
    .filter(({ name }) => !String(name).includes('/'))
    .map((one) => {
      const subresources = all.filter(({ name }) => String(name).startsWith(`${String(one['name'])}/`));
      return {
        resource: one['name'],
        responseKind: kindOf(one),
        scope: one['namespaced'] ? 'Namespaced' : 'Cluster',
        singularResource: one['singularName'] ?? '',
        verbs: one['verbs'] ?? [],
        ...(one['shortNames'] ? { shortNames: one['shortNames'] } : {}),
        ...(one['categories'] ? { categories: one['categories'] } : {}),
        ...(subresources.length === 0
          ? {}
          : {
              subresources: subresources.map((sub) => ({
                subresource: String(sub['name']).split('/')[1],
                responseKind: kindOf(sub),
                verbs: sub['verbs'] ?? [],
              })),
            }),
      };
    });
}
