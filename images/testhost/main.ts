import { basename } from 'node:path';
import { parseFlags } from './flags.ts';
import { RoleError } from './role.ts';
import { roles } from './roles/index.ts';

// The helper of tests that need something to happen inside a pod: `navarch-testhost ROLE [FLAGS]`.

process.umask(0o022);
// Process 1 of a container sees only the signals that it asks for.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));

const [name = 'pause', ...args] = process.argv.slice(2);
const role = roles.find((candidate) => candidate.name === name);

try {
  if (!role)
    throw new RoleError(
      `unknown role ${JSON.stringify(name)}; ${basename(process.argv[1] ?? '')} can be ${roles.map((one) => one.name).join(', ')}`,
    );
  // Its own words, dashes and all: nothing of them is ours.
  await role.run(role.name === 'entrypoint-tester' ? { ...parseFlags(role, []), words: args } : parseFlags(role, args));
} catch (error) {
  process.stderr.write(
    `${error instanceof Error ? (error instanceof RoleError ? error.message : error.stack) : String(error)}\n`,
  );
  process.exitCode = 1;
}
