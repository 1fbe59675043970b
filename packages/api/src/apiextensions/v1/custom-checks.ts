import {
  type ApiObject, type Before, Field, type JsonSchema, type Patterns, type RuleTimes, RuleValidator, StructuralValidator, validateEmbedded, validateListTypes,
} from '@navarch/machinery';

/** After these the value may be too large or of another shape than rules can rely on. */
const BLOCKING = new Set<string>(['FieldValueNotSupported', 'FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid']);
const INT32_MAX = 2 ** 31 - 1;

type Whole = ApiObject & { readonly status?: unknown };

/** What rules are evaluated with. */
export interface RuleEngine {
  /** How patterns are matched. */
  readonly patterns: Patterns;
  /** Absent: nobody wants to know how long it takes. */
  readonly times?: RuleTimes | undefined;
}

/** What the objects of one version of a custom resource are held to: its schema, then the rules in it. */
export class CustomChecks {
  readonly #schema: JsonSchema;
  readonly #statusSchema: JsonSchema;
  readonly #validator: StructuralValidator;
  readonly #statusValidator: StructuralValidator;
  readonly #rules: RuleValidator;
  readonly #replicas: readonly string[];

  /** `specReplicasPath`: where the scale subresource has its number, `.spec.replicas`. */
  constructor(schema: JsonSchema, { patterns, times }: RuleEngine, specReplicasPath: string | undefined) {
    this.#schema = schema;
    this.#statusSchema = schema.properties?.['status'] ?? {};
    this.#validator = new StructuralValidator(schema, patterns);
    this.#statusValidator = new StructuralValidator(this.#statusSchema, patterns);
    this.#rules = new RuleValidator(schema, patterns, times);
    this.#replicas = specReplicasPath?.replace(/^\./, '').split('.') ?? [];
  }

  /** What was wrong already with what an update leaves alone is not told again (KEP-4008). */
  whole(object: Whole, previous: Whole | undefined, at: Field): void {
    this.#validator.validate(object, at, beforeOf(previous));
    this.#checkScale(object, at);
    validateEmbedded(object, this.#schema, at);
    this.#listsAndRules(object, previous, at);
  }

  /** Of an update of the status only what it writes is held to the schema, all to the rules. */
  status(object: Whole, previous: Whole, at: Field): void {
    if (object.status !== undefined) this.#statusValidator.validate(object.status, at.at('status'), previous.status === undefined ? undefined : { value: previous.status });
    this.#listsAndRules(object, previous, at);
  }

  #listsAndRules(object: Whole, previous: Whole | undefined, at: Field): void {
    if (!previous || !this.#hasListErrors(previous)) validateListTypes(object, this.#schema, at);
    if (!this.#rules.hasRules) return;
    const isBlocked = at.errors.some(({ reason }) => BLOCKING.has(reason));
    const words = 'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
    if (isBlocked) new Field('<nil>', at.errors).invalid(null, words);
    else this.#rules.validate(object, at, beforeOf(previous));
  }

  #hasListErrors(previous: Whole): boolean {
    const at = new Field();
    validateListTypes(previous, this.#schema, at);
    return at.errors.length > 0;
  }

  #checkScale(object: Whole, at: Field): void {
    if (this.#replicas.length === 0) return;
    let value: unknown = object;
    for (const name of this.#replicas) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
    if (typeof value !== 'number') return;
    const place = new Field(`.${this.#replicas.join('.')}`, at.errors);
    if (value < 0) place.invalid(value, 'should be a non-negative integer');
    else if (value > INT32_MAX) place.invalid(value, `should be less than or equal to ${INT32_MAX}`);
  }
}

const beforeOf = (previous: Whole | undefined): Before | undefined => previous && { value: previous };
