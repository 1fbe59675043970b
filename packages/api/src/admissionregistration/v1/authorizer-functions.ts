import { type CelOverload, declareFunction, flatCost, jsonPatchFunctions } from '@navarch/machinery';

/** How far a question to the authorizer has come: what may be said next. */
export type AuthorizerStage = 'Authorizer' | 'PathCheck' | 'GroupCheck' | 'ResourceCheck';

/** What a step of a question says. */
type AuthorizerField = 'path' | 'group' | 'resource' | 'subresource' | 'namespace' | 'name';

/** Who answers the questions of expressions. `A` is a question as far as it is put, `D` an answer. */
export interface AuthorizerMethods<A, D> {
  with(question: A, to: AuthorizerStage, field: AuthorizerField, value: string): A;
  asServiceAccount(question: A, namespace: string, name: string): A;
  check(question: A, verb: string): D;
  isAllowed(answer: D): boolean;
  reason(answer: D): string;
}

/** Functions of policies besides those of the language. */
export interface PolicyFunctions {
  readonly plain: readonly CelOverload[];
  readonly mutating: readonly CelOverload[];
}

const K = 'kubernetes.authorization';
/** A check asks the authorizers: an expression can afford two. */
const CHECK_COST = 350_000;

/** Questions to the authorizer, put together step by step (KEP-3488). */
export function policyFunctions<A, D>(methods: AuthorizerMethods<A, D>): PolicyFunctions {
  const setting = (field: AuthorizerField, from: AuthorizerStage, to: AuthorizerStage): CelOverload =>
    declareFunction(`${field}(this ${K}.${from}, string) -> ${K}.${to}`, (question: A, value: string) =>
      methods.with(question, to, field, value),
    );
  // None of the authorizers looks at a selector, so it makes no difference to what is allowed.
  const selecting = (name: string): CelOverload =>
    declareFunction(`${name}(this ${K}.ResourceCheck, string) -> ${K}.ResourceCheck`, (question: A) => question);
  const checking = (from: AuthorizerStage): CelOverload =>
    declareFunction(
      `check(this ${K}.${from}, string) -> ${K}.Decision`,
      (question: A, verb: string) => methods.check(question, verb),
      flatCost(CHECK_COST),
    );
  const plain: readonly CelOverload[] = [
    setting('path', 'Authorizer', 'PathCheck'),
    setting('group', 'Authorizer', 'GroupCheck'),
    declareFunction(
      `serviceAccount(this ${K}.Authorizer, string, string) -> ${K}.Authorizer`,
      (question: A, namespace: string, name: string) => methods.asServiceAccount(question, namespace, name),
    ),
    setting('resource', 'GroupCheck', 'ResourceCheck'),
    setting('subresource', 'ResourceCheck', 'ResourceCheck'),
    setting('namespace', 'ResourceCheck', 'ResourceCheck'),
    setting('name', 'ResourceCheck', 'ResourceCheck'),
    selecting('fieldSelector'),
    selecting('labelSelector'),
    checking('PathCheck'),
    checking('ResourceCheck'),
    declareFunction(`allowed(this ${K}.Decision) -> bool`, (answer: D) => methods.isAllowed(answer)),
    declareFunction(`reason(this ${K}.Decision) -> string`, (answer: D) => methods.reason(answer)),
    declareFunction(`errored(this ${K}.Decision) -> bool`, () => false),
    declareFunction(`error(this ${K}.Decision) -> string`, () => ''),
  ];
  return { plain, mutating: [...plain, ...jsonPatchFunctions] };
}
