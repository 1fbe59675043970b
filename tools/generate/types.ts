import { type Facts, type FieldFact, moduleOf, shortName, type TypeFact } from './facts.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
/** Written by hand in machinery, since rings below the API need them. */
const inMachinery = new Map(
  ['ObjectMeta', 'OwnerReference', 'ManagedFieldsEntry', 'LabelSelector', 'LabelSelectorRequirement', 'ListMeta'].map(
    (name) => [META + name, name],
  ),
);
const primitives: Readonly<Record<string, string>> = {
  string: 'string',
  bool: 'boolean',
  int32: 'number',
  int64: 'number | bigint',
  uint64: 'number',
  double: 'number',
  uint8: 'number',
  bytes: 'string',
  any: 'unknown',
  Time: 'string',
  MicroTime: 'string',
  Duration: 'string',
  Quantity: 'string',
  IntOrString: 'number | string',
  FieldsV1: 'Readonly<Record<string, unknown>>',
  RawExtension: 'unknown',
};

/** TypeScript interfaces of the API types as the server holds them, one module per group and version. */
export function generateTypes(facts: Facts, header: string): ReadonlyMap<string, string> {
  const modules = Map.groupBy(
    [...facts.types].filter(([name, type]) => type.served !== false && !inMachinery.has(name)),
    ([name]) => moduleOf(name),
  );
  const files = new Map<string, string>();
  for (const [module, types] of modules) {
    const used = new Set<string>();
    const body = types.map(([name, type]) => declaration(name, type, (t) => used.add(t), facts)).join('\n');
    files.set(`${module}.ts`, `${header}${imports(module, used)}\n${body}`);
  }
  return files;
}

function imports(module: string, used: ReadonlySet<string>): string {
  const fromMachinery = [...used]
    .filter((t) => t === 'ApiObject' || inMachinery.has(t))
    .map((t) => inMachinery.get(t) ?? t);
  const others = Map.groupBy(
    [...used].filter((t) => t !== 'ApiObject' && !inMachinery.has(t) && moduleOf(t) !== module),
    moduleOf,
  );
  const lines =
    fromMachinery.length > 0 ? [`import type { ${fromMachinery.sort().join(', ')} } from '@navarch/machinery';`] : [];
  for (const [other, names] of [...others].sort()) {
    lines.push(
      `import type { ${names
        .map((n) => aliased(n, module))
        .sort()
        .join(', ')} } from './${other}.ts';`,
    );
  }
  return lines.length > 0 ? `${lines.join('\n')}\n` : '';
}

/** Two modules may both have, say, a `Condition`; an import is renamed when the importing module could declare its own. */
const aliased = (typeName: string, _module: string): string => `${shortName(typeName)} as ${reference(typeName)}`;
const reference = (typeName: string): string =>
  `${moduleOf(typeName)
    .split('-')
    .map((w) => w[0]?.toUpperCase() + w.slice(1))
    .join('')}${shortName(typeName)}`;

function declaration(name: string, type: TypeFact, use: (type: string) => void, facts: Facts): string {
  const here = moduleOf(name);
  const text = (t: string): string => typeText(t, here, use, facts);
  if (type.alias) return `export type ${shortName(name)} = ${text(type.alias)};\n`;
  if (type.json) return `export type ${shortName(name)} = ${jsonText(type, text)};\n`;
  const isKind =
    type.fields.some((f) => f.name === 'metadata' && f.type === `${META}ObjectMeta`) && type.gvk !== undefined;
  const typeMeta = type.fields.some((f) => f.via === 'typeMeta');
  const fields = type.fields.filter((f) => f.via !== 'typeMeta' && !(isKind && f.name === 'metadata'));
  const lines = fields.map((f) => `  ${fieldText(f, text, facts)}`);
  if (isKind) {
    use('ApiObject');
    const [group, version, kind] = type.gvk ?? ['', '', ''];
    const head = `  readonly apiVersion: '${group ? `${group}/` : ''}${version}';\n  readonly kind: '${kind}';`;
    return `export interface ${shortName(name)} extends ApiObject {\n${[head, ...lines].join('\n')}\n}\n`;
  }
  const head = typeMeta ? ['  readonly apiVersion?: string;', '  readonly kind?: string;'] : [];
  return `export interface ${shortName(name)} {\n${[...head, ...lines].join('\n')}\n}\n`;
}

function fieldText(field: FieldFact, text: (t: string) => string, facts: Facts): string {
  const isList = field.type.startsWith('[]') || field.type.startsWith('map[');
  const always = isAlwaysThere(field, facts);
  const nullable =
    !field.req && !field.omit && (isList || field.ptr === true || field.type === 'Time' || field.type === 'MicroTime');
  const values = field.enum?.map((v) => `'${v}'`).join(' | ');
  const value =
    values === undefined ? text(field.type) : field.type.startsWith('[]') ? `readonly (${values})[]` : values;
  const name = /^[A-Za-z_$][\w$]*$/.test(field.name) ? field.name : `'${field.name}'`;
  return `readonly ${name}${always ? '' : '?'}: ${value}${nullable ? ' | null' : ''};`;
}

/** Go prints a field without `omitempty`, and a struct that is not a pointer, whatever is in it. */
function isAlwaysThere(field: FieldFact, facts: Facts): boolean {
  if (field.req && !field.ptr) return true;
  if (!field.omit) return true;
  const type = facts.types.get(field.type);
  const isStruct = type !== undefined && !type.alias && !type.json;
  return isStruct && !field.ptr && !field.omit.includes('omitzero');
}

function typeText(type: string, here: string, use: (type: string) => void, facts: Facts): string {
  if (type.startsWith('[]')) return `readonly ${parenthesised(typeText(type.slice(2), here, use, facts))}[]`;
  const map = /^map\[string\](.*)$/.exec(type);
  if (map) return `Readonly<Record<string, ${typeText(map[1] ?? '', here, use, facts)}>>`;
  const primitive = primitives[type];
  if (primitive) return primitive;
  if (!facts.types.has(type)) throw new Error(`unknown type ${type}`);
  use(type);
  const machinery = inMachinery.get(type);
  return machinery ?? (moduleOf(type) === here ? shortName(type) : reference(type));
}

const parenthesised = (text: string): string =>
  /[ |]/.test(text) && !text.startsWith('Readonly<') ? `(${text})` : text;

/** The four types of the CRD schema that are one of two shapes on the wire. */
function jsonText(type: TypeFact, text: (t: string) => string): string {
  const shapes: Readonly<Record<string, () => string>> = {
    'any value raw': () => 'unknown',
    'schema object | array of schema objects': () => `${schemaType(type, text)} | readonly ${schemaType(type, text)}[]`,
    'bool | schema object': () => `boolean | ${schemaType(type, text)}`,
    'schema object | array of string': () => `${schemaType(type, text)} | readonly string[]`,
  };
  const shape = shapes[type.json ?? ''];
  if (!shape) throw new Error(`unknown JSON shape ${type.json}`);
  return shape();
}
const schemaType = (type: TypeFact, text: (t: string) => string): string =>
  text(type.fields.map((f) => f.type.replace(/^\[\]/, '')).find((t) => t.endsWith('.JSONSchemaProps')) ?? '');
