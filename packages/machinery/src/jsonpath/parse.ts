/** The template or path is none, or has nothing to find. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError';
}

type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=';

export type Step =
  | { readonly type: 'root' | 'all' | 'descend' }
  /** `mayMiss`: after `..` every object is asked, and most do not have the field. */
  | { readonly type: 'field'; readonly name: string; readonly mayMiss?: boolean }
  | {
      readonly type: 'slice';
      readonly start: number | undefined;
      readonly end: number | undefined;
      readonly step: number;
      readonly isIndex: boolean;
    }
  | { readonly type: 'union'; readonly paths: readonly (readonly Step[])[] }
  | {
      readonly type: 'filter';
      readonly left: readonly Step[];
      readonly operator?: Operator;
      readonly right?: readonly Step[];
    }
  | { readonly type: 'literal'; readonly value: string | number | boolean };

export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'path'; readonly steps: readonly Step[] }
  | { readonly type: 'range'; readonly steps: readonly Step[]; readonly body: readonly Part[] };

interface Open {
  readonly steps: readonly Step[];
  readonly parts: Part[];
}

export function parseTemplate(template: string): readonly Part[] {
  const open: Open[] = [{ steps: [], parts: [] }];
  let at = 0;
  while (at < template.length) {
    const inner = open.at(-1) as Open;
    const brace = template.indexOf('{', at);
    if (brace !== at) inner.parts.push({ type: 'text', text: template.slice(at, brace < 0 ? template.length : brace) });
    if (brace < 0) break;
    const close = closing(template, brace, '{', '}');
    if (close < 0) throw new JsonPathError('unclosed action');
    block(template.slice(brace + 1, close).trim(), open);
    at = close + 1;
  }
  if (open.length > 1) throw new JsonPathError('unexpected end of range');
  return (open[0] as Open).parts;
}

function block(text: string, open: Open[]): void {
  const inner = open.at(-1) as Open;
  if (text === 'end') {
    const outer = open.at(-2);
    if (!outer) throw new JsonPathError('not in range, nothing to end');
    open.pop();
    outer.parts.push({ type: 'range', steps: inner.steps, body: inner.parts });
  } else if (/^range\s/.test(text)) open.push({ steps: parsePath(text.slice(6).trim()), parts: [] });
  else
    inner.parts.push(
      /^["']/.test(text) ? { type: 'text', text: unquoted(text) } : { type: 'path', steps: parsePath(text) },
    );
}

/** The place of the bracket that closes the one at `from`, quotes skipped; -1 when there is none. */
function closing(text: string, from: number, left: string, right: string): number {
  let depth = 0;
  let quote = '';
  for (let i = from; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '\\') i += 1;
    else if (quote) quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === left) depth += 1;
    else if (char === right && --depth === 0) return i;
  }
  return -1;
}

function unquoted(text: string): string {
  const quote = text[0];
  if (text.length < 2 || text.at(-1) !== quote) throw new JsonPathError('unterminated quoted string');
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return text.slice(1, -1).replace(/\\(.)/gs, (_, char: string) => escapes[char] ?? char);
}

const FIELD = /(?:\\.|[^.[\]\\(){}\s])+/y;

/** `.a.b[0]['c']..d[?(@.x=="y")]`, with or without `$` or `@` in front. */
export function parsePath(text: string): readonly Step[] {
  const steps: Step[] = [];
  let at = 0;
  if (text[0] === '$') steps.push({ type: 'root' });
  if (text[0] === '$' || text[0] === '@') at = 1;
  while (at < text.length) {
    if (text[at] === '[') {
      const close = closing(text, at, '[', ']');
      if (close < 0) throw new JsonPathError('unterminated array');
      steps.push(subscript(text.slice(at + 1, close).trim()));
      at = close + 1;
      continue;
    }
    if (text.startsWith('..', at)) {
      steps.push({ type: 'descend' });
      if (text.startsWith('..', at + 2)) throw new JsonPathError('invalid multiple recursive descent');
      at += text[at + 2] === '[' || text[at + 2] === '.' ? 2 : 1;
      continue;
    }
    if (text[at] === '.') at += 1;
    FIELD.lastIndex = at;
    const name = FIELD.exec(text)?.[0];
    if (name === undefined) {
      if (at === text.length || text[at] === '[') continue;
      throw new JsonPathError(`unrecognized character in action: ${JSON.stringify(text[at])}`);
    }
    steps.push(name === '*' ? { type: 'all' } : { type: 'field', name: name.replace(/\\(.)/g, '$1') });
    at += name.length;
  }
  return steps.map((step, i) =>
    step.type === 'field' && steps[i - 1]?.type === 'descend' ? { ...step, mayMiss: true } : step,
  );
}

function subscript(text: string): Step {
  if (text === '*') return { type: 'slice', start: undefined, end: undefined, step: 1, isIndex: false };
  if (text === '') return { type: 'slice', start: 0, end: undefined, step: 1, isIndex: true };
  if (text.startsWith('?(') && text.endsWith(')')) return filter(text.slice(2, -1).trim());
  const parts = splitOutsideQuotes(text);
  if (parts.length > 1) return { type: 'union', paths: parts.map((part) => [subscript(part.trim())]) };
  // What is quoted is a path again, whose dots count unless they are escaped: `['a.b']` is `.a.b`.
  if (/^["']/.test(text)) return quotedPath(text);
  if (/^-?\d+$/.test(text)) return { type: 'slice', start: Number(text), end: undefined, step: 1, isIndex: true };
  const slice = /^(-?\d+)?:(-?\d+)?(?::(\d+))?$/.exec(text);
  if (!slice) throw new JsonPathError(`invalid array index ${text}`);
  const number = (part: string | undefined): number | undefined => (part === undefined ? undefined : Number(part));
  return {
    type: 'slice',
    start: number(slice[1]),
    end: number(slice[2]),
    step: Math.max(number(slice[3]) ?? 1, 1),
    isIndex: false,
  };
}

function quotedPath(text: string): Step {
  if (text.length < 2 || text.at(-1) !== text[0]) throw new JsonPathError('unterminated quoted string');
  return { type: 'union', paths: [parsePath(`.${text.slice(1, -1)}`)] };
}

const splitOutsideQuotes = (text: string): readonly string[] =>
  text.match(/(?:"(?:\\.|[^"])*"|'(?:\\.|[^'])*'|[^,])+/g) ?? [text];

const FILTER = /^((?:"(?:\\.|[^"])*"|'(?:\\.|[^'])*'|[^=!<>])+?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+))?$/s;

function filter(text: string): Step {
  const [, left = '', operator, right] = FILTER.exec(text) ?? [];
  if (left === '') throw new JsonPathError('unterminated filter');
  const known = operator as Operator | undefined;
  return {
    type: 'filter',
    left: operand(left.trim()),
    ...(known && right ? { operator: known, right: operand(right.trim()) } : {}),
  };
}

function operand(text: string): readonly Step[] {
  if (/^["']/.test(text)) return [{ type: 'literal', value: unquoted(text) }];
  if (/^-?\d+(\.\d+)?$/.test(text)) return [{ type: 'literal', value: Number(text) }];
  if (text === 'true' || text === 'false') return [{ type: 'literal', value: text === 'true' }];
  return parsePath(text);
}
