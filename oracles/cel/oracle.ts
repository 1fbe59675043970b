import { complaintOf, PolicyExpressions } from '@navarch/api';
import fc from 'fast-check';
import { Field, jsonPatchFunctions, RuleValidator } from '@navarch/machinery';
import { linearPatterns } from '@navarch/node/patterns';
import { compileCel } from '../../packages/machinery/src/cel/cel.ts';
import { CelSyntaxError } from '../../packages/machinery/src/cel/issues.ts';
import { formatType, parseType } from '../../packages/machinery/src/cel/types.ts';
import { CelError } from '../../packages/machinery/src/cel/values.ts';
import type { Answer, Case, Comparison, Known } from '../case.ts';
import { compared } from '../compare.ts';
import { definitionErrors } from '../definition-errors.ts';
import { built } from '../go.ts';
import type { Oracle } from '../oracle.ts';
import { expressions, values, variables } from './expressions.ts';
import { policyFunctionsHere } from '../../packages/apiserver/src/admission/policies/authorizer-value.ts';
import { policyCase } from './policy-cases.ts';
import { randomExpression } from './random-expression.ts';
import { definitionOf, ruledSchema, ruledValue } from './rule-cases.ts';
import { comparable, plain } from './values.ts';

interface Reply {
  readonly issues?: string;
  readonly type?: string;
  readonly value?: unknown;
  readonly error?: string;
  readonly errors?: readonly string[];
}

const types = Object.fromEntries(Object.entries(variables).map(([name, type]) => [name, parseType(type)]));

/** What an expression comes to: its issues, or its type and its value or error. */
function judged(source: string): Reply {
  try {
    const compiled = compileCel(source, { variables: types, functions: jsonPatchFunctions, patterns: linearPatterns });
    const type = formatType(compiled.type);
    try {
      return { type, value: plain(compiled.evaluate(values)) };
    } catch (error) {
      if (error instanceof CelError) return { type, error: error.message };
      throw error;
    }
  } catch (error) {
    if (error instanceof CelSyntaxError) return { issues: error.message };
    throw error;
  }
}

/** Words of upstream's parser are its tool's own: of a text that is no expression only that is compared. */
const SYNTAX = /Syntax error:|invalid (?:int|uint|double) literal|unable to unescape|recursion/;

/** Upstream numbers the types that it has yet to find in the order of a map, which is another one each time. */
const comparableIssues = (issues: string): Answer => ({
  value: { issues: SYNTAX.test(issues) ? 'syntax' : issues.replace(/\b_var\d+/g, '_var') },
});

function theirs(answer: Answer): Answer {
  const { issues, type, value, error } = answer as Reply;
  if (issues !== undefined) return comparableIssues(issues);
  return { value: { type, ...(error === undefined ? { value: comparable(value) } : { error: plainError(error) }) } };
}

function ours(source: string): Answer {
  const { issues, error, ...rest } = judged(source);
  if (issues !== undefined) return comparableIssues(issues);
  return { value: error === undefined ? rest : { ...rest, error: plainError(error) } };
}

/** Upstream names an operator by where the value comes from; patterns and times are told in the words of the libraries that read them. */
const plainError = (error: string): string =>
  error
    .replace(/^no such overload: (?:_.+_|-_|sort|@sort\w+|size)$/, 'no such overload')
    .replace(/(error parsing regexp|parsing time|ParseAddr\(.*?\)): .*/, '$1');

const asked = (source: string): Case => ({
  request: { op: 'evaluate', source, variables, values },
  ours: () => ours(source),
  theirs,
});

