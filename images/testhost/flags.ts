import { type Flags, type Role, RoleError, type RoleInput } from './role.ts';

/** Flags as Go's programs take them: `--port 80`, `--port=80`, `--close`, `--close=false`, one dash or two. */
export function parseFlags(role: Role, args: readonly string[]): RoleInput {
  const values = new Map(Object.entries(role.flags));
  const words: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    const match = /^--?([a-zA-Z][\w-]*)(?:=([\s\S]*))?$/.exec(arg);
    if (arg === '--') {
      words.push(...args.slice(at + 1));
      break;
    }
    if (!match) {
      words.push(arg);
      continue;
    }
    const [, name = '', given] = match;
    const known = values.get(name);
    if (known === undefined) throw new RoleError(`unknown flag: --${name}`);
    if (typeof known === 'boolean') values.set(name, given === undefined || given === 'true');
    else {
      const value = given ?? args[(at += 1)];
      if (value === undefined) throw new RoleError(`flag needs an argument: --${name}`);
      values.set(name, value);
    }
  }
  return { flags: flagsOf(values), words };
}

function flagsOf(values: ReadonlyMap<string, string | boolean>): Flags {
  const text = (name: string): string => String(values.get(name) ?? '');
  return {
    text,
    number(name) {
      const value = Number(text(name));
      if (!Number.isFinite(value))
        throw new RoleError(`invalid argument ${JSON.stringify(text(name))} for --${name}: must be a number`);
      return value;
    },
    isSet: (name) => values.get(name) === true,
  };
}

/** A duration as Go writes it, `1m30s` or `500ms`, in milliseconds; undefined when it is none. */
export function durationMs(text: string): number | undefined {
  if (text === '' || text === '0') return 0;
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 0.001 };
  if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|us|s))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|us|s)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0),
    0,
  );
}
