import type { ServerResponse } from 'node:http';
import { type cri, HttpRefusal, notFound, runningContainer } from '@navarch/kubelet';

/** POST /run/NAMESPACE/POD[/UID]/CONTAINER?cmd=...: runs a command to its end and sends what it said. Throws HttpRefusal. */
export async function runOnce(
  runtime: cri.ContainerRuntime,
  parts: readonly string[],
  query: URLSearchParams,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  if (parts.length !== 3 && parts.length !== 4) throw notFound();
  const [namespace = '', pod = ''] = parts;
  const path = { namespace, pod, uid: parts.length === 4 ? parts[2] : undefined, container: parts.at(-1) ?? '' };
  const containerId = await runningContainer(runtime, path, signal);
  const cmd = (query.get('cmd') ?? '').split(' ').filter((word) => word !== '');
  const { stdout, stderr, exitCode } = await runtime.execSync({ containerId, cmd }, signal);
  const said = Buffer.concat([stdout, stderr]);
  if (exitCode !== 0)
    throw new HttpRefusal(500, `command '${cmd.join(' ')}' exited with ${exitCode}: ${said.toString()}`);
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(said);
}
