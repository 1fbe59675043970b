import { CelSyntaxError } from './issues.ts';
import { type Token, tokensOf } from './lex.ts';
import { bindingOf, macroOf } from './macros.ts';
import { type Expression, type List, type ListItem, type MapEntry, type ObjectField, qualifiedName } from './syntax.ts';

/** Longer texts and deeper nesting than these are refused. */
const CHARS_MAX = 100_000;
const DEPTH_MAX = 250;
const RESERVED = new Set(
  'as break const continue else for function if import let loop package namespace return var void while in'.split(' '),
);
const RELATIONS: readonly string[] = ['<', '<=', '>', '>=', '==', '!=', 'in'];
const SUMS: readonly string[] = ['+', '-'];
const PRODUCTS: readonly string[] = ['*', '/', '%'];
/** What an expression may begin with, in the words of upstream's parser. */
const STARTS =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/** Reads one expression (https://github.com/google/cel-spec). Throws CelSyntaxError. */
/** `hasBindings`: it may use `cel.bind()`. */
export function parseCel(source: string, hasBindings = false): Expression {
  const size = source.length <= CHARS_MAX ? source.length : Array.from(source).length;
  if (size > CHARS_MAX)
    throw new CelSyntaxError(source, [
      { at: -1, message: `expression code point size exceeds limit: size: ${size}, limit ${CHARS_MAX}` },
    ]);
  const parser = new Parser(source, hasBindings);
  const found = parser.expression();
  parser.end();
  return found;
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #hasBindings: boolean;
  #next = 0;
  #depth = 0;

  constructor(source: string, hasBindings: boolean) {
    this.#source = source;
    this.#hasBindings = hasBindings;
    this.#tokens = tokensOf(source);
  }

  end(): void {
    const { is, text, at } = this.#peek;
    if (is !== 'end') this.#fail(at, `Syntax error: mismatched input '${text}' expecting <EOF>`);
  }

  expression(): Expression {
    return this.#deeper(() => {
      const condition = this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#relation()));
      const { at } = this.#peek;
      if (!this.#took('?')) return condition;
      const chosen = this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#relation()));
      this.#expect(':');
      return operation('_?_:_', at, condition, chosen, this.expression());
    });
  }

  /** Chains of `&&` and `||` may be of any length: they become trees that are no deeper than they must be. */
  #logical(sign: string, name: string, next: () => Expression): Expression {
    const terms = [next()];
    const places: number[] = [];
    while (this.#isOperator(sign)) {
      places.push(this.#take().at);
      terms.push(next());
    }
    return balanced(name, terms, places);
  }

  #relation(): Expression {
    return this.#chain(RELATIONS, () => this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#unary())));
  }

  #chain(signs: readonly string[], next: () => Expression): Expression {
    let left = next();
    for (let length = 1; this.#peek.is !== 'literal' && signs.includes(this.#peek.text); length++) {
      const { text, at } = this.#take();
      this.#checkDepth(length);
      left = operation(text === 'in' ? '@in' : `_${text}_`, at, left, next());
    }
    return left;
  }

  #unary(): Expression {
    const { at, text } = this.#peek;
    if (!this.#isOperator('!') && !this.#isOperator('-')) return this.#member();
    if (text === '-' && this.#isNumberNext()) return this.#member();
    let count = 0;
    for (; this.#isOperator(text); count++) this.#take();
    const value = this.#member();
    return count % 2 === 0 ? value : operation(`${text}_`, at, value);
  }

  #isNumberNext(): boolean {
    const { is, value } = this.#tokens[this.#next + 1] as Token;
    return is === 'literal' && (typeof value === 'bigint' || typeof value === 'number');
  }

  #member(): Expression {
    let of = this.#primary();
    for (let length = 1; ; length++) {
      const { at } = this.#peek;
      this.#checkDepth(length);
      if (this.#took('.')) of = this.#afterDot(of, at);
      else if (this.#took('[')) {
        const name = this.#took('?') ? '_[?_]' : '_[_]';
        of = operation(name, at, of, this.expression());
        this.#expect(']');
      } else if (this.#isOperator('{') && qualifiedName(of) !== undefined) of = this.#object(of, at);
      else return of;
    }
  }

  #afterDot(of: Expression, at: number): Expression {
    const isOptional = this.#took('?');
    const { at: nameAt } = this.#peek;
    const name = this.#name();
    if (isOptional) return operation('_?._', at, of, { is: 'literal', value: name, at: nameAt });
    const { at: callAt } = this.#peek;
    if (!this.#took('(')) return { is: 'select', of, name, isTest: false, at };
    return this.#call(name, of, callAt);
  }

  #call(name: string, target: Expression | undefined, at: number): Expression {
    const args = this.#arguments();
    const macro =
      (this.#hasBindings && bindingOf(name, args.length, target)) || macroOf(name, args.length, target !== undefined);
    if (!macro) return { is: 'call', name, target, args, at };
    return macro({ at, target: target as Expression, args, fail: (place, message) => this.#fail(place, message) });
  }

  #primary(): Expression {
    const token = this.#take();
    const { at, is, text } = token;
    if (is === 'literal') return this.#literal(token, at, 1n);
    if (is === 'name') return this.#named(token);
    switch (text) {
      case '-':
        return this.#literal(this.#take(), at, -1n);
      case '(':
        return this.#closed();
      case '[':
        return this.#list(at);
      case '{':
        return { is: 'map', entries: this.#entries(), at };
      case '.':
        return this.#named({ ...this.#take(), at: at + 1 });
      default:
        return this.#fail(at, `Syntax error: mismatched input '${text}' expecting ${STARTS}`);
    }
  }

  /** The largest negative number is one more than the largest positive one. */
  #literal({ value }: Token, at: number, sign: bigint): Expression {
    if (typeof value === 'bigint') {
      if (value * sign === 2n ** 63n) this.#fail(at, 'invalid int literal');
      return { is: 'literal', value: value * sign, at };
    }
    return { is: 'literal', value: typeof value === 'number' ? value * Number(sign) : value, at };
  }

  #closed(): Expression {
    const inner = this.expression();
    this.#expect(')');
    return inner;
  }

  #named({ text: name, is, at }: Token): Expression {
    if (is !== 'name' || name === 'in' || name.startsWith('`'))
      this.#fail(at, `Syntax error: mismatched input '${name}' expecting IDENTIFIER`);
    if (RESERVED.has(name)) this.#fail(at, `reserved identifier: ${name}`);
    const { at: callAt } = this.#peek;
    return this.#took('(') ? this.#call(name, undefined, callAt) : { is: 'name', name, at };
  }

  #arguments(): readonly Expression[] {
    const args: Expression[] = [];
    while (!this.#took(')')) {
      if (args.length > 0) this.#expect(',');
      args.push(this.expression());
    }
    return args;
  }

  #list(at: number): List {
    const items: ListItem[] = [];
    while (!this.#took(']')) {
      if (items.length > 0) this.#expect(',');
      if (this.#took(']')) break;
      const isOptional = this.#took('?');
      items.push({ value: this.expression(), isOptional });
    }
    return { is: 'list', items, at };
  }

  #entries(): readonly MapEntry[] {
    return this.#pairs(
      () => this.expression(),
      (key, value, isOptional) => ({ key, value, isOptional }),
    );
  }

  #object(of: Expression, at: number): Expression {
    this.#expect('{');
    const fields = this.#pairs(
      () => this.#name(),
      (name, value, isOptional, at): ObjectField => ({ name, value, isOptional, at }),
    );
    return { is: 'object', type: qualifiedName(of) ?? '', fields, at };
  }

  #pairs<K, P>(key: () => K, pair: (key: K, value: Expression, isOptional: boolean, at: number) => P): readonly P[] {
    const pairs: P[] = [];
    while (!this.#took('}')) {
      if (pairs.length > 0) this.#expect(',');
      if (this.#took('}')) break;
      const isOptional = this.#took('?');
      const name = key();
      const { at } = this.#peek;
      this.#expect(':');
      pairs.push(pair(name, this.expression(), isOptional, at));
    }
    return pairs;
  }

  #name(): string {
    const { is, text, at } = this.#take();
    if (is !== 'name') this.#fail(at, `Syntax error: no viable alternative at input '.${is === 'end' ? '' : text}'`);
    return text.startsWith('`') ? text.slice(1, -1) : text;
  }

  #deeper<T>(read: () => T): T {
    this.#depth++;
    this.#checkDepth(0);
    const found = read();
    this.#depth--;
    return found;
  }

  #checkDepth(more: number): void {
    if (this.#depth + more > DEPTH_MAX)
      this.#fail(-1, `Internal error: expression recursion limit exceeded: ${DEPTH_MAX}`);
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

  #expect(wanted: string): void {
    const { text, at } = this.#peek;
    if (!this.#took(wanted)) this.#fail(at, `Syntax error: mismatched input '${text}' expecting '${wanted}'`);
  }

  #fail(at: number, message: string): never {
    throw new CelSyntaxError(this.#source, [{ at, message }]);
  }
}

const operation = (name: string, at: number, ...args: readonly Expression[]): Expression => ({
  is: 'call',
  name,
  target: undefined,
  args,
  at,
});

function balanced(name: string, terms: readonly Expression[], places: readonly number[]): Expression {
  const [only] = terms;
  if (terms.length === 1) return only as Expression;
  const middle = Math.ceil(terms.length / 2);
  const [left, right] = [
    balanced(name, terms.slice(0, middle), places.slice(0, middle - 1)),
    balanced(name, terms.slice(middle), places.slice(middle)),
  ];
  return operation(name, places[middle - 1] ?? 0, left, right);
}
