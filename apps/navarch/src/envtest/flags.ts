import { UserError } from '../user-error.ts';

/** What a flag takes. A `list` may be repeated and holds values apart by commas. */
type Type = 'text' | 'list' | 'switch';
export type FlagTable = Readonly<Record<string, readonly [type: Type, about: string]>>;
export type Flags = ReadonlyMap<string, readonly string[]>;

/** Reads `--name=value`, `--name value` and `--switch` as Go's flag packages do. Throws UserError for what the table does not know. */
export function readFlags(args: readonly string[], table: FlagTable): Flags {
  const found = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const match = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(args[i] ?? '');
    if (!match) throw new UserError(`unknown command ${JSON.stringify(args[i])}`);
    const [, name = '', given] = match;
    const type = table[name]?.[0];
    if (!type) throw new UserError(`unknown flag: --${name}`);
    const value = given ?? (type === 'switch' ? 'true' : args[++i]);
    if (value === undefined) throw new UserError(`flag needs an argument: --${name}`);
    const values = type === 'list' ? value.split(',').filter((one) => one !== '') : [value];
    found.set(name, type === 'list' ? [...(found.get(name) ?? []), ...values] : values);
  }
  return found;
}

export const helpOf = (program: string, about: string, table: FlagTable): string =>
  `${about}\n\nUsage:\n  ${program} [flags]\n\nFlags:\n${Object.entries(table).map(([name, [type, text]]) => `      --${name}${type === 'switch' ? '' : ' string'}   ${text}`).join('\n')}\n`;

/** The one value of a flag that must be there. */
export function needed(flags: Flags, name: string): string {
  const value = flags.get(name)?.[0];
  if (!value) throw new UserError(`--${name} must be specified`);
  return value;
}
