import { Command, CommanderError } from 'commander';
import { commandsFor } from './commands/index.ts';
import { shedCompiler } from './compile-cache.ts';
import { rootOf, sentenceOf, UserError } from './user-error.ts';
import { VERSION } from './version.ts';

/** Runs one command line. Resolves to the exit code; a mistake costs one sentence, never a stack trace. */
export async function runCli(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command('navarch')
    .description('A complete Kubernetes in TypeScript: one command to a cluster that runs real containers')
    .version(VERSION, '--version', 'print the version')
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for what this command takes)')
    .exitOverride();
  const called = commandsFor(argv[0]);
  for (const { load } of called)
    (await load())(program, (code) => {
      exitCode = code;
    });
  if (called.every(({ isDaemon }) => isDaemon)) shedCompiler();
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError('(add --help for what this command takes)');
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(`navarch: ${sentenceOf(error)}\n`);
    const root = rootOf(error);
    if (!(root instanceof UserError) && process.env['NAVARCH_DEBUG'])
      process.stderr.write(`${root instanceof Error ? root.stack : ''}\n`);
    return 1;
  }
}