const known: readonly Known[] = [
  {
    why: 'messages of protobuf, which no API of Kubernetes has, cannot be named',
    is: (request) => /google\.protobuf\.(?:Any|Int64Value|Duration\{)/.test(sourceOf(request)),
  },
  {
    why: 'the parser stops at the first thing that is wrong',
    is: (_, theirs, mine) => issuesOf(mine) !== '' && issuesOf(theirs).startsWith(issuesOf(mine)),
  },
  {
    why: 'upstream breaks, and says so',
    is: (_, theirs) => JSON.stringify(theirs).includes('internal error: interface conversion'),
  },
  {
    why: 'that no overload takes the values is told without their types',
    is: (_, theirs, mine) => errorOf(theirs) === 'no such overload' && errorOf(mine).startsWith('no such overload'),
  },
  {
    why: 'uints, bytes and times are no keys of maps here',
    is: (_, theirs, mine) =>
      errorOf(mine).startsWith('unsupported key type') ||
      JSON.stringify(theirs).replaceAll('uint', 'int') === JSON.stringify(mine).replaceAll('uint', 'int'),
  },
  {
    why: 'keys and indices that are none are told by the names of types in Go',
    is: (_, theirs) => errorOf(theirs).startsWith('invalid qualifier type'),
  },
  {
    why: 'a written pattern that is none is told when it is used, in other words',
    is: (request) => /\.find(?:All)?\("\("\)/.test(sourceOf(request)),
  },
];

const errorOf = (answer: Answer): string => ('value' in answer ? ((answer.value as Reply).error ?? '') : '');
const issuesOf = (answer: Answer): string => ('value' in answer ? ((answer.value as Reply).issues ?? '') : '');
const sourceOf = (request: unknown): string => (request as { readonly source: string }).source;

/** Every expression of the table, in a row, and again. */
let next = 0;
const inTurn = fc.constant(undefined).map(() => asked(expressions[next++ % expressions.length] ?? ''));

const textsOf = (errors: Field['errors']): readonly string[] =>
  errors.map(({ field, message }) => toldOf(`${field}: ${message}`)).toSorted();

/** Without the words of upstream's parser; types of schemas have names there that are drawn by lot. */
const toldOf = (error: string): string =>
  error
    .replaceAll('spec.validation.', 'spec.versions[0].schema.')
    .replace(/Syntax error: [\s\S]*/, 'Syntax error')
    .replace(/selfType\d+[.\w@]*/g, 'object')
    .replace(/\bobject(?:\.[\w@]+)+/g, 'object');

const errorsOf = (answer: Answer): Answer => {
  const { errors, error } = answer as Reply;
  return { value: { errors: (errors ?? (error === undefined ? [] : [error])).map(toldOf).toSorted() } };
};

const definitions = ruledSchema.map((schema): Case => ({
  request: { op: 'definition', definition: definitionOf(schema) },
  ours: () => ({ value: { errors: textsOf(definitionErrors(definitionOf(schema))) } }),
  theirs: errorsOf,
}));

function ruled(schema: object, value: object, old: object | null): readonly string[] {
  const at = new Field();
  new RuleValidator(schema, linearPatterns).validate(value, at, old === null ? undefined : { value: old });
  return textsOf(at.errors);
}

/** No rule is broken before, so that none is forgiven. */
const validations = fc.tuple(ruledSchema, ruledValue).map(([schema, { value, old }]): Case => ({
  request: { op: 'rules', schema, value, old },
  ours: () => ({ value: { errors: ruled(schema, value, old) } }),
  theirs: errorsOf,
}));

const complaint = (text: string | undefined): Answer => ({
  value: text?.replace(/Syntax error: [\s\S]*/, 'Syntax error') ?? null,
});

const policies = policyCase.map(({ source, ...policy }): Case => ({
  request: { op: 'policy', source, policy },
  ours: () =>
    complaint(
      complaintOf(
        new PolicyExpressions({ ...policy, patterns: linearPatterns, functions: policyFunctionsHere }),
        source,
        policy.wanted,
      ),
    ),
  theirs: (answer) => ('error' in answer ? answer : complaint((answer as Reply).issues)),
}));

export const comparisons: readonly Comparison[] = [
  { name: 'cel: table', cases: inTurn, known },
  { name: 'cel: random', cases: randomExpression.map(asked), known },
  { name: 'cel: definitions', cases: definitions },
  { name: 'cel: rules', cases: validations },
  {
    name: 'cel: policies',
    cases: policies,
    known: [
      {
        why: 'a field that a patch has not is told as one of a type without a name',
        is: (request) => sourceOf(request).includes('JSONPatch{operation'),
      },
    ],
  },
];

/** The expression language beside cel-go, in the environment of Kubernetes. */
export const celOracle: Oracle = {
  name: 'cel',
  isNamedWithin: true,
  run: async (context) =>
    compared(await built('cel'), comparisons, { ...context, cases: Math.max(context.cases, expressions.length) }),
};
