import type { AnswerTemplate, RecordTemplate } from '../chain/answer-templates.ts';
import { isAddress } from '../wire/addresses.ts';
import { codeNumber, codes, typeNumber } from '../wire/codes.ts';
import { canonicalName } from '../wire/names.ts';
import type { Data } from '../wire/record.ts';
import { compiled, type Plugin, unknownOption } from './plugin.ts';
import { CorefileError, type Directive } from './read-blocks.ts';
import { zonesOf } from './zones.ts';

export const template: Plugin = {
  name: 'template',
  isRepeated: true,
  read(directive, { block, compile }) {
    const { args, line, body } = directive;
    const [of = '', type = '', ...zones] = args;
    if (!['IN', 'ANY'].includes(of.toUpperCase()))
      throw new CorefileError(line, `template: the class "${of}" is not served`);
    const number = type.toUpperCase() === 'ANY' ? undefined : typeNumber(type);
    if (number === undefined && type.toUpperCase() !== 'ANY')
      throw new CorefileError(line, `template: "${type}" is no type of records`);
    const own = zones.length > 0 ? zones.flatMap((zone) => zonesOf(zone, line)) : block.zones;
    const matches: AnswerTemplate['matches'][number][] = [];
    const sections = {
      answer: [] as RecordTemplate[],
      additional: [] as RecordTemplate[],
      authority: [] as RecordTemplate[],
    };
    let code: number = codes.NOERROR;
    let fallthrough: readonly string[] = [];
    const patterns: string[] = [];
    for (const option of body) if (option.name === 'match') patterns.push(...option.args);
    for (const option of body) {
      switch (option.name) {
        case 'match':
          matches.push(...option.args.map((pattern) => compiled(pattern, option, compile)));
          break;
        case 'answer':
        case 'additional':
        case 'authority':
          sections[option.name].push(recordTemplate(option, groupNames(patterns[0] ?? '')));
          break;
        case 'rcode': {
          const wanted = codeNumber(option.args[0] ?? '');
          if (wanted === undefined)
            throw new CorefileError(option.line, `template: "${option.args[0]}" is no code of an answer`);
          code = wanted;
          break;
        }
        case 'fallthrough':
          fallthrough = option.args.length > 0 ? option.args.flatMap((zone) => zonesOf(zone, option.line)) : own;
          break;
        default:
          unknownOption(directive, option);
      }
    }
    if (patterns.length > 1 && /\.Group/.test(JSON.stringify(body)))
      throw new CorefileError(line, 'template: named groups of several patterns are not supported');
    const made: AnswerTemplate = {
      zones: own,
      type: number,
      matches,
      code,
      isAuthoritative: true,
      sections,
      fallthrough,
    };
    return { templates: [...block.templates, made] };
  },
};

/** Names of a pattern's groups, by number. */
function groupNames(pattern: string): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  let number = 0;
  for (const [whole, name] of pattern.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]|\((?!\?)|\(\?P?<(\w+)>/gs)) {
    if (!whole.startsWith('(')) continue;
    number += 1;
    if (name !== undefined) names.set(name, number);
  }
  return names;
}

/** `{{ .Name }} 60 IN A 192.0.2.1`, with what stands for the question, its groups and nothing else of Go's templates. */
function recordTemplate({ args, line }: Directive, names: ReadonlyMap<string, number>): RecordTemplate {
  const text = args.join(' ');
  const parts = text.split(/\{\{\s*(.*?)\s*\}\}/);
  const fills = parts.map((part, i) => (i % 2 === 0 ? part : placeholder(part, names, line)));
  const fill = (question: Parameters<RecordTemplate>[0]): string =>
    fills.map((part) => (typeof part === 'string' ? part : part(question))).join('');
  const hasNoPlaces = parts.length === 1;
  if (hasNoPlaces && !recordOf(text))
    throw new CorefileError(line, `template: "${text}" is no record that is supported`);
  return (question) => recordOf(fill(question));
}

type Fill = (question: Parameters<RecordTemplate>[0]) => string;

function placeholder(text: string, names: ReadonlyMap<string, number>, line: number): Fill {
  if (text === '.Name') return ({ name }) => `${name}.`;
  const [, index] = /^index \.Match (\d+)$/.exec(text) ?? [];
  if (index !== undefined) return ({ groups }) => groups[Number(index)] ?? '';
  const [, group] = /^\.Group\.(\w+)$/.exec(text) ?? [];
  const number = group === undefined ? undefined : names.get(group);
  if (number !== undefined) return ({ groups }) => groups[number] ?? '';
  throw new CorefileError(line, `template: {{ ${text} }} is not supported`);
}

/** A record as people write it; undefined where it is none, or of a type that is not understood. */
function recordOf(text: string): ReturnType<RecordTemplate> {
  const [, owner = '', ttl, type = '', rest = ''] =
    /^(\S+)\s+(?:(\d+)\s+)?(?:IN\s+)?([A-Za-z]+)\s+(.*)$/.exec(text.trim()) ?? [];
  const name = canonicalName(owner);
  const data = dataOf(type.toUpperCase(), rest.trim());
  return name === undefined || !data ? undefined : { name, ttl: Number(ttl ?? 3600), data };
}

function dataOf(type: string, rest: string): Data | undefined {
  const [first = '', ...more] = rest.split(/\s+/);
  const target = canonicalName(more.at(-1) ?? first);
  switch (type) {
    case 'A':
    case 'AAAA':
      return isAddress(first) && first.includes(':') === (type === 'AAAA') ? { type, address: first } : undefined;
    case 'CNAME':
    case 'PTR':
    case 'NS':
      return target === undefined || more.length > 0 ? undefined : { type, target };
    case 'MX':
      return target === undefined || more.length !== 1 ? undefined : { type, preference: Number(first), target };
    case 'SRV': {
      const [weight, port] = more;
      return target === undefined || more.length !== 3
        ? undefined
        : { type, priority: Number(first), weight: Number(weight), port: Number(port), target };
    }
    case 'TXT':
      return { type, texts: [...rest.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '') };
    case 'SOA': {
      const [mail = '', ...numbers] = more;
      const [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0] = numbers.map(Number);
      return numbers.length !== 5
        ? undefined
        : {
            type,
            server: canonicalName(first) ?? '',
            mail: canonicalName(mail) ?? '',
            serial,
            refresh,
            retry,
            expire,
            minimum,
          };
    }
    default:
      return undefined;
  }
}
