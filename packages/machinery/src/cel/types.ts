/** A type of the Common Expression Language, as values: `list(string)` is { name: 'list', params: [string] }. */
export interface CelType {
  readonly kind: 'simple' | 'dyn' | 'error' | 'list' | 'map' | 'type' | 'opaque' | 'object' | 'param';
  readonly name: string;
  readonly params: readonly CelType[];
  /** Of an object whose fields are known: the type of one; undefined where it has no such field. */
  readonly field?: ((name: string) => CelType | undefined) | undefined;
}

const simple = (name: string): CelType => Object.freeze({ kind: 'simple', name, params: [] });

export const dyn: CelType = Object.freeze({ kind: 'dyn', name: 'dyn', params: [] });
/** Stands where an error was told already: nothing more is said of it. */
export const errorType: CelType = Object.freeze({ kind: 'error', name: '!error!', params: [] });
export const bool = simple('bool');
export const int = simple('int');
export const uint = simple('uint');
export const double = simple('double');
export const string = simple('string');
export const bytes = simple('bytes');
export const nullType = simple('null_type');
export const timestamp = simple('google.protobuf.Timestamp');
export const duration = simple('google.protobuf.Duration');
/** The type of types. */
export const anyType: CelType = Object.freeze({ kind: 'type', name: 'type', params: [] });

export const listOf = (item: CelType): CelType => ({ kind: 'list', name: 'list', params: [item] });
export const mapOf = (key: CelType, value: CelType): CelType => ({ kind: 'map', name: 'map', params: [key, value] });
export const typeOfType = (of: CelType): CelType => ({ kind: 'type', name: 'type', params: [of] });
const opaque = (name: string, ...params: readonly CelType[]): CelType => ({ kind: 'opaque', name, params });
export const optionalOf = (of: CelType): CelType => opaque('optional_type', of);
export const param = (name: string): CelType => ({ kind: 'param', name, params: [] });

/** A type with fields of its own; without `field` it has none that can be named. */
export const object = (name: string, field?: CelType['field']): CelType => ({
  kind: 'object',
  name,
  params: [],
  field,
});

export const isOptionalType = ({ name, kind }: CelType): boolean => kind === 'opaque' && name === 'optional_type';

export const isDynamic = ({ kind }: CelType): boolean => kind === 'dyn' || kind === 'error';

/** What an optional type is of; the type itself where it is none. */
export const unwrapped = (type: CelType): CelType => (isOptionalType(type) ? (type.params[0] ?? dyn) : type);

export function sameType(a: CelType, b: CelType): boolean {
  return (
    a === b ||
    (a.kind === b.kind &&
      a.name === b.name &&
      a.params.length === b.params.length &&
      a.params.every((one, i) => sameType(one, b.params[i] as CelType)))
  );
}

/** Names that messages give to some types. */
const SPOKEN: Readonly<Record<string, string>> = {
  null_type: 'null',
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Duration': 'duration',
};

/** As messages show it: `map(string, list(int))`. */
export function formatType({ kind, name, params }: CelType): string {
  const spoken = kind === 'simple' ? (SPOKEN[name] ?? name) : name;
  return params.length === 0 ? spoken : `${spoken}(${params.map(formatType).join(', ')})`;
}

const NAMED: Readonly<Record<string, CelType>> = {
  dyn,
  bool,
  int,
  uint,
  double,
  string,
  bytes,
  null: nullType,
  timestamp,
  duration,
  type: anyType,
};

/**
 * Reads types as declarations write them: `int`, `list(T)`, `map(K, V)`, `optional(T)`, `kubernetes.Quantity`. One
 * capital letter is a parameter; a name with a dot is an object, one that begins with `net.` opaque.
 */
export function parseType(text: string): CelType {
  const [, name = '', inner] = /^([\w.]+)(?:\((.*)\))?$/.exec(text.trim()) ?? [];
  const params = inner === undefined ? [] : splitTypes(inner).map(parseType);
  const [first = dyn, second = dyn] = params;
  switch (name) {
    case 'list':
      return listOf(first);
    case 'map':
      return mapOf(first, second);
    case 'optional':
      return optionalOf(first);
    case 'type':
      return inner === undefined ? anyType : typeOfType(first);
    default:
  }
  if (/^[A-Z]$/.test(name)) return param(name);
  const named = NAMED[name];
  if (named) return named;
  if (!name.includes('.')) throw new Error(`Cannot read the type ${JSON.stringify(text)}`);
  return name.startsWith('net.') ? opaque(name) : object(name);
}

/** The parts between the commas that are in no parentheses. */
export function splitTypes(text: string): readonly string[] {
  const parts: string[] = [];
  let [depth, from] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  const last = text.slice(from);
  return last.trim() === '' && parts.length === 0 ? [] : [...parts, last];
}
