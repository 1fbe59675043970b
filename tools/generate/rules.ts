import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Facts, moduleOf, shortName } from './facts.ts';

/** What the comments of a struct's fields say: `optional`, `beta:maxItems=32`, by the field's name in JSON. */
type TypeRules = Map<string, readonly string[]>;

const PREFIX = 'io.k8s.api.';
/** Of these, upstream makes nothing that a request is told. */
const SILENT =
  /^(?:prerelease-lifecycle-gen|deepcopy-gen|openapi-gen|conversion-gen|validation-gen|supportsSubresource|isSubresource|deprecated)/;

/**
 * The rules that upstream declares beside the fields of its types (KEP-5073): per type and field, in the order in which
 * they are checked. `source` is the folder of the Go module k8s.io/api.
 */
export function generateRules(facts: Facts, source: string, header: string): ReadonlyMap<string, string> {
  const served = [...facts.types]
    .filter(([name, type]) => type.served !== false && name.startsWith(PREFIX))
    .map(([name]) => name);
  const folders = new Set(served.map((name) => folderOf(name)));
  const modules = new Map(
    [...folders].map((folder) => {
      const constants = facts.tsv('consts.tsv').filter((row) => row['package'] === folder);
      const valuesOf = (type: string): readonly string[] =>
        constants
          .filter((row) => row['type'] === type || (!row['type'] && row['name']?.startsWith(type)))
          .map((row) => row['value'] ?? '')
          .toSorted();
      return [folder, parse(readFileSync(join(source, folder, 'types.go'), 'utf8'), valuesOf)] as const;
    }),
  );
  const rows = served.flatMap((name) => {
    const rules = modules.get(folderOf(name))?.get(shortName(name));
    return rules?.size ? [`  ${JSON.stringify(name)}: ${JSON.stringify(Object.fromEntries(rules))},`] : [];
  });
  const head = `${header}import type { RuleFacts } from '@navarch/machinery';\n\n/** By type and field; said in packages/machinery/src/rules/rule.ts. */\nexport const ruleFacts: RuleFacts = {\n`;
  return new Map([['rules.ts', `${head}${rows.join('\n')}\n};\n`]]);
}

const folderOf = (name: string): string => moduleOf(name).replace('-', '/');

/** One file of Go types. */
function parse(text: string, valuesOf: (type: string) => readonly string[]): ReadonlyMap<string, TypeRules> {
  const types = new Map<string, TypeRules>();
  const words = enumerations(text, valuesOf);
  let comments: string[] = [];
  let fields: TypeRules | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const struct = /^type (\w+) struct \{$/.exec(line);
    if (line.startsWith('//')) comments.push(line);
    else if (struct?.[1]) types.set(struct[1], (fields = new Map()));
    else if (line === '}') fields = undefined;
    else if (fields) addField(fields, line, comments, words);
    if (!line.startsWith('//')) comments = [];
  }
  return types;
}

function addField(
  fields: TypeRules,
  line: string,
  comments: readonly string[],
  words: ReadonlyMap<string, string>,
): void {
  const [, type = '', name] = /^(?:\w+\s+)?(\S+)\s+`json:"([^,"]+)/.exec(line) ?? [];
  if (!name) return;
  const word = words.get(type.replace(/^[*[\]]+/, ''));
  const rules = [...rulesIn(comments), ...(word ? [word] : [])];
  if (rules.length > 0) fields.set(name, rules);
}

/** Those of one field, in the order of upstream's code: by name, those of a stage together as they are written. */
function rulesIn(comments: readonly string[]): readonly string[] {
  const found = comments.flatMap((line) => {
    const [, rule] = /^\/\/ \+k8s:(.*?)(?:\s+#.*)?$/.exec(line) ?? [];
    return rule === undefined || SILENT.test(rule) ? [] : [rule];
  });
  const nameOf = (rule: string): string => /^\w+/.exec(rule)?.[0] ?? '';
  return found.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0)).map(plain);
}

/** `beta(since: "1.37")=+k8s:maxItems=32` as `beta:maxItems=32`. */
const plain = (rule: string): string =>
  rule
    .replace(/^(alpha|beta)\(since: "[\d.]+"\)=/, '$1:')
    .replaceAll('+k8s:', '')
    .replaceAll('"', '');

/** Types of strings that have a fixed set of values: the rule for each. */
const enumerations = (text: string, valuesOf: (type: string) => readonly string[]): ReadonlyMap<string, string> =>
  new Map(
    [
      ...text.matchAll(/\/\/ \+k8s:(?:(alpha|beta)\(since: "[\d.]+"\)=\+k8s:)?enum\n(?:\/\/.*\n)*type (\w+) string/g),
    ].map(([, stage, type = '']) => [type, `${stage ? `${stage}:` : ''}enum=${valuesOf(type).join('|')}`]),
  );
