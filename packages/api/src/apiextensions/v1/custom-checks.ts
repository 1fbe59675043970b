import {
  type ApiObject,
  type Before,
  Field,
  goTypeOf,
  type JsonSchema,
  type Patterns,
  type RuleTimes,
  RuleValidator,
  shownAsGo,
  StructuralValidator,
  validateEmbedded,
  validateListTypes,
} from '@navarch/machinery';
import type { CustomResourceDefinitionVersion } from '../../generated/types/apiextensions-v1.ts';

/** After these the value may be too large or of another shape than rules can rely on. */
const BLOCKING = new Set<string>([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);
const INT32_MAX = 2 ** 31 - 1;

type ScalePaths = NonNullable<NonNullable<CustomResourceDefinitionVersion['subresources']>['scale']>;
type Whole = ApiObject & { readonly status?: unknown };

/** What rules are evaluated with. */
export interface RuleEngine {
  /** How patterns are matched. */
  readonly patterns: Patterns;
  /** Absent: nobody wants to know how long it takes. */
  readonly times?: RuleTimes | undefined;
}

/** What objects of a definition are held to. */
export interface CustomEngine extends RuleEngine {
  /** Whether the definition is on its way out, so that nothing new is made. Absent: it was when the kinds were made. */
  isTerminating?(): boolean;
}

/** What the objects of one version of a custom resource are held to: its schema, then the rules in it. */
export class CustomChecks {
  readonly #schema: JsonSchema;
  readonly #statusSchema: JsonSchema;
  readonly #validator: StructuralValidator;
  readonly #statusValidator: StructuralValidator;
  readonly #rules: RuleValidator;
  readonly #scale: ScalePaths | undefined;

  constructor(schema: JsonSchema, { patterns, times }: RuleEngine, scale: ScalePaths | undefined) {
    this.#schema = schema;
    this.#statusSchema = schema.properties?.['status'] ?? {};
    this.#validator = new StructuralValidator(schema, patterns);
    this.#statusValidator = new StructuralValidator(this.#statusSchema, patterns);
    this.#rules = new RuleValidator(schema, patterns, times);
    this.#scale = scale;
  }

  /** What was wrong already with what an update leaves alone is not told again (KEP-4008). */
  whole(object: Whole, previous: Whole | undefined, at: Field): void {
    this.#validator.validate(object, at, beforeOf(previous));
    this.#checkNumber(object, this.#scale?.specReplicasPath, at);
    this.#checkScaleStatus(object, at);
    validateEmbedded(object, this.#schema, at);
    this.#listsAndRules(object, previous, at);
  }

  /** Of an update of the status only what it writes is held to the schema, all to the rules. */
  status(object: Whole, previous: Whole, at: Field): void {
    if (object.status !== undefined) {
      const found = new Field();
      // Paths in what is said begin within the status, as upstream has it; the places themselves do not.
      this.#statusValidator.validate(
        object.status,
        found,
        previous.status === undefined ? undefined : { value: previous.status },
      );
      for (const error of found.errors) at.errors.push({ ...error, field: withinStatus(error.field) });
    }
    this.#checkScaleStatus(object, at);
    this.#listsAndRules(object, previous, at);
  }

  #listsAndRules(object: Whole, previous: Whole | undefined, at: Field): void {
    if (!previous || !this.#hasListErrors(previous)) validateListTypes(object, this.#schema, at);
    if (!this.#rules.hasRules) return;
    const isBlocked = at.errors.some(({ reason }) => BLOCKING.has(reason));
    const words =
      'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
    if (isBlocked) new Field('<nil>', at.errors).invalid(null, words);
    else this.#rules.validate(object, at, beforeOf(previous));
  }

  #hasListErrors(previous: Whole): boolean {
    const at = new Field();
    validateListTypes(previous, this.#schema, at);
    return at.errors.length > 0;
  }

  #checkScaleStatus(object: Whole, at: Field): void {
    this.#checkNumber(object, this.#scale?.statusReplicasPath, at);
    const { labelSelectorPath } = this.#scale ?? {};
    if (labelSelectorPath === undefined) return;
    const found = valueAt(object, labelSelectorPath);
    const fault =
      'fault' in found
        ? found.fault
        : typeof found.value === 'string' || found.value === undefined
          ? undefined
          : wrongType(labelSelectorPath, found.value, 'string');
    if (fault) new Field(labelSelectorPath, at.errors).invalid('', fault);
  }

  #checkNumber(object: Whole, path: string | undefined, at: Field): void {
    if (path === undefined) return;
    const place = new Field(path, at.errors);
    const found = valueAt(object, path);
    if ('fault' in found) return place.invalid(0, found.fault);
    const { value } = found;
    if (value === undefined) return;
    if (typeof value !== 'bigint' && !isSafe(value)) place.invalid(0, wrongType(path, value, 'int64'));
    else if (value < 0) place.invalid(value, 'should be a non-negative integer');
    else if (value > INT32_MAX) place.invalid(value, `should be less than or equal to ${INT32_MAX}`);
  }
}

/** What is at a path of names, or why nothing can be there. */
function valueAt(object: Whole, path: string): { readonly value: unknown } | { readonly fault: string } {
  const names = path.replace(/^\./, '').split('.');
  let value: unknown = object;
  for (const [i, name] of names.entries()) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { fault: wrongType(`.${names.slice(0, i + 1).join('.')}`, value, 'map[string]interface{}') };
    value = (value as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) break;
  }
  return { value };
}

/** What is no bigint and has more digits came as a float. */
const isSafe = (value: unknown): value is number => Number.isSafeInteger(value);

const wrongType = (path: string, value: unknown, wanted: string): string =>
  `${path} accessor error: ${shownAsGo(value)} is of the type ${goTypeOf(value)}, expected ${wanted}`;

const withinStatus = (field: string): string => (field === '<nil>' ? 'status' : `status.${field.replace(/^\./, '')}`);

const beforeOf = (previous: Whole | undefined): Before | undefined => previous && { value: previous };
