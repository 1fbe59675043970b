import { jsonPatch, mergePatch } from '@navarch/machinery';
import { parse, stringify, type TomlTable } from 'smol-toml';
import { parseYaml } from '../yaml/index.ts';

/** Changes to a configuration: TOML to merge into it (RFC 7386 on its tables), then JSON patches (RFC 6902) as text. */
export interface ConfigPatches {
  readonly merges: readonly string[];
  readonly json6902: readonly string[];
}

const CRI = 'io.containerd.grpc.v1.cri';
/** Where the second half of what CRI's plugin had in one table is from containerd 2 on. */
const IMAGES_OF_2 = 'io.containerd.cri.v1.images';

/** The configuration after the patches. Throws with the number of the patch that cannot be applied. */
export function patchToml(config: string, { merges, json6902 }: ConfigPatches): string {
  if (merges.length + json6902.length === 0) return config;
  let value: unknown = parse(config);
  for (const [i, patch] of merges.entries())
    value = telling(`patch ${i + 1} of containerd's configuration`, () => merged(value, parse(patch)));
  for (const [i, patch] of json6902.entries())
    value = telling(`JSON patch ${i + 1} of containerd's configuration`, () => jsonPatch(value, parseYaml(patch)));
  return stringify(value);
}

function merged(value: unknown, patch: TomlTable): unknown {
  const registry = tableIn(tableIn(tableIn(patch, 'plugins'), IMAGES_OF_2), 'registry');
  const moved = registry ? mergePatch(patch, { plugins: { [CRI]: { registry } } }) : patch;
  const result = mergePatch(value, moved);
  const wanted = tableIn(tableIn(tableIn(moved, 'plugins'), CRI), 'registry') ?? {};
  // A folder of registries and registries in the file itself exclude each other: the whole plugin would not start.
  const isInline = (wanted['mirrors'] ?? wanted['configs']) !== undefined && wanted['config_path'] === undefined;
  return isInline ? mergePatch(result, { plugins: { [CRI]: { registry: { config_path: null } } } }) : result;
}

function tableIn(value: unknown, name: string): Readonly<Record<string, unknown>> | undefined {
  const found = (value as Readonly<Record<string, unknown>> | undefined)?.[name];
  return typeof found === 'object' && found !== null && !Array.isArray(found)
    ? (found as Readonly<Record<string, unknown>>)
    : undefined;
}

function telling<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${what} cannot be applied: ${(error as Error).message.split('\n')[0]}`, { cause: error });
  }
}
