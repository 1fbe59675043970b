import { existsSync } from 'node:fs';
import { httpTransport, loadAccess } from '@navarch/node/client';
import type { Explanation } from '@navarch/scheduler';
import { layoutOf } from '../cluster/layout.ts';
import { clusterOption } from '../cluster/usual-cluster.ts';
import { UserError } from '../user-error.ts';
import { placementPath } from '../why/asked-about.ts';
import { explanationText } from '../why/explanation-text.ts';
import type { Declare } from './declare.ts';

/** A cluster of many pods is thought about for a second or two, and one question waits for the other. */
const ANSWER_MS = 60_000;
const BYTES_MAX = 16 * 1024 * 1024;

const HELP = `
Each change that it names was tried on a copy of the cluster with the scheduler's own rules: with it the pod fits.

Examples:
  ./navarch why pod/web-0 -n shop
  ./navarch why deployment/web            the pod of it that waits, or why it has too few
  ./navarch why job/import -o json        for programs: what kubectl get --raw shows
`;

interface Flags {
  readonly name: string;
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly output?: string;
}

export const declareWhy: Declare = (program) => {
  program
    .command('why')
    .description('Say why a pod waits for a node, or is where it is, and which smallest changes would help')
    .argument('<pod>', 'a pod, or what makes pods: web-0, pod/web-0, deployment/web, job/import')
    .option('-n, --namespace <namespace>', 'namespace that it is in', 'default')
    .option('-o, --output <format>', 'json: the whole answer, for programs')
    .addOption(clusterOption())
    .option(
      '--kubeconfig <file>',
      'how to reach the cluster (default: as the administrator of the one on this machine)',
    )
    .addHelpText('after', HELP)
    .action(async (asked: string, flags: Flags) => {
      if (flags.output !== undefined && flags.output !== 'json')
        throw new UserError(`--output takes json, not ${JSON.stringify(flags.output)}`);
      const path = placementPath(asked, flags.namespace);
      const text = await read(fileOf(flags), path);
      process.stdout.write(flags.output === 'json' ? `${text}\n` : explanationText(JSON.parse(text) as Explanation));
    });
};

function fileOf(flags: Flags): string {
  const layout = layoutOf(flags.name);
  const file = flags.kubeconfig ?? layout.adminKubeconfig;
  if (existsSync(file)) return file;
  throw new UserError(
    flags.kubeconfig
      ? `there is no file ${file}`
      : `there is no cluster ${layout.name} on this machine: start one with \`navarch up\`, or give --kubeconfig`,
  );
}

/** What the API says at the path. Throws UserError with the server's words where it refuses. */
async function read(kubeconfig: string, path: string): Promise<string> {
  using transport = httpTransport(loadAccess(kubeconfig));
  const headers = { accept: 'application/json', 'user-agent': 'navarch' };
  const { status, body } = await transport.send({ method: 'GET', path, headers }, AbortSignal.timeout(ANSWER_MS));
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > BYTES_MAX) throw new UserError('the answer is far too long: is that a server of Navarch?');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  if (status === 200) return text;
  throw new UserError(messageIn(text) ?? `the server answers ${status}`);
}

/** Of a Status: what a server says that does not know placements is said in our words. */
function messageIn(text: string): string | undefined {
  try {
    const { message, details } = JSON.parse(text) as {
      readonly message?: string;
      readonly details?: { readonly name?: string };
    };
    return details?.name === undefined && message?.startsWith('the server could not find')
      ? 'this server does not tell placements: only those of Navarch with a scheduler do'
      : message;
  } catch {
    return undefined;
  }
}
