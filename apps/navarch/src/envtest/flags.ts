import { durationError, parseDuration } from '@navarch/machinery';
import { UserError } from '../user-error.ts';

/** What a flag takes. A `list` may be repeated and holds values apart by commas; what is `refused` upstream knows and we do not do. */
type Type = 'text' | 'list' | 'switch' | 'number' | 'float' | 'duration' | 'refused';
/** `only`: the values that are followed here; any other is refused. */
export type FlagTable = Readonly<Record<string, readonly [type: Type, about: string, only?: readonly string[]]>>;
export type Flags = ReadonlyMap<string, readonly string[]>;

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/**
 * Reads `--name=value`, `--name value` and `--switch` as Go's flag packages do; switches become `true` or `false`. Throws
 * UserError, in those packages' words, for what the table does not know and for values of another type.
 */
export function readFlags(args: readonly string[], table: FlagTable): Flags {
  const found = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const match = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(args[i] ?? '');
    if (!match) throw new UserError(`unknown command ${JSON.stringify(args[i])}`);
    const [, name = '', given] = match;
    const flag = table[name];
    if (!flag) throw new UserError(`unknown flag: --${name}`);
    const [type, about, only] = flag;
    if (type === 'refused') throw new UserError(`--${name} cannot be followed: ${about}`);
    const value = given ?? (type === 'switch' ? 'true' : args[++i]);
    if (value === undefined) throw new UserError(`flag needs an argument: --${name}`);
    const values = type === 'list' ? value.split(',').filter((one) => one !== '') : [read(name, type, value)];
    const wrong = only && values.find((one) => !only.some((other) => isSame(type, one, other)));
    if (wrong !== undefined) throw new UserError(`--${name}=${wrong} cannot be followed: ${about}`);
    found.set(name, type === 'list' ? [...(found.get(name) ?? []), ...values] : values);
  }
  return found;
}

function read(name: string, type: Type, value: string): string {
  const refused = (parser: string): UserError =>
    new UserError(
      `invalid argument ${JSON.stringify(value)} for "--${name}" flag: strconv.${parser}: parsing ${JSON.stringify(value)}: invalid syntax`,
    );
  if (type === 'switch') {
    if (!TRUE.has(value) && !FALSE.has(value)) throw refused('ParseBool');
    return String(TRUE.has(value));
  }
  if (type === 'number' && !/^[+-]?\d+$/.test(value)) throw refused('ParseInt');
  if (type === 'float' && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) throw refused('ParseFloat');
  const mistake = type === 'duration' ? durationError(value) : undefined;
  if (mistake) throw new UserError(`invalid argument ${JSON.stringify(value)} for "--${name}" flag: ${mistake}`);
  return value;
}

/** One minute is sixty seconds, and nought is nought. */
function isSame(type: Type, one: string, other: string): boolean {
  if (type === 'duration') return parseDuration(one) === parseDuration(other);
  return type === 'number' || type === 'float' ? Number(one) === Number(other) : one === other;
}

const SHOWN: Readonly<Record<Type, string>> = {
  text: ' string',
  list: ' strings',
  switch: '',
  number: ' int',
  float: ' float',
  duration: ' duration',
  refused: '',
};

/** What `--help` says: flags that are refused are not offered. */
export function helpOf(program: string, about: string, table: FlagTable): string {
  const offered = Object.entries(table).filter(([, [type]]) => type !== 'refused');
  const lines = offered.map(([name, [type, text]]) => `      --${name}${SHOWN[type]}   ${text}`);
  return `${about}\n\nUsage:\n  ${program} [flags]\n\nFlags:\n${lines.join('\n')}\n  -h, --help   this text\n      --version   the version\n`;
}

/** What upstream's program of that name says of its version, where it is asked. */
export const asksVersion = (args: readonly string[]): boolean =>
  args.some((arg) => /^--version(?:=(?:true|raw))?$/.test(arg));
export const asksHelp = (args: readonly string[]): boolean => args.includes('--help') || args.includes('-h');

/** The one value of a flag that must be there. */
export function needed(flags: Flags, name: string): string {
  const value = flags.get(name)?.[0];
  if (!value) throw new UserError(`--${name} must be specified`);
  return value;
}
