import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LeftOut } from './oracle.ts';
import { readJson, writeJson } from '@navarch/machinery';

const BUILD = join(import.meta.dirname, 'build');
/** Where distributions and Go's own archive put it, when PATH does not say. */
const PLACES = ['/usr/local/go/bin/go', '/usr/lib/go/bin/go'] as const;

/** The Go client: on the PATH, or where it is usually put. */
export const goProgram = (): string => PLACES.find((place) => existsSync(place)) ?? 'go';

export interface Finished {
  readonly code: number;
  readonly output: string;
}

/** Runs a program to its end and gives what it wrote. */
export function finished(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** True when Go is there, of a version that modules of 1.37 can be built with (older ones fetch it themselves). */
export const hasGo = async (): Promise<boolean> => (await finished(goProgram(), ['version'])).code === 0;

/** Builds the Go program of one folder here, and returns its path. Throws LeftOut without Go. */
export async function built(folder: string): Promise<string> {
  if (!(await hasGo())) throw new LeftOut('Go is not installed');
  const path = join(BUILD, folder);
  const { code, output } = await finished(goProgram(), ['build', '-o', path, '.'], {
    cwd: join(import.meta.dirname, folder),
  });
  if (code !== 0) throw new Error(`Cannot build oracles/${folder}:\n${output}`);
  return path;
}

/** Builds a program that a folder here names as a tool, and returns its path. Throws LeftOut without Go. */
export async function builtTool(folder: string, importPath: string): Promise<string> {
  if (!(await hasGo())) throw new LeftOut('Go is not installed');
  const path = join(BUILD, importPath.slice(importPath.lastIndexOf('/') + 1));
  const { code, output } = await finished(goProgram(), ['build', '-o', path, importPath], {
    cwd: join(import.meta.dirname, folder),
  });
  if (code !== 0) throw new Error(`Cannot build ${importPath}:\n${output}`);
  return path;
}

/** Builds the tests of one folder here as a program, and returns its path. Throws LeftOut without Go. */
export async function builtTest(folder: string): Promise<string> {
  if (!(await hasGo())) throw new LeftOut('Go is not installed');
  const path = join(BUILD, `${folder}.test`);
  const { code, output } = await finished(goProgram(), ['test', '-c', '-o', path, '.'], {
    cwd: join(import.meta.dirname, folder),
  });
  if (code !== 0) throw new Error(`Cannot build oracles/${folder}:\n${output}`);
  return path;
}

/** The folder of a module's source, in the version that another folder here names; the Go client fetches it when it is not there. */
export async function moduleFolder(module: string, namedBy = 'machinery'): Promise<string> {
  if (!(await hasGo())) throw new LeftOut('Go is not installed');
  const { code, output } = await finished(goProgram(), ['mod', 'download', '-json', module], {
    cwd: join(import.meta.dirname, namedBy),
  });
  if (code !== 0) throw new LeftOut(`the Go module ${module} cannot be fetched: ${output.trim()}`);
  return (readJson(output) as { readonly Dir: string }).Dir;
}

/** Puts questions, a line each, to a program that answers each with a line. */
export async function ask(program: string, questions: readonly unknown[]): Promise<readonly unknown[]> {
  const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers: unknown[] = [];
  const reading = (async () => {
    for await (const line of createInterface(child.stdout)) answers.push(readJson(line));
  })();
  for (const question of questions) child.stdin.write(`${writeJson(question)}\n`);
  child.stdin.end();
  await reading;
  if (answers.length !== questions.length)
    throw new Error(`${program} answered ${answers.length} of ${questions.length} questions`);
  return answers;
}
