import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { fetchPackages } from './debian/fetch.ts';
import { unpackDebian } from './debian/unpack.ts';
import { type WrittenImage, writeArchive } from './oci/archive.ts';
import { draftOf } from './oci/draft.ts';
import type { Entry, Tree } from './oci/entry.ts';
import { type Blob, blobOf, layerOf } from './oci/layer.ts';
import { type LayerRecipe, type Recipe, thisArchitecture } from './recipe.ts';
import { recipes } from './recipes/index.ts';

export interface BuiltImage {
  /** The image archive: an OCI layout as one tar file. */
  readonly archive: string;
  /** Full names and manifest digests of what is in it. */
  readonly images: readonly WrittenImage[];
  /** Nothing had to be made. */
  readonly wasCached: boolean;
}

/** Raise when the builder itself makes something else of the same recipe. */
const BUILDER_VERSION = 1;

/** Names of all images that can be built. */
export const imageNames: readonly string[] = Object.keys(recipes);

/** What is being built, by archive: nodes that start together want the same. */
const underWay = new Map<string, Promise<BuiltImage>>();

/**
 * Builds one image into `outDir/NAME.tar`, or finds it there, built from the same recipe. The first time needs the
 * Debian archive or its mirror; afterwards the packages and layers lie in a cache, and no network is needed. Whoever asks
 * while it is being built shares what comes of it, and the signal of who asked first.
 */
export function buildImage(name: string, outDir: string, signal: AbortSignal): Promise<BuiltImage> {
  const archive = join(outDir, `${name}.tar`);
  const known = underWay.get(archive);
  if (known) return known;
  const built = build(name, archive, signal).finally(() => underWay.delete(archive));
  underWay.set(archive, built);
  return built;
}

async function build(name: string, archive: string, signal: AbortSignal): Promise<BuiltImage> {
  const recipe = await recipes[name]?.();
  if (!recipe) throw new Error(`there is no image ${name}; there are ${imageNames.join(', ')}`);
  const key = keyOf(recipe, recipe.layers.length);
  const known = readStamp(archive);
  if (known?.key === key && existsSync(archive)) return { archive, images: known.images, wasCached: true };
  mkdirSync(dirname(archive), { recursive: true });
  const layers: Blob[] = [];
  for (let depth = 1; depth <= recipe.layers.length; depth += 1) layers.push(await buildLayer(recipe, depth, signal));
  const images = await writeArchive(
    archive,
    {
      names: recipe.tags.map((tag) => `${recipe.repository ?? `docker.io/library/${recipe.name}`}:${tag}`),
      architecture: thisArchitecture(),
      config: recipe.config,
      layers,
    },
    signal,
  );
  writeWhole(`${archive}.json`, JSON.stringify({ key, images }));
  return { archive, images, wasCached: false };
}

/** Layers are kept by what they are made of: images with a common beginning share it, byte by byte. */
async function buildLayer(recipe: Recipe, depth: number, signal: AbortSignal): Promise<Blob> {
  const kept = join(cacheDir(), 'layers', `${layerKeyOf(recipe, depth)}.tar`);
  if (existsSync(kept)) return blobOf(readFileSync(kept));
  const layer = recipe.layers[depth - 1];
  const below = recipe.layers.slice(0, depth - 1).flatMap((lower) => lower.packages ?? []);
  const tree = await treeOf(layer ?? { version: '' }, below, signal);
  const blob = await layerOf(tree);
  writeWhole(kept, blob.bytes);
  return blob;
}

async function treeOf(layer: LayerRecipe, below: readonly string[], signal: AbortSignal): Promise<Tree> {
  const tree = new Map<string, Entry>();
  if (layer.packages && layer.packages.length > 0) {
    const packages = join(cacheDir(), 'debian');
    const present = new Set(
      below.length > 0 ? (await fetchPackages(below, packages, signal)).map(({ name }) => name) : [],
    );
    for (const { name, path } of await fetchPackages([...below, ...layer.packages], packages, signal)) {
      if (present.has(name) || layer.without?.includes(name)) continue;
      for (const entry of await unpackDebian(path, signal)) tree.set(entry.path, entry);
    }
  }
  for (const entry of (await layer.files?.(tree, signal)) ?? []) tree.set(entry.path, entry);
  return tree;
}

function layerKeyOf(recipe: Recipe, depth: number): string {
  const layers = recipe.layers
    .slice(0, depth)
    .map(({ packages, without, version }) => ({ packages, without, version }));
  return hash({ builder: BUILDER_VERSION, architecture: thisArchitecture(), layers });
}

function keyOf(recipe: Recipe, depth: number): string {
  return hash({ name: recipe.name, tags: recipe.tags, config: recipe.config, layers: layerKeyOf(recipe, depth) });
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}

interface Stamp {
  readonly key: string;
  readonly images: readonly WrittenImage[];
}

function readStamp(archive: string): Stamp | undefined {
  try {
    return JSON.parse(readFileSync(`${archive}.json`, 'utf8')) as Stamp;
  } catch {
    return undefined; // Never built here.
  }
}

function writeWhole(path: string, content: Buffer | string): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = draftOf(path);
  writeFileSync(draft, content);
  renameSync(draft, path);
}

/** Packages and layers, for all clones of one user. Removing it costs a download. */
function cacheDir(): string {
  return (
    process.env['NAVARCH_IMAGE_CACHE'] ??
    join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'navarch', 'images')
  );
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string' }, fresh: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help || values.out === undefined) {
    console.log(`usage: node images/build.ts [NAME...] --out DIR [--fresh]\n\nNames: ${imageNames.join(', ')}. Without one, all.
--fresh  forget cached layers first: newer Debian packages are taken`);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  if (values.fresh) rmSync(join(cacheDir(), 'layers'), { recursive: true, force: true });
  for (const name of positionals.length > 0 ? positionals : imageNames) {
    if (values.fresh) rmSync(join(values.out, `${name}.tar.json`), { force: true });
    const started = performance.now();
    const built = await buildImage(name, values.out, new AbortController().signal);
    const how = built.wasCached ? 'unchanged' : `built in ${((performance.now() - started) / 1000).toFixed(1)} s`;
    console.log(`${built.archive}: ${how}: ${built.images.map((image) => image.name).join(', ')}`);
  }
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(`cannot build: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
