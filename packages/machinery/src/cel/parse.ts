import { type Token, tokensOf } from './lex.ts';
import { CelSyntaxError, type Comprehension, type Expression, type ListItem, type MapEntry } from './syntax.ts';

/** Longer texts and deeper nesting than these are refused. */
const CHARS_MAX = 100_000;
const DEPTH_MAX = 250;
const RESERVED = new Set(
  'as break const continue else for function if import in let loop package namespace return var void while'.split(' '),
);
const RELATIONS = new Set(['<', '<=', '>', '>=', '==', '!=', 'in']);
const MACROS = new Set(['all', 'exists', 'exists_one', 'existsOne', 'filter', 'map']);

/** Reads one expression (https://github.com/google/cel-spec). Throws CelSyntaxError. */
export function parseCel(text: string): Expression {
  if (text.length > CHARS_MAX)
    throw new CelSyntaxError(
      `Syntax error: expression code point size exceeds limit: size: ${text.length}, limit ${CHARS_MAX}`,
    );
  const parser = new Parser(tokensOf(text));
  const found = parser.expression();
  parser.end();
  return found;
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  end(): void {
    if (this.#peek.is !== 'end') this.#unexpected();
  }

  expression(): Expression {
    if (++this.#depth > DEPTH_MAX)
      throw new CelSyntaxError(`Syntax error: expression recursion limit exceeded: ${DEPTH_MAX}`);
    const condition = this.#or();
    this.#depth--;
    if (!this.#took('?')) return condition;
    const chosen = this.#or();
    this.#expect(':');
    return { is: 'choose', condition, chosen, otherwise: this.expression() };
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#took('||')) left = { is: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#relation();
    while (this.#took('&&')) left = { is: 'and', left, right: this.#relation() };
    return left;
  }

  #relation(): Expression {
    let left = this.#sum();
    while (RELATIONS.has(this.#peek.text) && this.#peek.is !== 'literal') left = this.#binary(left, () => this.#sum());
    return left;
  }

  #sum(): Expression {
    let left = this.#product();
    while (this.#isOperator('+') || this.#isOperator('-')) left = this.#binary(left, () => this.#product());
    return left;
  }

  #product(): Expression {
    let left = this.#unary();
    while (this.#isOperator('*') || this.#isOperator('/') || this.#isOperator('%'))
      left = this.#binary(left, () => this.#unary());
    return left;
  }

  #binary(left: Expression, next: () => Expression): Expression {
    const { text, at } = this.#take();
    return { is: 'call', name: `_${text}_`, of: undefined, args: [left, next()], at };
  }

  #unary(): Expression {
    const { at } = this.#peek;
    for (const sign of ['!', '-']) {
      if (!this.#took(sign)) continue;
      const value = this.#deeper(() => this.#unary());
      if (sign === '-' && value.is === 'literal' && typeof value.value === 'bigint')
        return { is: 'literal', value: -value.value };
      if (sign === '-' && value.is === 'literal' && typeof value.value === 'number')
        return { is: 'literal', value: -value.value };
      return { is: 'call', name: `${sign}_`, of: undefined, args: [value], at };
    }
    return this.#member();
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > DEPTH_MAX)
      throw new CelSyntaxError(`Syntax error: expression recursion limit exceeded: ${DEPTH_MAX}`);
    const found = read();
    this.#depth--;
    return found;
  }

  #member(): Expression {
    let of = this.#primary();
    for (;;) {
      const { at } = this.#peek;
      if (this.#took('.')) of = this.#afterDot(of, at);
      else if (this.#took('[')) {
        const isOptional = this.#took('?');
        of = { is: 'index', of, index: this.expression(), isOptional };
        this.#expect(']');
      } else if (this.#isOperator('{') && typeNameOf(of) !== undefined)
        of = { is: 'object', type: typeNameOf(of) ?? '', entries: this.#fields() };
      else return of;
    }
  }

  #afterDot(of: Expression, at: number): Expression {
    const isOptional = this.#took('?');
    const name = this.#name();
    if (isOptional || !this.#took('(')) return { is: 'field', of, name, isOptional };
    const args = this.#arguments();
    return (MACROS.has(name) ? comprehension(of, name, args) : undefined) ?? { is: 'call', name, of, args, at };
  }

  #primary(): Expression {
    const token = this.#take();
    if (token.is === 'literal') return checkedLiteral(token, this.#tokens[this.#next - 2]);
    if (token.is === 'name') return this.#named(token);
    switch (token.text) {
      case '(':
        return this.#closed(')');
      case '[':
        return { is: 'list', items: this.#items() };
      case '{':
        return { is: 'map', entries: this.#entries() };
      case '.':
        return this.#named({ ...this.#take(), at: token.at });
      default:
        return this.#unexpected(token);
    }
  }

  #closed(bracket: string): Expression {
    const inner = this.expression();
    this.#expect(bracket);
    return inner;
  }

  #named(token: Token): Expression {
    const name = token.text;
    if (token.is !== 'name' || RESERVED.has(name))
      throw new CelSyntaxError(`Syntax error: reserved identifier: ${name}`);
    if (!this.#took('(')) return { is: 'name', name, at: token.at };
    const args = this.#arguments();
    const [only] = args;
    if (name !== 'has') return { is: 'call', name, of: undefined, args, at: token.at };
    if (args.length !== 1 || only?.is !== 'field') throw new CelSyntaxError('invalid argument to has() macro');
    return { is: 'has', of: only.of, name: only.name };
  }

  #arguments(): readonly Expression[] {
    const args: Expression[] = [];
    while (!this.#took(')')) {
      if (args.length > 0) this.#expect(',');
      args.push(this.expression());
    }
    return args;
  }

  #items(): readonly ListItem[] {
    const items: ListItem[] = [];
    while (!this.#took(']')) {
      if (items.length > 0) this.#expect(',');
      if (this.#took(']')) break;
      const isOptional = this.#took('?');
      items.push({ value: this.expression(), isOptional });
    }
    return items;
  }

  #entries(): readonly MapEntry[] {
    return this.#pairs(() => this.expression());
  }

  #fields(): readonly MapEntry[] {
    this.#expect('{');
    return this.#pairs(() => ({ is: 'literal', value: this.#name() }));
  }

  #pairs(readKey: () => Expression): readonly MapEntry[] {
    const entries: MapEntry[] = [];
    while (!this.#took('}')) {
      if (entries.length > 0) this.#expect(',');
      if (this.#took('}')) break;
      const isOptional = this.#took('?');
      const key = readKey();
      this.#expect(':');
      entries.push({ key, value: this.expression(), isOptional });
    }
    return entries;
  }

  #name(): string {
    const token = this.#take();
    if (token.is !== 'name') return this.#unexpected(token);
    return token.text.startsWith('`') ? token.text.slice(1, -1) : token.text;
  }

  get #peek(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #take(): Token {
    const token = this.#peek;
    if (token.is !== 'end') this.#next++;
    return token;
  }

  #isOperator(text: string): boolean {
    return this.#peek.is === 'operator' && this.#peek.text === text;
  }

  #took(text: string): boolean {
    if (!this.#isOperator(text)) return false;
    this.#next++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#took(text)) this.#unexpected();
  }

  #unexpected(token: Token = this.#peek): never {
    throw new CelSyntaxError(`Syntax error: mismatched input '${token.text}' at column ${token.at + 1}`);
  }
}

