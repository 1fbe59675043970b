import { labelValueErrors, qualifiedNameErrors } from '../names/names.ts';
import { badRequest } from '../status.ts';
import { everything, type Operator, type Requirement, type Selector, selectorOf } from './label-selector.ts';

/** Reads the query form (`a=b,c in (d,e),!f,g>1`). Throws BadRequest in upstream's words. */
export function parseLabelSelector(text: string): Selector {
  if (text === '') return everything;
  return selectorOf(new Parser(text).requirements());
}

type Kind = 'word' | 'end' | '=' | '==' | '!=' | '!' | '(' | ')' | ',' | '<' | '>';

interface Token {
  readonly kind: Kind;
  readonly text: string;
}

const TOKEN = /[ \t\r\n]*(==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+)/gy;

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const [, part = ''] of text.matchAll(TOKEN))
    tokens.push({ kind: /^[=!(),<>]/.test(part) ? (part as Kind) : 'word', text: part });
  return [...tokens, { kind: 'end', text: '' }];
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  requirements(): readonly Requirement[] {
    const found: Requirement[] = [];
    if (this.#next.kind === 'end') return found;
    if (!this.#beginsRequirement()) throw unexpected(this.#next, "!, identifier, or 'end of string'");
    for (;;) {
      found.push(this.#requirement());
      const after = this.#take();
      if (after.kind === 'end') return found;
      if (after.kind !== ',') throw unexpected(after, "',' or 'end of string'");
      if (!this.#beginsRequirement()) throw unexpected(this.#next, "identifier after ','");
    }
  }

  get #next(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)] as Token;
  }

  #take(): Token {
    const token = this.#next;
    this.#at += 1;
    return token;
  }

  #beginsRequirement(): boolean {
    return this.#next.kind === 'word' || this.#next.kind === '!';
  }

  #requirement(): Requirement {
    const isAbsent = this.#next.kind === '!';
    if (isAbsent) this.#take();
    const key = this.#take();
    if (key.kind !== 'word') throw unable(`found '${key.text}', expected: identifier`);
    const errors = qualifiedNameErrors(key.text);
    if (errors.length > 0) throw unable(`<nil>: ${invalid(key.text, errors.join('; '))}`);
    if (isAbsent) return { key: key.text, operator: 'absent', values: [] };
    if (this.#next.kind === 'end' || this.#next.kind === ',') return { key: key.text, operator: 'exists', values: [] };
    return checked(this.#comparison(key.text));
  }

  #comparison(key: string): Requirement {
    const { kind, text } = this.#take();
    switch (kind) {
      case '=':
      case '==':
        return { key, operator: 'in', values: [this.#exactValue()], written: kind };
      case '!=':
        return { key, operator: 'notin', values: [this.#exactValue()], written: kind };
      case '>':
        return { key, operator: 'gt', values: [this.#exactValue()] };
      case '<':
        return { key, operator: 'lt', values: [this.#exactValue()] };
      case 'word':
        if (text === 'in' || text === 'notin')
          return { key, operator: text satisfies Operator, values: this.#values() };
        break;
      default:
    }
    throw unable(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`);
  }

  #exactValue(): string {
    if (this.#next.kind === 'end' || this.#next.kind === ',') return '';
    const value = this.#take();
    if (value.kind !== 'word') throw unable(`found '${value.text}', expected: identifier`);
    return value.text;
  }

  /** A missing value between commas or parentheses is the empty one. */
  #values(): readonly string[] {
    const open = this.#take();
    if (open.kind !== '(') throw unable(`found '${open.text}' expected: '('`);
    const found = new Set<string>();
    if (this.#next.kind === ')') {
      this.#take();
      found.add('');
    } else if (this.#next.kind !== 'word' && this.#next.kind !== ',')
      throw unable(`found '${this.#next.text}', expected: ',', ')' or identifier`);
    else this.#collect(found);
    return [...found].sort();
  }

  #collect(found: Set<string>): void {
    for (;;) {
      const token = this.#take();
      if (token.kind === 'word') {
        found.add(token.text);
        if (this.#next.kind === ')') break;
        if (this.#next.kind !== ',') throw unable(`found '${this.#next.text}', expected: ',' or ')'`);
      } else if (token.kind === ',') {
        if (found.size === 0) found.add('');
        if (this.#next.kind === ')') {
          found.add('');
          break;
        }
        if (this.#next.kind === ',') {
          this.#take();
          found.add('');
        }
      } else throw unable(`found '${token.text}', expected: ',', or identifier`);
    }
    this.#take();
  }
}

const unexpected = (token: Token, expected: string): Error =>
  badRequest(`found '${token.text}', expected: ${expected}`);
const unable = (detail: string): Error => badRequest(`unable to parse requirement: ${detail}`);
const invalid = (value: unknown, detail: string): string => `Invalid value: ${JSON.stringify(value)}: ${detail}`;

function checked(requirement: Requirement): Requirement {
  const { key, operator, values } = requirement;
  const problems: string[] = [];
  values.forEach((value, i) => {
    const isNumeric = operator === 'gt' || operator === 'lt';
    if (isNumeric && !/^[+-]?\d+$/.test(value))
      problems.push(`values[${i}]: ${invalid(value, "for 'Gt', 'Lt' operators, the value must be an integer")}`);
  });
  values.forEach((value, i) => {
    const errors = labelValueErrors(value);
    if (errors.length > 0) problems.push(`values[${i}][${key}]: ${invalid(value, errors.join('; '))}`);
  });
  if (problems.length === 0) return requirement;
  throw unable(problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`);
}
