import { jsonPatch, mergePatch } from '@navarch/machinery';
import { parseYaml } from '@navarch/node/yaml';
import { UserError } from '../user-error.ts';
import { isRecord } from './fields.ts';
import type { KindCluster, KindNode, KindPatch } from './kind-cluster.ts';

type Document = Readonly<Record<string, unknown>>;

/** The documents that kind hands to kubeadm: patches are written against them. */
const KINDS = [
  'ClusterConfiguration',
  'InitConfiguration',
  'JoinConfiguration',
  'KubeletConfiguration',
  'KubeProxyConfiguration',
] as const;
type KubeadmKind = (typeof KINDS)[number];
export type KubeadmDocuments = Readonly<Record<KubeadmKind, Document>>;

export interface Patches {
  readonly merges: readonly Place<string>[];
  readonly json6902: readonly Place<KindPatch>[];
}

interface Place<T> {
  readonly path: string;
  readonly patch: T;
}

/** Of the whole cluster first, then of the node, as kind does it. */
export function patchesOf(cluster: KindCluster, node?: KindNode, index = 0): Patches {
  const of = <T>(patches: readonly T[] | undefined, path: string): readonly Place<T>[] =>
    (patches ?? []).map((patch, i) => ({ path: `${path}[${i}]`, patch }));
  const at = `nodes[${index}]`;
  return {
    merges: [
      ...of(cluster.kubeadmConfigPatches, 'kubeadmConfigPatches'),
      ...of(node?.kubeadmConfigPatches, `${at}.kubeadmConfigPatches`),
    ],
    json6902: [
      ...of(cluster.kubeadmConfigPatchesJSON6902, 'kubeadmConfigPatchesJSON6902'),
      ...of(node?.kubeadmConfigPatchesJSON6902, `${at}.kubeadmConfigPatchesJSON6902`),
    ],
  };
}

/** The documents after all patches. Throws UserError that names the patch which does not apply. */
export function patched(first: KubeadmDocuments, { merges, json6902 }: Patches): KubeadmDocuments {
  const documents: Record<KubeadmKind, Document> = { ...first };
  for (const { path, patch } of merges)
    for (const part of documentsIn(path, patch)) {
      const kind = kindOf(path, part['kind']);
      documents[kind] = mergePatch(documents[kind], withMaps(part)) as Document;
    }
  for (const { path, patch } of json6902) {
    const kind = kindOf(`${path}.kind`, patch.kind);
    documents[kind] = withMaps(applied(path, documents[kind], patch.patch ?? ''));
  }
  return documents;
}

function applied(path: string, document: Document, patch: string): Document {
  try {
    const result = jsonPatch(document, parseYaml(patch));
    if (isRecord(result)) return result;
  } catch (error) {
    throw new UserError(`${path} does not apply: ${(error as Error).message.split('\n')[0]}`, { cause: error });
  }
  throw new UserError(`${path} leaves no mapping`);
}

/** One text may hold several documents. */
function documentsIn(path: string, content: string): readonly Document[] {
  try {
    const values = content
      .split(/^---\s*$/m)
      .map((part) => parseYaml(part))
      .filter((value) => value !== null && value !== undefined);
    if (values.every(isRecord)) return values;
  } catch (error) {
    throw new UserError(`${path} is no YAML: ${(error as Error).message.split('\n')[0]}`, { cause: error });
  }
  throw new UserError(`${path} is no mapping`);
}

function kindOf(path: string, kind: unknown): KubeadmKind {
  const found = KINDS.find((one) => one === kind);
  if (found) return found;
  throw new UserError(`${path} is of kind ${String(kind)}; those that can be patched: ${KINDS.join(', ')}`);
}

/** Arguments are a mapping up to v1beta3 of kubeadm's documents, a list of name and value from v1beta4 on. */
function withMaps(value: Document): Document {
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      if (/^(kubeletExtraArgs|extraArgs)$/.test(name) && Array.isArray(inner)) return [name, mapOfArguments(inner)];
      return [name, isRecord(inner) ? withMaps(inner) : inner];
    }),
  );
}

const mapOfArguments = (items: readonly unknown[]): Document =>
  Object.fromEntries(items.filter(isRecord).map(({ name, value }) => [String(name), value]));
