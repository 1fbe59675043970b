import { flat, traversing } from '../cost.ts';
import { declare, type Overload } from '../declare.ts';
import { CelError, noOverload, Opaque } from '../values.ts';

const NUMBER_MAX = 2n ** 64n - 1n;

/** A version by https://semver.org; what was built from it does not count. */
class CelSemver extends Opaque {
  readonly typeName = 'kubernetes.Semver';
  readonly numbers: readonly [major: bigint, minor: bigint, patch: bigint];
  readonly pre: readonly (string | bigint)[];

  constructor(numbers: CelSemver['numbers'], pre: CelSemver['pre']) {
    super();
    this.numbers = numbers;
    this.pre = pre;
  }

  compare(other: CelSemver): number {
    for (const [i, number] of this.numbers.entries()) {
      const theirs = other.numbers[i] as bigint;
      if (number !== theirs) return number < theirs ? -1 : 1;
    }
    return comparePre(this.pre, other.pre);
  }

  override equals(other: unknown): boolean {
    if (!(other instanceof CelSemver)) throw noOverload();
    return this.compare(other) === 0;
  }
}

/** What comes before a version is less than it. */
function comparePre(a: CelSemver['pre'], b: CelSemver['pre']): number {
  if (a.length === 0 || b.length === 0) return Math.sign(b.length - a.length);
  for (const [i, one] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    if (one === other) continue;
    // Numbers come before texts.
    if (typeof one !== typeof other) return typeof one === 'bigint' ? -1 : 1;
    return one < other ? -1 : 1;
  }
  return a.length < b.length ? -1 : 0;
}

const splitThree = (text: string): readonly string[] => {
  const [first = '', second, ...rest] = text.split('.');
  return [first, ...(second === undefined ? [] : [second]), ...(rest.length > 0 ? [rest.join('.')] : [])];
};

function parse(text: string): CelSemver {
  if (text === '') throw new CelError('Version string empty');
  const parts = splitThree(text);
  if (parts.length !== 3) throw new CelError('No Major.Minor.Patch elements found');
  const [major = '', minor = '', last = ''] = parts;
  const numbers = [number('Major', major), number('Minor', minor)] as const;
  const [before, build] = cut(last, '+');
  const [patch, pre] = cut(before, '-');
  const third = number('Patch', patch);
  const identifiers = pre === undefined ? [] : pre.split('.').map(identifier);
  for (const one of build === undefined ? [] : build.split('.')) {
    if (one === '') throw new CelError('Build meta data is empty');
    if (!/^[0-9A-Za-z-]+$/.test(one))
      throw new CelError(`Invalid character(s) found in build meta data ${JSON.stringify(one)}`);
  }
  return new CelSemver([...numbers, third], identifiers);
}

function cut(text: string, sign: string): readonly [before: string, after: string | undefined] {
  const at = text.indexOf(sign);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function number(name: string, text: string): bigint {
  if (!/^\d*$/.test(text))
    throw new CelError(`Invalid character(s) found in ${name.toLowerCase()} number ${JSON.stringify(text)}`);
  if (text.length > 1 && text.startsWith('0'))
    throw new CelError(`${name} number must not contain leading zeroes ${JSON.stringify(text)}`);
  if (text === '') throw new CelError('strconv.ParseUint: parsing "": invalid syntax');
  const value = BigInt(text);
  if (value > NUMBER_MAX) throw new CelError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`);
  return value;
}

function identifier(text: string): string | bigint {
  if (text === '') throw new CelError('Prerelease is empty');
  if (/^\d+$/.test(text)) {
    if (text.length > 1 && text.startsWith('0'))
      throw new CelError(`Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(text)}`);
    return BigInt(text);
  }
  if (!/^[0-9A-Za-z-]+$/.test(text))
    throw new CelError(`Invalid character(s) found in prerelease ${JSON.stringify(text)}`);
  return text;
}

/** With a `v` before it, fewer than three numbers and leading zeros. */
function normalized(text: string): CelSemver {
  const parts = splitThree(text.replace(/^v/, '')).map(trimmed);
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) ?? ''))
    throw new CelError('short version cannot contain PreRelease/Build meta data');
  while (parts.length < 3) parts.push('0');
  return parse(parts.join('.'));
}

/** Without the zeros before a number. */
function trimmed(part: string): string {
  if (part.length < 2) return part;
  const rest = part.replace(/^0+/, '');
  return /^\d/.test(rest) ? rest : `0${rest}`;
}

/** Throws CelError where it is none. */
export const semver = (text: string, isLoose = false): CelSemver => (isLoose ? normalized(text) : parse(text));

function isSemver(text: string, isLoose = false): boolean {
  try {
    return semver(text, isLoose) instanceof CelSemver;
  } catch (error) {
    if (error instanceof CelError) return false;
    throw error;
  }
}

const S = 'kubernetes.Semver';

/** Versions (KEP-5063). */
export const semvers: readonly Overload[] = [
  declare(`semver(string) -> ${S}`, semver, traversing()),
  declare(`semver(string, bool) -> ${S}`, semver, traversing()),
  declare('isSemver(string) -> bool', isSemver, traversing()),
  declare('isSemver(string, bool) -> bool', isSemver, traversing()),
  declare(`isGreaterThan(this ${S}, ${S}) -> bool`, (a: CelSemver, b: CelSemver) => a.compare(b) > 0),
  declare(`isLessThan(this ${S}, ${S}) -> bool`, (a: CelSemver, b: CelSemver) => a.compare(b) < 0),
  declare(`compareTo(this ${S}, ${S}) -> int`, (a: CelSemver, b: CelSemver) => BigInt(a.compare(b))),
  ...['major', 'minor', 'patch'].map((name, i) =>
    declare(`${name}(this ${S}) -> int`, ({ numbers }: CelSemver) => numbers[i], flat(1)),
  ),
];
