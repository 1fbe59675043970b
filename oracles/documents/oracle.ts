import { componentStatus, virtualKinds } from '@navarch/api';
import type { Kind, ResourceFacts } from '@navarch/machinery';
import { parseFeatureGates } from '../../packages/apiserver/src/features/feature-gates.ts';
import { runtimeConfigOf } from '../../packages/apiserver/src/features/served-kinds.ts';
import { type Ask, asked } from '../../packages/apiserver/src/testing/ask.ts';
import { OPENAPI_V3_PROTOBUF } from '../../packages/apiserver/src/documents/openapi/protobuf-v3.ts';
import { generated } from './generated.ts';
import { differences } from './compare-documents.ts';
import type { Oracle } from '../oracle.ts';
import { Upstream, type UpstreamAnswer } from './upstream.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const SHOWN_MAX = 12;
/** Features that bring resources of their own. */
const YOUNG = [
  'CompositePodGroup',
  'CoordinatedLeaderElection',
  'DRAResourcePoolStatus',
  'EvictionRequestAPI',
  'GenericWorkload',
].map((name) => `${name}=true`);

/** Asks upstream's server library, with our resources behind it, for every document, and us. */
export const documentsOracle: Oracle = {
  name: 'documents',
  async run({ say }) {
    const program = await generated();
    let [passed, failed] = [0, 0];
    for (const [runtimeConfig, gates] of [
      [[], []],
      [['api/all=true'], YOUNG],
    ] as const) {
      const { ask, server } = await asked({
        runtimeConfig: runtimeConfigOf(runtimeConfig),
        features: parseFeatureGates(gates),
      });
      const stored = server.registry.kinds;
      const config = runtimeConfigOf(runtimeConfig);
      const kinds = [...stored, ...virtualKinds.filter((kind) => config.isOn(kind)), componentStatus];
      using upstream = new Upstream(program, kinds, (kind) => storedAs(kind, stored));
      for (const [path, accept] of await documentsOf(upstream)) {
        const found = await compared(path, accept, upstream, ask);
        if (found.length === 0) passed += 1;
        else failed += 1;
        if (found.length > 0) say(`FAIL ${path} as ${accept}: ${found.length} differ`);
        for (const line of found.slice(0, SHOWN_MAX)) say(`  ${line}`);
      }
    }
    return { passed, failed };
  },
};

function storedAs(kind: Kind<any>, stored: readonly Kind<any>[]): ResourceFacts | undefined {
  if (!stored.includes(kind)) return undefined;
  return kind.isAlternate
    ? (kind.hub?.kind ?? stored.find((known) => !known.isAlternate && known.storagePrefix === kind.storagePrefix))
    : kind;
}

/** What both are asked for, and in which form. */
async function documentsOf(upstream: Upstream): Promise<readonly (readonly [path: string, accept: string])[]> {
  const { paths } = JSON.parse((await upstream.ask('/openapi/v3')).body.toString()) as {
    readonly paths: Readonly<Record<string, unknown>>;
  };
  const discovery = Object.keys(paths)
    .filter((name) => name.startsWith('api'))
    .map((name) => `/${name}`);
  return [
    ...discovery.flatMap(
      (path) =>
        [
          [path, 'application/json'],
          [path, PROTOBUF],
        ] as const,
    ),
    ['/api', AGGREGATED],
    ['/apis', AGGREGATED],
    ['/openapi/v2', 'application/json'],
    ...Object.keys(paths).flatMap(
      (name) =>
        [
          [`/openapi/v3/${name}`, 'application/json'],
          [`/openapi/v3/${name}`, OPENAPI_V3_PROTOBUF[0]],
        ] as const,
    ),
    ['/openapi/v3', 'application/json'],
  ];
}

async function compared(path: string, accept: string, upstream: Upstream, ask: Ask): Promise<readonly string[]> {
  const [theirs, ours] = [await upstream.ask(path, { accept }), await ask('GET', path, undefined, { accept })];
  const head = differences(
    [theirs.status, headerOf(theirs, 'Content-Type')],
    [ours.status, ours.headers['content-type']],
  );
  if (head.length > 0) return head;
  if (accept === OPENAPI_V3_PROTOBUF[0]) {
    // What they say differs in words: ours is written by their library.
    const text = await ask('GET', path, undefined, { accept: 'application/json' });
    const { body } = await upstream.protobufOf(text.bytes);
    return body.equals(ours.bytes) ? [] : [`at byte ${body.findIndex((byte, i) => byte !== ours.bytes[i])}`];
  }
  if (accept === PROTOBUF)
    return path === '/apis' || theirs.body.equals(ours.bytes)
      ? []
      : [`${theirs.body.toString('hex')}\n  ${Buffer.from(ours.bytes).toString('hex')}`];
  return differences(normal(JSON.parse(theirs.body.toString()), path), normal(ours.body, path));
}

const headerOf = ({ headers }: UpstreamAnswer, name: string): string | undefined => headers[name];

/** What one library cannot know of a whole server is left out. */
function normal(document: any, path: string): unknown {
  // The aggregator puts the groups in their order, and says of itself where the server is.
  if (path === '/apis')
    return ((document.groups ?? document.items) as readonly any[])
      .map(({ serverAddressByClientCIDRs: _, ...group }) => JSON.stringify(group))
      .sort();
  if (path === '/openapi/v3')
    return Object.keys(document.paths).filter((name) => name.startsWith('api') || name === 'version');
  if (path !== '/openapi/v2') return document;
  const { '/.well-known/openid-configuration/': _, '/openid/v1/jwks/': __, ...paths } = document.paths;
  return { ...document, paths };
}
