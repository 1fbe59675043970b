/** One thing that the test helper can be: its first argument names it. A process that is still listening goes on. */
export interface Role {
  readonly name: string;
  /** Flags by name, with their defaults: a string takes a value, a boolean needs none. */
  readonly flags: Readonly<Record<string, string | boolean>>;
  run(input: RoleInput): void | Promise<void>;
}

export interface RoleInput {
  readonly flags: Flags;
  /** What is not a flag. */
  readonly words: readonly string[];
}

export interface Flags {
  text(name: string): string;
  number(name: string): number;
  isSet(name: string): boolean;
}

export function defineRole(role: Role): Role {
  return Object.freeze(role);
}

/** What the caller did wrong, or what did not work: printed as it is, exit code 1. */
export class RoleError extends Error {
  override readonly name = 'RoleError';
}

/** One line a request, as the tests look for them in a container's log. */
export function log(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}
