import { bindInside, LeadsOut, ownTree, readInside } from './safe-path.ts';

// `remote-files.worker.ts NAME ARGUMENTS`: one piece of work on a volume that may never answer, in a process that may be killed.
// Prints a line now and then while it gets on, and at last what came of it, as JSON. Ends with 2 where a path leads out.

const [name = '', json = '[]'] = process.argv.slice(2);
const [root, ...rest] = JSON.parse(json) as readonly [string, ...unknown[]];
const TELL_MS = 1_000;
let toldAt = performance.now();

function gotOn(): void {
  if (performance.now() - toldAt < TELL_MS) return;
  toldAt = performance.now();
  process.stdout.write('\n');
}

async function work(): Promise<string> {
  if (name === 'own') await ownTree(root, ...(rest as [number, Parameters<typeof ownTree>[2]]), gotOn);
  if (name === 'bind') await bindInside(root, ...(rest as [string, string]), new AbortController().signal);
  if (name !== 'read') return 'null';
  const bytes = await readInside(root, ...(rest as [string, number]));
  return JSON.stringify(bytes ? Buffer.from(bytes).toString('base64') : null);
}

try {
  process.stdout.write(await work());
} catch (error) {
  process.stderr.write((error as Error).message);
  process.exitCode = error instanceof LeadsOut ? 2 : 1;
}
