import type { Facts, KindRow } from './facts.ts';

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Names, verbs and subresources of every resource that a 1.37 server may serve, from kinds.tsv. */
export function generateResources(facts: Facts, header: string): ReadonlyMap<string, string> {
  const rows = facts.kinds.filter(
    (row) =>
      /^[a-z]/.test(row.plural) &&
      !row.stage.includes('not served') &&
      !row.stage.includes('?') &&
      (!row.stage.includes('add-on') || row.group === 'metrics.k8s.io'),
  );
  const typeNames = new Map<string, string>(
    [...facts.types].flatMap(([name, { gvk }]) => (gvk ? [[`${gvk[0]}/${gvk[1]}.${gvk[2]}`, name] as const] : [])),
  );
  const lines = rows.map(
    (row) =>
      `  ${JSON.stringify(keyOf(row))}: ${JSON.stringify({ ...resource(row), type: typeNames.get(keyOf(row)) })},`,
  );
  const head = `${header}import type { ResourceFacts } from '@navarch/machinery';\n\n/** By group/version.Kind; the core group is empty. */\nexport const resources = {\n`;
  return new Map([
    [
      'resources.ts',
      `${head}${lines.join('\n')}\n} as const satisfies Readonly<Record<string, ResourceFacts & { readonly stage: string; readonly type: string; readonly outdated?: { readonly since: string; readonly removed: string } }>>;\n`,
    ],
  ]);
}

const keyOf = (row: KindRow): string => `${row.group}/${row.version}.${row.kind}`;
const list = (text: string): readonly string[] => text.split(',').filter((word) => word !== '');

function resource(row: KindRow): Readonly<Record<string, unknown>> {
  return {
    group: row.group,
    version: row.version,
    kind: row.kind,
    plural: row.plural,
    singular: row.singular,
    listKind: row.listKind || `${row.kind}List`,
    shortNames: list(row.shortNames),
    categories: list(row.categories),
    namespaced: row.namespaced === 'true',
    verbs: list(row.verbs).filter((verb) => ALL_VERBS.includes(verb)),
    subresources: row.subresources
      .split(';')
      .filter(Boolean)
      .map((text) => subresource(text, row)),
    stage: row.stage,
    // A version that is on its way out; of a stable kind that is discouraged its own file says so.
    ...(row.stage !== 'GA' && row.deprecated ? { outdated: { since: row.deprecated, removed: row.removed } } : {}),
  };
}

/** `scale:autoscaling/v1:Scale:get,patch,update`; the middle part is left out when it is the resource's own group. */
function subresource(text: string, row: KindRow): Readonly<Record<string, unknown>> {
  const parts = text.replaceAll('?', '').split(':');
  const [name = '', groupVersion, kind = '', verbs = ''] =
    parts.length === 4 ? parts : [parts[0], undefined, parts[1], parts[2]];
  const [group, version] = groupVersion?.includes('/') ? groupVersion.split('/') : [row.group, row.version];
  return { name, group, version, kind, verbs: list(verbs) };
}
