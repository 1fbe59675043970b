import type { CompilePattern } from '../chain/patterns.ts';
import type { ServerBlock } from './config.ts';
import { CorefileError, type Directive } from './read-blocks.ts';

export interface PluginContext {
  readonly files: ReadonlyMap<string, string>;
  readonly compile: CompilePattern;
  /** What the plugins before it made of the block. */
  readonly block: ServerBlock;
}

/** A plugin of CoreDNS, as far as its directive is understood here. */
export interface Plugin {
  readonly name: string;
  /** It may be there several times. */
  readonly isRepeated?: boolean;
  /** What it adds to its server block. Throws CorefileError. */
  read(directive: Directive, context: PluginContext): Partial<ServerBlock>;
}

/** For options that are not understood: who wrote them counts on what they do. */
export function unknownOption(plugin: Directive, option: Directive): never {
  throw new CorefileError(option.line, `the option "${option.name}" of ${plugin.name} is not supported`);
}

export function noArguments({ name, args, body, line }: Directive): void {
  if (args.length > 0 || body.length > 0) throw new CorefileError(line, `${name} takes no arguments here`);
}

export function numberOf(
  text: string | undefined,
  { name, line }: Directive,
  [min, max]: readonly [number, number],
): number {
  const value = /^\d{1,9}$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new CorefileError(line, `${name}: "${text ?? ''}" is not a number from ${min} to ${max}`);
  return value;
}

const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's `1m30s` in milliseconds. */
export function durationMs(text: string | undefined, { name, line }: Directive): number {
  const parts = [...(text ?? '').matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text)
    throw new CorefileError(line, `${name}: "${text ?? ''}" is not a time such as 5s`);
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ''] ?? 0), 0);
}

export function compiled(
  pattern: string,
  { name, line }: Directive,
  compile: CompilePattern,
): ReturnType<CompilePattern> {
  try {
    return compile(pattern);
  } catch (error) {
    if (error instanceof SyntaxError) throw new CorefileError(line, `${name}: ${error.message}`);
    throw error;
  }
}
