import { goBoolean } from './go-boolean.ts';

/** A resource in a version, as runtime configuration sees it. */
export interface OfferedResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** Versions that say how far they are; each word counts before those above it. */
const STAGES: readonly (readonly [word: string, pattern: RegExp])[] = [
  ['api/all', /^/],
  ['api/ga', /^v\d+$/],
  ['api/beta', /^v\d+beta\d+$/],
  ['api/alpha', /^v\d+alpha\d+$/],
];
const IS_STABLE = /^v\d+$/;

/**
 * Versions that older releases served and 1.37 has still names for, of groups that it serves: clients may go on switching
 * them, and nothing comes of it (from the Go module k8s.io/api v0.37.2).
 */
export const GONE_VERSIONS: ReadonlySet<string> = new Set([
  'apps/v1beta1',
  'apps/v1beta2',
  'authentication.k8s.io/v1alpha1',
  'authentication.k8s.io/v1beta1',
  'authorization.k8s.io/v1beta1',
  'batch/v1beta1',
  'certificates.k8s.io/v1alpha1',
  'discovery.k8s.io/v1beta1',
  'events.k8s.io/v1beta1',
  'flowcontrol.apiserver.k8s.io/v1beta1',
  'flowcontrol.apiserver.k8s.io/v1beta2',
  'flowcontrol.apiserver.k8s.io/v1beta3',
  'networking.k8s.io/v1beta1',
  'node.k8s.io/v1alpha1',
  'node.k8s.io/v1beta1',
  'policy/v1beta1',
  'rbac.authorization.k8s.io/v1alpha1',
  'rbac.authorization.k8s.io/v1beta1',
  'storage.k8s.io/v1alpha1',
  'storage.k8s.io/v1beta1',
  'extensions/v1beta1',
]);

/** What of the release is offered, and what of that this server has. */
export interface Offer {
  /** Every resource of the release in each of its versions. */
  readonly known: readonly OfferedResource[];
  /** Those that this server can serve. */
  readonly had: readonly OfferedResource[];
}

/** What `--runtime-config` says about versions. */
export class RuntimeConfig {
  readonly #said: ReadonlyMap<string, boolean>;

  /** By `api/beta`, `group/version` or `group/version/resource`. */
  constructor(said: ReadonlyMap<string, boolean> = new Map()) {
    this.#said = said;
  }

  /** Whether somebody wants it served: stable versions are, unless something else is said, and others are not. */
  isOn({ group, version, plural }: OfferedResource): boolean {
    const of = this.#said.get(`${group}/${version}/${plural}`) ?? this.#said.get(`${group}/${version}`);
    if (of !== undefined) return of;
    const words = STAGES.filter(([word, pattern]) => pattern.test(version) && this.#said.has(word));
    return this.#said.get(words.at(-1)?.[0] ?? '') ?? IS_STABLE.test(version);
  }
}

/**
 * Reads what `--runtime-config` says: `api/beta=true`, `group/version=true`, `group/version/resource=false`; a name alone
 * is on. Throws an Error in upstream's words for what upstream refuses, and for what was asked for by name and is not had.
 */
export function parseRuntimeConfig(pairs: readonly string[], offer: Offer): RuntimeConfig {
  const texts = new Map(
    pairs
      .filter((pair) => pair !== '')
      .map((pair) => {
        const at = pair.indexOf('=');
        return at < 0 ? ([pair.trim(), ''] as const) : ([pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const);
      }),
  );
  if (texts.size === 1 && texts.get('api/all') === 'false')
    throw new Error('invalid runtime-config with only api/all=false');
  const words = new Set(STAGES.map(([word]) => word));
  const keys = [...texts.keys()].filter((key) => !words.has(key));
  for (const key of keys)
    if (![2, 3].includes(key.split('/').length)) throw new Error(`runtime-config invalid key ${key}`);
  checkGroups(keys, offer);
  const said = new Map<string, boolean>();
  for (const [key, text] of texts) said.set(key, words.has(key) ? wordValue(key, text) : valueOf(key, text));
  for (const key of keys) checkKey(key, said.get(key) === true, offer);
  return new RuntimeConfig(said);
}

const versionOf = (key: string): string => key.split('/').slice(0, 2).join('/');
const isIn =
  (key: string) =>
  ({ group, version }: OfferedResource): boolean =>
    versionOf(key) === `${group}/${version}`;

function checkGroups(keys: readonly string[], { known }: Offer): void {
  const groups = new Set([...known.map(({ group }) => group), 'extensions']);
  const unknown = [...new Set(keys.map(versionOf))]
    .filter((version) => !groups.has(version.slice(0, version.indexOf('/'))))
    .sort();
  if (unknown.length > 0)
    throw new Error(`unknown api groups ${unknown.map((version) => version.replace(/^\//, '')).join(',')}`);
}

function wordValue(word: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new Error(`invalid value ${word}=${text}`);
  return text === 'true';
}

function valueOf(key: string, text: string): boolean {
  const value = text === '' ? true : goBoolean(text);
  if (value === undefined)
    throw new Error(
      `invalid value of ${key}: ${text}, err: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  return value;
}

function checkKey(key: string, isOn: boolean, { known, had }: Offer): void {
  const [, , plural] = key.split('/');
  if (plural !== undefined && plural !== plural.toLowerCase()) {
    throw new Error(
      `invalid key ${key}: group/version/resource and resource is always lowercase plural, not ${JSON.stringify(plural)}`,
    );
  }
  const isMeant = (resource: OfferedResource): boolean =>
    isIn(key)(resource) && (plural === undefined || resource.plural === plural);
  if (!known.some(isIn(key))) {
    if (!GONE_VERSIONS.has(versionOf(key)))
      throw new Error(`group version ${versionOf(key).replace(/^\//, '')} that has not been registered`);
  } else if (isOn && known.some(isMeant) && !had.some(isMeant))
    throw new Error(`cannot serve ${key}: Navarch does not have it`);
}
