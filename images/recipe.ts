import type { ImageConfig } from './oci/archive.ts';
import type { Entry, Tree } from './oci/entry.ts';

/** One layer: Debian packages with all they need, less what the layers below brought, then files of our own. */
export interface LayerRecipe {
  readonly packages?: readonly string[];
  /** Packages that would only be of use while installing. */
  readonly without?: readonly string[];
  /** Our own files. They may depend on what the packages brought (a bundle of certificates, links to applets). */
  readonly files?: (below: Tree, signal: AbortSignal) => readonly Entry[] | Promise<readonly Entry[]>;
  /** Changes when `files` would give something else: it is what the cache goes by. */
  readonly version: string;
}

/** How an image is made. Add one by listing it in recipes/index.ts. */
export interface Recipe {
  readonly name: string;
  /** What its tags are of; absent: `docker.io/library/NAME`. */
  readonly repository?: string;
  readonly tags: readonly string[];
  readonly config: ImageConfig;
  readonly layers: readonly LayerRecipe[];
}

export type Architecture = 'amd64' | 'arm64';

export function defineRecipe(recipe: Recipe): Recipe {
  return Object.freeze(recipe);
}

/** The architecture of images made here: that of the machine, whose packages apt gives us. */
export function thisArchitecture(): Architecture {
  if (process.arch === 'x64') return 'amd64';
  if (process.arch === 'arm64') return 'arm64';
  throw new Error(`cannot build images on ${process.arch}: only x64 and arm64 are known`);
}
