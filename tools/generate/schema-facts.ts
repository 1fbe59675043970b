import { corrected } from './corrections.ts';
import { type Facts, moduleOf, type TypeFact } from './facts.ts';
import { switchableGates } from './gates.ts';

/**
 * The runtime half of the facts: per type its fields as compact tuples, one module per group and version.
 * `machinery/engine/schemas.ts` reads them; the shape is declared there as `TypeFacts`.
 */
export function generateSchemaFacts(facts: Facts, header: string): ReadonlyMap<string, string> {
  const served = [...facts.types].filter(([, type]) => type.served !== false);
  const files = new Map<string, string>();
  const modules = Map.groupBy(served, ([name]) => moduleOf(name));
  for (const [module, types] of modules) {
    const rows = types.map(([name, type]) => `  ${JSON.stringify(name)}: ${JSON.stringify(typeFacts(name, type))},`);
    const head = `${header}import type { TypeFacts } from '@navarch/machinery';\n\nexport const ${constantOf(module)}: Readonly<Record<string, TypeFacts>> = {\n`;
    files.set(`${module}.ts`, `${head}${rows.join('\n')}\n};\n`);
  }
  const imports = [...modules.keys()].map((module) => `import { ${constantOf(module)} } from './${module}.ts';`);
  const list = [...modules.keys()].map(constantOf).join(', ');
  files.set(
    'index.ts',
    `${header}${imports.join('\n')}\n\n/** Every type reachable from a served kind, by OpenAPI name. */\nexport const typeFacts = Object.assign({}, ${list});\n`,
  );
  return files;
}

const constantOf = (module: string): string =>
  module
    .replaceAll('_', '-')
    .split('-')
    .map((w, i) => (i === 0 ? w : (w[0] ?? '').toUpperCase() + w.slice(1)))
    .join('');

function typeFacts(name: string, type: TypeFact): Readonly<Record<string, unknown>> {
  const fields = type.fields.map((field) => fieldFacts(corrected(name, field, switchableGates)));
  return compact({
    gvk: type.gvk,
    proto: type.proto,
    alias: type.alias,
    json: type.json,
    structType: type.structType,
    union: type.union,
    inline: type.inline
      ?.filter((i) => i.num !== undefined)
      .map((i) => compact({ name: i.name, type: i.type, num: i.num })),
    fields,
  });
}

function fieldFacts(field: ReturnType<typeof corrected>): Readonly<Record<string, unknown>> {
  return compact({
    name: field.name,
    type: field.type,
    num: field.num,
    protoName: field.protoName,
    wire: field.wire,
    via: field.via,
    req: field.req,
    omit: field.omit,
    ptr: field.ptr,
    default: field.default,
    enum: field.enum,
    format: field.format,
    listType: field.listType,
    listMapKeys: field.listMapKeys,
    mapType: field.mapType,
    structType: field.structType,
    patchStrategy: field.patchStrategy,
    patchMergeKey: field.patchMergeKey,
    unionDiscriminator: field.unionDiscriminator,
    gate: field.gate,
    gateTakes: field.gateTakes,
  });
}

const compact = (record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(record).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0 && value !== undefined),
    ),
  );
