import { isIp } from './addresses.ts';

/** Every step begins where the one before ended; undefined where the text is not of its form. */
type Step = (text: string, at: number) => number | undefined;

/** One mailbox of RFC 5322 as Go's net/mail reads it: an address, alone, after a name or in a group of one. */
export function isEmailAddress(text: string): boolean {
  const group = groupStart(text);
  if (group === undefined) {
    const end = mailbox(text, 0);
    return end !== undefined && blanks(text, end) === text.length;
  }
  const end = mailbox(text, group);
  const close = end === undefined ? undefined : blanks(text, end);
  return close !== undefined && text[close] === ';' && blanks(text, close + 1) === text.length;
}

const DOTTED = /[!#-'*+\--9=?A-Z^-~\u0080-\u{10ffff}]+/uy;
const QUOTED = /"(?:[\t !#-[\]-~\u0080-\u{10ffff}]|\\[\t -~\u0080-\u{10ffff}])*"/uy;
const LITERAL = /\[([!-Z^-~\u0080-\u{10ffff}]*)\]/uy;
const SPACE = /[ \t]*/y;

function matched(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const spaces = (text: string, at: number): number => at + (matched(SPACE, text, at) ?? '').length;

/** White space and comments, which nest. */
const blanks: Step = (text, at) => {
  let next = spaces(text, at);
  while (text[next] === '(') {
    const end = comment(text, next);
    if (end === undefined) return undefined;
    next = spaces(text, end);
  }
  return next;
};

const comment: Step = (text, at) => {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    if (text[i] === '\\' && i + 1 < text.length) i++;
    else if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i + 1;
  }
  return undefined;
};

/** Where the only mailbox of a group begins. */
function groupStart(text: string): number | undefined {
  if (address(text, 0) !== undefined) return undefined;
  const end = phrase(text, spaces(text, 0));
  const colon = end === undefined ? undefined : spaces(text, end);
  return colon !== undefined && text[colon] === ':' ? colon + 1 : undefined;
}

const mailbox: Step = (text, at) => {
  const bare = address(text, at);
  if (bare !== undefined) {
    const next = spaces(text, bare);
    return text[next] === '(' ? comment(text, next) : bare;
  }
  const start = spaces(text, at);
  const named = text[start] === '<' ? start : phrase(text, start);
  const open = named === undefined ? -1 : spaces(text, named);
  if (text[open] !== '<') return undefined;
  const end = address(text, open + 1);
  return end !== undefined && text[end] === '>' ? end + 1 : undefined;
};

/** Words, of which at least one; what follows the last is for the caller. */
const phrase: Step = (text, at) => {
  let end: number | undefined;
  for (let next: number | undefined = at; next !== undefined; next = blanks(text, end)) {
    const start: number = spaces(text, next);
    const word = matched(text[start] === '"' ? QUOTED : DOTTED, text, start);
    if (word === undefined) return end === undefined ? undefined : start;
    end = start + word.length;
  }
  return undefined;
};

const address: Step = (text, at) => {
  const start = spaces(text, at);
  const local = text[start] === '"' ? quoted(text, start) : dotAtom(text, start);
  if (local === undefined || text[local] !== '@') return undefined;
  const domain = spaces(text, local + 1);
  return text[domain] === '[' ? literal(text, domain) : dotAtom(text, domain);
};

const quoted: Step = (text, at) => {
  const found = matched(QUOTED, text, at);
  return found === undefined || found === '""' ? undefined : at + found.length;
};

const dotAtom: Step = (text, at) => {
  const found = matched(DOTTED, text, at);
  if (found === undefined || found.startsWith('.') || found.endsWith('.') || found.includes('..')) return undefined;
  return at + found.length;
};

const literal: Step = (text, at) => {
  const found = matched(LITERAL, text, at);
  return found !== undefined && isIp(found.slice(1, -1)) ? at + found.length : undefined;
};
