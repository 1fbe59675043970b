import { failure } from '@navarch/machinery';
import { timestamp } from '../registry/meta.ts';
import { type Clause, parseAccept, takes } from '../representation/accept.ts';
import { jsonFormat, yamlFormat } from '../representation/format.ts';
import { type ApiRequest, type ApiResponse, json, plain } from '../request.ts';
import { unixDate } from './dates.ts';

/** What a component says of itself on its z-pages (KEP-4827, KEP-4828). */
export interface Component {
  /** As upstream's executable of this part is called. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  now(): number;
  /** What it was started with; nothing that is secret. */
  readonly flags: Readonly<Record<string, string>>;
  readonly binaryVersion: string;
  readonly emulationVersion: string;
  readonly goVersion: string;
  /** Everything that it serves. */
  paths(): readonly string[];
}

const GROUP = 'config.k8s.io';
const KINDS: Readonly<Record<string, string>> = { flagz: 'Flagz', statusz: 'Statusz' };
const VERSIONS: ReadonlySet<string> = new Set(['v1alpha1', 'v1beta1']);
const DEPRECATED = 'v1alpha1';
const TEXT = 'text/plain';
const FORMATS = [jsonFormat, yamlFormat];
/** First parts of paths that are no help in finding out what is wrong. */
const NOT_FOR_DEBUGGING: ReadonlySet<string> = new Set(['/apis', '/api', '/openid', '/openapi', '/.well-known']);
const WARNING =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';

export const ZPAGES = ['flagz', 'statusz'] as const;
export type ZPage = (typeof ZPAGES)[number];

/** `/flagz` or `/statusz`: as text, or as an object of config.k8s.io for who asks for exactly that. Throws NotAcceptable. */
export function zpage(page: ZPage, component: Component, request: ApiRequest): ApiResponse {
  const accept = request.header('accept') ?? '';
  if (accept.trim() === '') return plain(textOf(page, component));
  for (const clause of parseAccept(accept)) {
    const version = structuredVersion(page, clause);
    const format = FORMATS.find(({ mediaType }) => takes(clause, mediaType));
    if (version !== undefined && format) {
      const object = {
        kind: KINDS[page] as string,
        apiVersion: `${GROUP}/${version}`,
        metadata: { name: component.name },
        ...factsOf(page, component),
      };
      const headers = {
        'content-type': format.mediaType,
        ...(version === DEPRECATED
          ? { warning: `299 - "This version of the ${page} endpoint is deprecated. Please use a newer version."` }
          : {}),
      };
      return { type: 'bytes', status: 200, headers, body: [format.encode(object)] };
    }
    if (takes(clause, TEXT) && !isTransformed(clause)) return plain(textOf(page, component));
  }
  const refusal = failure(
    'NotAcceptable',
    `only the following media types are accepted: ${[...FORMATS.map(({ mediaType }) => mediaType), TEXT].join(', ')}`,
  );
  // What cannot be said in the form that was asked for is said in JSON.
  return json(refusal.status, 406);
}

const isTransformed = ({ parameters }: Clause): boolean => ['as', 'g', 'v'].some((name) => parameters.has(name));

function structuredVersion(page: ZPage, { parameters }: Clause): string | undefined {
  const version = parameters.get('v') ?? '';
  return parameters.get('as') === KINDS[page] && parameters.get('g') === GROUP && VERSIONS.has(version)
    ? version
    : undefined;
}

function factsOf(page: ZPage, component: Component): object {
  if (page === 'flagz') return { flags: component.flags };
  const { startedAt, now, goVersion, binaryVersion, emulationVersion, paths } = component;
  return {
    startTime: timestamp(startedAt),
    uptimeSeconds: secondsSince(startedAt, now()),
    goVersion,
    binaryVersion,
    emulationVersion,
    paths: firstParts(paths()),
  };
}

function textOf(page: ZPage, component: Component): string {
  const lines =
    page === 'flagz'
      ? Object.entries(component.flags)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, value]) => `${name}=${value}`)
      : statusLines(component);
  return `\n${component.name} ${page}\n${WARNING}\n\n${lines.join('\n')}\n`;
}

function statusLines({
  startedAt,
  now,
  goVersion,
  binaryVersion,
  emulationVersion,
  paths,
}: Component): readonly string[] {
  const seconds = secondsSince(startedAt, now());
  const two = (count: number): string => String(count).padStart(2, '0');
  return [
    `Started: ${unixDate(startedAt)}`,
    `Up: ${Math.floor(seconds / 3600)} hr ${two(Math.floor(seconds / 60) % 60)} min ${two(seconds % 60)} sec`,
    `Go version: ${goVersion}`,
    `Binary version: ${binaryVersion}`,
    `Emulation version: ${emulationVersion}`,
    `Paths: ${firstParts(paths()).join(' ')}`,
  ];
}

const secondsSince = (from: number, now: number): number => Math.max(0, Math.floor((now - from) / 1000));

function firstParts(paths: readonly string[]): readonly string[] {
  const parts = paths.flatMap((path) => (path.split('/')[1] ? [`/${path.split('/')[1]}`] : []));
  return [...new Set(parts)].filter((part) => !NOT_FOR_DEBUGGING.has(part)).sort();
}
