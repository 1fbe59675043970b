import { byPattern, type AnswerChange, type NameMatch, type Rewrite } from '../chain/rewrite.ts';
import { typeNumber } from '../wire/codes.ts';
import { canonicalName } from '../wire/names.ts';
import { compiled, type Plugin, type PluginContext } from './plugin.ts';
import { CorefileError, type Directive } from './read-blocks.ts';

const KINDS = ['exact', 'prefix', 'suffix', 'substring', 'regex'] as const;
type MatchKind = (typeof KINDS)[number];
const TTL_MAX = 0x7fffffff;

export const rewrite: Plugin = {
  name: 'rewrite',
  isRepeated: true,
  read(directive, context) {
    const { args, body } = directive;
    const hasFlow = args[0] === 'continue' || args[0] === 'stop';
    const goesOn = args[0] === 'continue';
    const words = hasFlow ? args.slice(1) : args;
    // In braces the answer's part is on lines of its own.
    const [first, ...more] = body;
    const whole = first ? [first.name, ...first.args, ...more.flatMap(({ name, args: of }) => [name, ...of])] : words;
    const change = changeOf(whole, directive, context);
    return { rewrites: [...context.block.rewrites, { goesOn, change }] };
  },
};

function changeOf(words: readonly string[], directive: Directive, { compile }: PluginContext): Rewrite['change'] {
  const { line } = directive;
  const [field, ...rest] = words;
  if (field === 'type') {
    const [from, to] = rest.map((name) => typeNumber(name));
    if (from === undefined || to === undefined || rest.length !== 2)
      throw new CorefileError(line, 'rewrite type takes two types of records');
    return { field, from, to };
  }
  if (field !== 'name' && field !== 'ttl')
    throw new CorefileError(line, `rewrite: the field "${field ?? ''}" is not supported`);
  const isKind = KINDS.includes(rest[0] as MatchKind);
  const kind = isKind ? (rest[0] as MatchKind) : 'exact';
  const [from = '', to = '', ...options] = isKind ? rest.slice(1) : rest;
  if (from === '' || to === '') throw new CorefileError(line, `rewrite ${field} takes from what and to what`);
  const matching = (pattern: string): ReturnType<typeof compile> => compiled(pattern, directive, compile);
  if (field === 'ttl') {
    const match = nameMatch(kind, from, '', matching);
    const [, low, dash, high] = /^(\d*)(-?)(\d*)$/.exec(to) ?? [];
    if (low === undefined || to === '-') throw new CorefileError(line, `rewrite: "${to}" is no time to live`);
    const min = low === '' ? 0 : Number(low);
    return {
      field,
      applies: (name) => match(name) !== undefined,
      min,
      max: dash === '' ? min : high === '' || high === undefined ? TTL_MAX : Number(high),
    };
  }
  const answers = answersOf(options, directive, matching);
  const back: AnswerChange = {
    kind: 'auto',
    ...(kind === 'suffix' || kind === 'prefix' ? { back: nameMatch(kind, to, from, matching) } : {}),
  };
  return {
    field,
    match: nameMatch(kind, from, to, matching),
    answers: [
      ...(kind === 'exact' && !answers.includes('auto') ? [back] : []),
      ...answers.map((one) => (one === 'auto' ? back : one)),
    ],
  };
}

function nameMatch(
  kind: MatchKind,
  from: string,
  to: string,
  compile: (pattern: string) => (text: string) => readonly string[] | undefined,
): NameMatch {
  // Names are matched with their last dot, as people write it or not.
  const lower = from.toLowerCase();
  switch (kind) {
    case 'exact': {
      const name = canonicalName(lower);
      return (asked) => (asked === name ? to : undefined);
    }
    case 'prefix':
      return (asked) => (asked.startsWith(lower) ? to + asked.slice(lower.length) : undefined);
    case 'suffix': {
      const end = withDot(lower);
      return (asked) => (`${asked}.`.endsWith(end) ? `${asked}.`.slice(0, -end.length) + withDot(to) : undefined);
    }
    case 'substring':
      return (asked) => (`${asked}.`.includes(lower) ? `${asked}.`.replaceAll(lower, to) : undefined);
    case 'regex':
      return byPattern(compile(from), to);
  }
}

const withDot = (name: string): string => (name.endsWith('.') ? name : `${name}.`);

/** `answer auto`, `answer name FROM TO`, `value FROM TO`; the word `answer` may be left out from the second on. */
function answersOf(
  options: readonly string[],
  { line }: Directive,
  compile: (pattern: string) => (text: string) => readonly string[] | undefined,
): readonly ('auto' | AnswerChange)[] {
  const answers: ('auto' | AnswerChange)[] = [];
  if (options.length > 0 && options[0] !== 'answer')
    throw new CorefileError(line, `rewrite: "${options[0]}" is not supported`);
  const words = options.filter(
    (word, i) => word !== 'answer' || (i > 0 && ['name', 'value'].includes(options[i - 1] ?? '')),
  );
  for (let at = 0; at < words.length;) {
    const kind = words[at];
    if (kind === 'auto' || (kind === 'name' && words[at + 1] === 'auto')) {
      answers.push('auto');
      at += kind === 'auto' ? 1 : 2;
      continue;
    }
    const [from, to] = words.slice(at + 1, at + 3);
    if ((kind !== 'name' && kind !== 'value') || from === undefined || to === undefined)
      throw new CorefileError(line, 'rewrite: an answer is auto, or name or value with from what and to what');
    answers.push({ kind, change: byPattern(compile(from), to) });
    at += 3;
  }
  return answers;
}