/** The largest negative number is one more than the largest positive one. */
function checkedLiteral(token: Token, before: Token | undefined): Expression {
  if (token.value === 2n ** 63n && before?.text !== '-') throw new CelSyntaxError('Syntax error: invalid int literal');
  return { is: 'literal', value: token.value };
}

function comprehension(range: Expression, macro: string, args: readonly Expression[]): Comprehension | undefined {
  const nameOf = (expression: Expression | undefined): string => {
    if (expression?.is !== 'name') throw new CelSyntaxError('argument must be a simple name');
    return expression.name;
  };
  const [first, second, third] = args;
  if (macro === 'map') {
    if (args.length === 2)
      return { is: 'comprehension', macro, range, variables: [nameOf(first)], condition: undefined, transform: second };
    return args.length === 3
      ? { is: 'comprehension', macro, range, variables: [nameOf(first)], condition: second, transform: third }
      : undefined;
  }
  const named = macro === 'existsOne' ? 'exists_one' : (macro as Comprehension['macro']);
  if (args.length === 2)
    return {
      is: 'comprehension',
      macro: named,
      range,
      variables: [nameOf(first)],
      condition: second,
      transform: undefined,
    };
  if (args.length === 3)
    return {
      is: 'comprehension',
      macro: named,
      range,
      variables: [nameOf(first), nameOf(second)],
      condition: third,
      transform: undefined,
    };
  return undefined;
}

/** `Object.spec` before a brace is the name of a type. */
function typeNameOf(expression: Expression): string | undefined {
  if (expression.is === 'name') return /^[A-Z]/.test(expression.name) ? expression.name : undefined;
  if (expression.is !== 'field') return undefined;
  const of = typeNameOf(expression.of);
  return of === undefined ? undefined : `${of}.${expression.name}`;
}
