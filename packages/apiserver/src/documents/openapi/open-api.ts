import { apiVersionOf, type Kind } from '@navarch/machinery';
import type { FeatureGates } from '../../features/feature-gates.ts';
import type { Format } from '../../representation/format.ts';
import { builtinSubresources } from '../../subresources/builtin.ts';
import { builtInOperations, type MediaTypes } from './built-in-operations.ts';
import { customOperations } from './custom-operations.ts';
import type { Doc } from './definitions.ts';
import type { Operation } from './operation.ts';
import { discoveryOperations, serverOperations } from './own-operations.ts';
import { openApiV2, openApiV3 } from './render.ts';

const CBOR_SEQUENCE = 'application/cbor-seq';
const PATCHES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
] as const;

const subresources = new Map(builtinSubresources.map((one) => [one.at, one]));

/** The OpenAPI documents of kinds: all in one, or one for each path that clients begin with. */
export class OpenApi {
  readonly #kinds: readonly Kind<any>[];
  readonly #hasEnums: boolean;
  readonly #mediaTypes: MediaTypes;
  readonly #names: ReadonlySet<string>;

  constructor(kinds: readonly Kind<any>[], formats: readonly Format[], features: FeatureGates) {
    this.#kinds = kinds;
    this.#hasEnums = features.isOn('OpenAPIEnums');
    this.#mediaTypes = mediaTypesOf(formats, features);
    const own = kinds.filter((kind) => kind.origin === 'built-in');
    this.#names = new Set([
      'api',
      'apis',
      ...own.flatMap(({ group }) => (group === '' ? [] : [`apis/${group}`])),
      ...kinds.map(groupPath),
      ...Object.keys(serverOperations),
    ]);
  }

  /** Paths that have a document of their own: `apis/apps/v1`. */
  get names(): readonly string[] {
    return [...this.#names].sort();
  }

  /** Undefined: there is none of that name. */
  v3(name: string): Doc | undefined {
    return this.#names.has(name)
      ? openApiV3(
          this.#operationsOf(name),
          this.#kinds.find((kind) => groupPath(kind) === name),
          this.#hasEnums,
        )
      : undefined;
  }

  v2(): Doc {
    return openApiV2(
      this.names.flatMap((name) => this.#operationsOf(name)),
      this.#hasEnums,
    );
  }

  #operationsOf(name: string): readonly Operation[] {
    const server = serverOperations[name];
    if (server) return [server];
    const { plain } = this.#mediaTypes;
    if (name === 'api') return [discoveryOperations.core(plain)];
    if (name === 'apis') return [discoveryOperations.groups(plain)];
    const kinds = this.#kinds.filter((kind) => groupPath(kind) === name);
    const [kind] = kinds;
    if (!kind) return [discoveryOperations.group(name.slice('apis/'.length), plain)];
    const deps = { mediaTypes: this.#mediaTypes, subresource: (at: string) => subresources.get(at) };
    const own = kinds.filter(({ origin }) => origin === 'built-in').flatMap((of) => builtInOperations(of, deps));
    const custom = kinds.filter(({ origin }) => origin === 'custom').flatMap(customOperations);
    return [...(own.length > 0 ? [discoveryOperations.version(kind, plain)] : []), ...own, ...custom];
  }
}

export const groupPath = (kind: Kind<any>): string =>
  kind.group ? `apis/${apiVersionOf(kind)}` : `api/${kind.version}`;

function mediaTypesOf(formats: readonly Format[], features: FeatureGates): MediaTypes {
  const plain = formats.map(({ mediaType }) => mediaType);
  const streams = formats.flatMap(({ mediaType, streamType }) =>
    streamType === undefined ? [] : [streamType === CBOR_SEQUENCE ? streamType : `${mediaType};stream=watch`],
  );
  return {
    plain,
    streamed: [...plain, ...streams],
    patches: features.isOn('CBORServingAndStorage') ? [...PATCHES, 'application/apply-patch+cbor'] : PATCHES,
  };
}
