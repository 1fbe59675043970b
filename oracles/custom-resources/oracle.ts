import { backtrackingPatterns, Field } from '@navarch/machinery';
import { applyDefaults, prune, pruneNulls } from '../../packages/machinery/src/structural/values.ts';
import type { JsonSchema } from '../../packages/machinery/src/structural/json-schema.ts';
import { StructuralValidator, validateListTypes } from '../../packages/machinery/src/structural/validate.ts';
import type { Answer, Case, Comparison } from '../case.ts';
import { compared } from '../compare.ts';
import { definitionErrors } from '../definition-errors.ts';
import { built } from '../go.ts';
import type { Oracle } from '../oracle.ts';
import { customCase } from './cases.ts';
import { faultyDefinition } from './definition-cases.ts';

interface Reply {
  readonly value?: unknown;
  readonly unknown?: readonly string[];
  readonly errors?: readonly string[];
  readonly error?: string;
}

type Make = (schema: JsonSchema, value: object, old: object) => Reply;

const ours: Readonly<Record<string, Make>> = {
  prune(schema, value) {
    const copy = structuredClone(value);
    const unknown = prune(copy, schema, true);
    return { value: copy, unknown: unknown.toSorted() };
  },
  default(schema, value) {
    const copy = structuredClone(value);
    applyDefaults(copy, schema);
    pruneNulls(copy, schema);
    return { value: copy };
  },
  validate(schema, value) {
    const at = new Field();
    new StructuralValidator(schema, backtrackingPatterns).validate(value, at);
    validateListTypes(value, schema, at);
    return { errors: textsOf(at.errors) };
  },
  update(schema, value, old) {
    const [at, before] = [new Field(), new Field()];
    new StructuralValidator(schema, backtrackingPatterns).validate(value, at, { value: old });
    validateListTypes(old, schema, before);
    if (before.errors.length === 0) validateListTypes(value, schema, at);
    return { errors: textsOf(at.errors) };
  },
};

const textsOf = (errors: Field['errors']): readonly string[] =>
  errors.map(({ field, message }) => `${field}: ${message}`).toSorted();

const theirs: Readonly<Record<string, (reply: Reply) => Reply>> = {
  prune: ({ value, unknown = [] }) => ({ value, unknown: unknown.toSorted() }),
  default: ({ value }) => ({ value }),
  validate: ({ errors = [] }) => ({ errors: errors.toSorted() }),
  update: ({ errors = [] }) => ({ errors: errors.toSorted() }),
};

const errorsOf = (answer: Answer): readonly string[] =>
  'value' in answer ? ((answer.value as Reply).errors ?? []) : [];
const comparisonOf = (op: string, make: Make): Comparison => ({
  name: `custom resources: ${op}`,
  known: [],
  // A schema that is none there is not asked about here: what makes one is compared elsewhere.
  cases: customCase.map(({ schema, value, old }): Case => ({
    request: { op, schema, value, old },
    ours: () => ({ value: make(schema, value as object, old as object) }),
    theirs: (answer) =>
      isRefused(answer)
        ? { value: make(schema, value as object, old as object) }
        : { value: theirs[op]?.(answer as Reply) },
  })),
});

const sameBut = (words: RegExp, theirs: Answer, mine: Answer): boolean => {
  const [left, right] = [theirs, mine].map((answer) =>
    errorsOf(answer)
      .map((error) => error.replace(words, ''))
      .toSorted()
      .join('\n'),
  );
  return left === right;
};

/** What creating a definition is answered. */
const definitions: Comparison = {
  name: 'custom resources: definition',
  known: [
    {
      why: 'a schema that Go cannot be made of is told otherwise: its other faults come, or do not, by where the making ends',
      is: (_, theirs, mine) =>
        [theirs, mine].some((answer) =>
          errorsOf(answer).some((error) =>
            /is not supported|must be true or undefined|may only be set when/.test(error),
          ),
        ),
    },
    {
      why: 'a default of a wrong type is told by the name of its format, where it has one, and one of additional properties with a dot before its name',
      is: (_, theirs, mine) => sameBut(/(?:\w+)?": *(?:\.?\w+)? in body must be of type \S+ \S+/g, theirs, mine),
    },
  ],
  cases: faultyDefinition.map((definition): Case => ({
    request: { op: 'definition', definition },
    ours: () => ({ value: { errors: judged(definition) } }),
    theirs: (answer) => ({
      value: {
        errors:
          (answer as Reply).error === 'broken'
            ? judged(definition)
            : ((answer as Reply).errors ?? [(answer as Reply).error ?? []].flat()).map(plain).toSorted(),
      },
    }),
  })),
};

const judged = (definition: object): readonly string[] => textsOf(definitionErrors(definition)).map(plain).toSorted();

/** Upstream shows some values as Go holds them, and each engine says in its own words what is wrong with a pattern. */
const plain = (error: string): string =>
  error
    .replace(/^(spec\.versions|\S+openAPIV3Schema): Invalid value: (?:null|[[{][\s\S]*[\]}]):/, '$1: Invalid value:')
    .replace(/(error parsing regexp).*/, '$1');

const isRefused = (answer: Answer): boolean => (answer as Reply).error !== undefined;

/** What structural schemas do with values, beside k8s.io/apiextensions-apiserver. */
export const customResourcesOracle: Oracle = {
  name: 'custom-resources',
  isNamedWithin: true,
  run: async (context) =>
    compared(
      await built('custom-resources'),
      [...Object.entries(ours).map(([op, make]) => comparisonOf(op, make)), definitions],
      context,
    ),
};
