import type { Status } from '@navarch/machinery';
import type { TestContext } from './conformance-test.ts';
import { openSocket } from './sockets.ts';

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  /** What the process ended with; undefined where none was started. */
  readonly code: number | undefined;
  readonly message: string;
}

/** Runs a command in a container and gives all that came of it. */
export async function execute(
  context: TestContext,
  pod: string,
  command: readonly string[],
  container?: string,
): Promise<ExecResult> {
  const query = new URLSearchParams([
    ...command.map((word) => ['command', word]),
    ['stdout', 'true'],
    ['stderr', 'true'],
    ...(container ? [['container', container]] : []),
  ]);
  const socket = await openSocket(context, `/api/v1/namespaces/${context.namespace}/pods/${pod}/exec?${query}`, [
    'v5.channel.k8s.io',
  ]);
  await socket.closed;
  const textOf = (channel: number): string =>
    Buffer.concat(socket.messages.filter((m) => m[0] === channel).map((m) => m.subarray(1))).toString();
  const status = JSON.parse(textOf(3)) as Status & {
    readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
  };
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  const code = status.status === 'Success' ? 0 : cause === undefined ? undefined : Number(cause);
  return { stdout: textOf(1), stderr: textOf(2), code, message: status.message ?? '' };
}

/** Runs a command in a container, which must succeed, and gives what it wrote. */
export async function outputOfExec(
  context: TestContext,
  pod: string,
  command: readonly string[],
  container?: string,
): Promise<string> {
  const { stdout, stderr, code, message } = await execute(context, pod, command, container);
  if (code !== 0)
    throw new Error(
      `${command.join(' ')} in pod ${pod} ended with ${code ?? 'nothing'}: ${message}\n${stderr}${stdout}`,
    );
  return stdout;
}
