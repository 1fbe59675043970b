import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { banned, layers, unwelcome } from './layers.ts';

interface Source {
  readonly path: string;
  readonly pkg: string;
  readonly text: string;
  readonly isTest: boolean;
  readonly imports: readonly string[];
}

const root = join(import.meta.dirname, '..');
const sources: readonly Source[] = globSync('packages/*/src/**/*.ts', { cwd: root }).map((path) => {
  const text = withoutComments(readFileSync(join(root, path), 'utf8'));
  const imports = [
    ...text.matchAll(/(?:^|[;}\n])\s*(?:import|export)\b[^;'"]*?from\s*'([^']+)'|(?<!')\bimport\s*\(?\s*'([^']+)'/g),
  ].map((m) => m[1] ?? m[2] ?? '');
  const isTest = /\.(?:test|contract)\.ts$/.test(path) || path.includes('/testing/');
  return { path, pkg: path.split('/')[1] ?? '', text, isTest, imports };
});
const production = sources.filter((s) => !s.isTest);
const isCore = (s: Source): boolean => (layers[s.pkg]?.ring ?? 5) <= 3;
const relative = (s: Source): readonly string[] =>
  s.imports.filter((i) => i.startsWith('.')).map((i) => normalize(join(dirname(s.path), i)));

test('every package is in the layer table', () => {
  assert.deepEqual([...new Set(sources.map((s) => s.pkg))].sort(), Object.keys(layers).sort());
});

test('imports follow the layers', () => {
  const wrong = production.flatMap((s) =>
    s.imports.filter((i) => !mayImport(s, i)).map((i) => `${s.path}: ${s.pkg} may not import ${i}`),
  );
  assert.deepEqual(wrong, []);
});

test('relative imports stay inside their package', () => {
  const wrong = production
    .filter((s) => relative(s).some((p) => !p.startsWith(`packages/${s.pkg}/src/`)))
    .map((s) => s.path);
  assert.deepEqual(wrong, []);
});

test('the core does not use what a port provides', () => {
  const wrong = production
    .filter(isCore)
    .flatMap(({ path, text }) =>
      banned
        .filter(([pattern]) => pattern.test(text))
        .map(([pattern, instead]) => `${path}: ${pattern} is banned, use ${instead}`),
    );
  assert.deepEqual(wrong, []);
});

test('node:http is not imported: it would load undici into every process', () => {
  const wrong = production.filter(({ text }) => /^import (?!type\b)[^;]*'node:http';/m.test(text));
  assert.deepEqual(
    wrong.map(({ path }) => path),
    [],
  );
});

test('nothing unwelcome is committed', () => {
  const all = globSync('{packages,apps,tools,conformance,bench,images,oracles}/**/*.ts', {
    cwd: root,
    exclude: ['**/node_modules/**'],
  }).filter((path) => path !== 'tools/layers.ts');
  const wrong = all.flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return unwelcome.filter(([pattern]) => pattern.test(text)).map(([, why]) => `${path}: ${why}`);
  });
  assert.deepEqual(wrong, []);
});

test('no file is dead', () => {
  const reached = new Set(sources.flatMap(relative));
  const entries = new Set(Object.keys(layers).flatMap((name) => Object.values(offersOf(name)).flat()));
  const isEntry = (path: string): boolean =>
    entries.has(path) || path.includes('/generated/') || path.endsWith('.worker.ts');
  assert.deepEqual(
    production.map((s) => s.path).filter((p) => !reached.has(p) && !isEntry(p)),
    [],
  );
});

test('no import cycle', () => {
  const graph = new Map(production.map((s) => [s.path, relative({ ...s, imports: valueImports(s) })]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (trail.includes(path) || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  assert.deepEqual(cycles, []);
});

test('the core bundles for a browser', async () => {
  const names = Object.keys(layers).filter((name) => (layers[name]?.ring ?? 5) <= 3);
  const entry = names.map((name) => `export * as ${name} from '@navarch/${name}';`).join('\n');
  const result = await build({
    stdin: { contents: entry, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    logLevel: 'silent',
  });
  assert.equal(result.errors.length, 0);
});

test('every package says what it offers: in one file of exports, or one for each of its rooms', () => {
  for (const name of Object.keys(layers)) {
    for (const [offer, files] of Object.entries(offersOf(name))) assert.ok(files.length > 0, `${name} ${offer}`);
  }
});

/** The files behind each name in the `exports` of a package. */
function offersOf(name: string): Readonly<Record<string, readonly string[]>> {
  const folder = join('packages', name);
  const { exports } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
    exports: Readonly<Record<string, string>>;
  };
  return Object.fromEntries(
    Object.entries(exports).map(([offer, file]) => [offer, globSync(join(folder, file), { cwd: root })]),
  );
}

function mayImport(source: Source, specifier: string): boolean {
  if (specifier.startsWith('.')) return true;
  const rule = layers[source.pkg];
  if (!rule) return false;
  if (specifier.startsWith('node:')) return rule.ring >= 4;
  if (specifier.startsWith('@navarch/')) return rule.may.includes(specifier.split('/')[1] ?? '');
  return rule.thirdParty?.some((name) => specifier === name || specifier.startsWith(`${name}/`)) ?? false;
}

/** Imports that exist at run time; types alone cannot make a cycle. */
function valueImports({ text }: Source): readonly string[] {
  return [...text.matchAll(/(?:^|[;}\n])\s*(?:import|export)\b(?!\s+type\b)([^;'"]*?)from\s*'(\.[^']+)'/g)]
    .filter((m) => !onlyTypes(m[1] ?? ''))
    .map((m) => m[2] ?? '');
}

function onlyTypes(clause: string): boolean {
  const names =
    /\{([^}]*)\}/
      .exec(clause)?.[1]
      ?.split(',')
      .map((n) => n.trim())
      .filter(Boolean) ?? [];
  return names.length > 0 && names.every((n) => n.startsWith('type '));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<![:'"`\\])\/\/.*$/gm, '');
}
