/** A sentence about what is wrong with a Corefile, and where. */
export class CorefileError extends Error {
  override readonly name = 'CorefileError';

  constructor(line: number, what: string) {
    super(`Corefile, line ${line}: ${what}`);
  }
}

/** A line with what is in braces behind it. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly body: readonly Directive[];
  readonly line: number;
}

export interface RawBlock {
  readonly keys: readonly string[];
  readonly body: readonly Directive[];
  readonly line: number;
}

interface Token {
  readonly text: string;
  readonly line: number;
  readonly isQuoted: boolean;
}

/** More than any Corefile that people read. */
const TOKENS_MAX = 50_000;
const DEPTH_MAX = 4;

/** The server blocks of a Corefile, as they are written. Throws CorefileError. */
export function readBlocks(text: string): readonly RawBlock[] {
  const tokens = tokensOf(text);
  const blocks: RawBlock[] = [];
  for (let at = 0; at < tokens.length;) {
    const keys: string[] = [];
    const first = tokens[at] as Token;
    while (at < tokens.length && !isBrace(tokens[at], '{')) {
      const token = tokens[at++] as Token;
      if (isBrace(token, '}')) throw new CorefileError(token.line, 'there is a } too many');
      if (token.text === 'import' || /^\(.*\)$/.test(token.text))
        throw new CorefileError(token.line, 'snippets and imports are not supported');
      keys.push(...token.text.split(',').filter((key) => key !== ''));
    }
    if (at >= tokens.length) throw new CorefileError(first.line, 'a server block has no {');
    if (keys.length === 0) throw new CorefileError(first.line, 'a server block has no zone');
    const { body, end } = readBody(tokens, at, 0);
    blocks.push({ keys, body, line: first.line });
    at = end;
  }
  return blocks;
}

/** From the brace at `open` to behind the one that closes it. */
function readBody(
  tokens: readonly Token[],
  open: number,
  depth: number,
): { readonly body: readonly Directive[]; readonly end: number } {
  const { line: opened } = tokens[open] as Token;
  if (depth > DEPTH_MAX) throw new CorefileError(opened, 'braces are too deep');
  const body: Directive[] = [];
  for (let at = open + 1; at < tokens.length;) {
    const first = tokens[at] as Token;
    if (isBrace(first, '}')) return { body, end: at + 1 };
    if (isBrace(first, '{')) throw new CorefileError(first.line, 'there is a { that belongs to nothing');
    const args: string[] = [];
    at += 1;
    let inner: readonly Directive[] = [];
    for (; at < tokens.length; at++) {
      const token = tokens[at] as Token;
      if (token.line !== first.line || isBrace(token, '}')) break;
      if (isBrace(token, '{')) {
        const read = readBody(tokens, at, depth + 1);
        inner = read.body;
        at = read.end;
        break;
      }
      args.push(token.text);
    }
    body.push({ name: first.text, args, body: inner, line: first.line });
  }
  throw new CorefileError(opened, 'a { is not closed');
}

const isBrace = (token: Token | undefined, brace: string): boolean =>
  token !== undefined && !token.isQuoted && token.text === brace;

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (let at = 0; at < text.length;) {
    const character = text[at] as string;
    if (character === '\n') line += 1;
    if (/\s/.test(character)) {
      at += 1;
      continue;
    }
    if (character === '#') {
      while (at < text.length && text[at] !== '\n') at += 1;
      continue;
    }
    if (tokens.length >= TOKENS_MAX) throw new CorefileError(line, 'there is too much of it');
    const began = line;
    let word = '';
    const isQuoted = character === '"';
    if (isQuoted) {
      for (at += 1; text[at] !== '"'; at++) {
        if (at >= text.length) throw new CorefileError(began, 'a " is not closed');
        if (text[at] === '\n') line += 1;
        // Only a quote is escaped: backslashes are what patterns are made of.
        if (text[at] === '\\' && text[at + 1] === '"') at += 1;
        word += text[at];
      }
      at += 1;
    } else {
      const [whole = ''] = /^\S+/.exec(text.slice(at, at + 10_000)) ?? [];
      word = whole;
      at += whole.length;
    }
    if (word.includes('{$')) throw new CorefileError(began, 'variables of the environment are not supported');
    tokens.push({ text: word, line: began, isQuoted });
  }
  return tokens;
}
