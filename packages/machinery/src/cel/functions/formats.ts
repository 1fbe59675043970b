import {
  dns1035LabelErrors,
  dnsLabelErrors,
  dnsSubdomainErrors,
  labelValueErrors,
  maskTrailingDash,
  qualifiedNameErrors,
} from '../../names/names.ts';
import { formats as schemaFormats } from '../../structural/formats.ts';
import { type CostOf, flat, type Measured, PATTERN, scaled, TRAVERSAL } from '../cost.ts';
import { declare, type Overload } from '../declare.ts';
import { asOwn, CelError, noOverload, Opaque, Optional } from '../values.ts';
import { parseUrl } from './urls.ts';

/** The size of a pattern that names of objects could be matched with, for costs. */
const PATTERN_CHARS = 128;
/** The largest size of a format. */
const SIZE_MAX = 64;

type Judge = (text: string) => readonly string[];

/** A named format of texts. */
class CelFormat extends Opaque {
  readonly typeName = 'kubernetes.NamedFormat';
  readonly name: string;
  readonly errorsOf: Judge;

  constructor(name: string, errorsOf: Judge) {
    super();
    this.name = name;
    this.errorsOf = errorsOf;
  }

  override equals(other: unknown): boolean {
    if (!(other instanceof CelFormat)) throw noOverload();
    return this.name === other.name;
  }

  override get size(): number {
    return SIZE_MAX;
  }
}

const ofPrefix =
  (judge: Judge): Judge =>
  (text) =>
    judge(maskTrailingDash(text));
const ofSchema =
  (name: string, words: string): Judge =>
  (text) =>
    schemaFormats[name]?.(text) ? [] : [words];
const ofUri: Judge = (text) => {
  try {
    parseUrl(text);
    return [];
  } catch (error) {
    if (error instanceof CelError) return [error.message];
    throw error;
  }
};

const JUDGES: Readonly<Record<string, Judge>> = {
  dns1123Label: dnsLabelErrors,
  dns1123Subdomain: dnsSubdomainErrors,
  dns1035Label: dns1035LabelErrors,
  qualifiedName: qualifiedNameErrors,
  dns1123LabelPrefix: ofPrefix(dnsLabelErrors),
  dns1123SubdomainPrefix: ofPrefix(dnsSubdomainErrors),
  dns1035LabelPrefix: ofPrefix(dns1035LabelErrors),
  labelValue: labelValueErrors,
  uri: ofUri,
  uuid: ofSchema('uuid', 'does not match the UUID format'),
  byte: ofSchema('byte', 'invalid base64'),
  date: ofSchema('date', 'invalid date'),
  datetime: ofSchema('datetime', 'invalid datetime'),
};
const byName: ReadonlyMap<string, CelFormat> = new Map(
  Object.entries(JUDGES).map(([name, judge]) => [name, new CelFormat(name, judge)]),
);

function validate({ errorsOf }: CelFormat, text: string): Optional {
  const errors = errorsOf(text);
  return errors.length === 0 ? new Optional(false) : new Optional(true, asOwn([...errors]));
}

function named(name: string): Optional {
  const found = byName.get(name);
  return found ? new Optional(true, found) : new Optional(false);
}

const judging: CostOf = (_, text) => ({
  cost: scaled(scaled((text as Measured).size, TRAVERSAL), PATTERN_CHARS * PATTERN),
});

/** Formats of names and of OpenAPI (KEP-2876, "format library"). */
export const formats: readonly Overload[] = [
  declare('validate(this kubernetes.NamedFormat, string) -> optional(list(string))', validate, judging),
  declare('format.named(string) -> optional(kubernetes.NamedFormat)', named, flat(1)),
  ...[...byName].map(([name, format]) => declare(`format.${name}() -> kubernetes.NamedFormat`, () => format)),
];
