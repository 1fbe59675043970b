import { CONTAINER_NAME, POD_NAME, POD_NAMESPACE, POD_UID } from '../container-config.ts';
import type { Container, ContainerRuntime } from '../cri/index.ts';
import { RpcError } from '../rpc/rpc-error.ts';
import { HttpRefusal, notFound } from './refusal.ts';

/** The pod that a path names, and perhaps which one of that name. */
export interface PodPath {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string | undefined;
}

export interface CommandStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** A request for a connection to a pod. */
export type StreamRequest =
  | (PodPath & {
      readonly what: 'exec';
      readonly container: string;
      readonly command: readonly string[];
      readonly streams: CommandStreams;
    })
  | (PodPath & { readonly what: 'attach'; readonly container: string; readonly streams: CommandStreams })
  | (PodPath & { readonly what: 'portForward'; readonly ports: readonly number[] });

/** Reads `/exec/NAMESPACE/POD[/UID]/CONTAINER` and the like. Throws HttpRefusal. */
export function streamRequest(parts: readonly string[], query: URLSearchParams): StreamRequest {
  const [what, namespace = '', pod = ''] = parts;
  if (what === 'portForward' && (parts.length === 3 || parts.length === 4)) {
    return { what, namespace, pod, uid: parts[3], ports: portsOf(query) };
  }
  if ((what !== 'exec' && what !== 'attach') || (parts.length !== 4 && parts.length !== 5)) throw notFound();
  const container = parts.at(-1) ?? '';
  const path = { namespace, pod, uid: parts.length === 5 ? parts[3] : undefined, container, streams: streamsOf(query) };
  return what === 'exec' ? { ...path, what, command: query.getAll('command') } : { ...path, what };
}

/** A terminal has one output: what goes to stderr arrives on stdout. */
function streamsOf(query: URLSearchParams): CommandStreams {
  const has = (name: string): boolean => query.get(name) === '1';
  const tty = has('tty');
  const streams = { stdin: has('input'), stdout: has('output'), stderr: has('error') && !tty, tty };
  if (!streams.stdin && !streams.stdout && !streams.stderr)
    throw new HttpRefusal(400, 'you must specify at least 1 of stdin, stdout, stderr');
  return streams;
}

function portsOf(query: URLSearchParams): readonly number[] {
  return query.getAll('port').flatMap((text) => {
    if (text === '') throw new HttpRefusal(400, 'query parameter "port" cannot be empty');
    return text.split(',').map((part) => {
      const port = /^\d{1,5}$/.test(part) ? Number(part) : Number.NaN;
      if (!(port <= 65_535))
        throw new HttpRefusal(400, `unable to parse ${JSON.stringify(text)} as a port: invalid syntax`);
      if (port < 1) throw new HttpRefusal(400, `port ${JSON.stringify(text)} must be > 0`);
      return port;
    });
  });
}

/** Where the runtime serves the streams of a request: an address good for one connection, soon. Throws HttpRefusal. */
export async function streamAddress(
  runtime: ContainerRuntime,
  request: StreamRequest,
  signal: AbortSignal,
): Promise<string> {
  try {
    if (request.what === 'portForward') {
      const podSandboxId = await sandboxOf(runtime, request, signal);
      return (await runtime.portForward({ podSandboxId, port: request.ports }, signal)).url;
    }
    const containerId = await runningContainer(runtime, request, signal);
    const { streams } = request;
    if (request.what === 'attach') return (await runtime.attach({ containerId, ...streams }, signal)).url;
    return (await runtime.exec({ containerId, cmd: request.command, ...streams }, signal)).url;
  } catch (error) {
    if (error instanceof RpcError)
      throw new HttpRefusal(
        error.code === 'NOT_FOUND' ? 404 : error.code === 'RESOURCE_EXHAUSTED' ? 429 : 500,
        error.message,
      );
    throw error;
  }
}

async function sandboxOf(runtime: ContainerRuntime, path: PodPath, signal: AbortSignal): Promise<string> {
  const { items } = await runtime.listPodSandbox(
    { filter: { labelSelector: podLabels(path), state: { state: 'SANDBOX_READY' } } },
    signal,
  );
  const [found] = items.toSorted((a, b) => b.createdAt - a.createdAt);
  if (!found) throw new HttpRefusal(404, 'pod does not exist');
  return found.id;
}

export async function runningContainer(
  runtime: Pick<ContainerRuntime, 'listContainers'>,
  { container, ...path }: PodPath & { readonly container: string; readonly what?: StreamRequest['what'] },
  signal: AbortSignal,
): Promise<string> {
  const [found] = await instances(runtime, path, container, signal);
  if (found?.state === 'CONTAINER_RUNNING') return found.id;
  throw new HttpRefusal(
    500,
    path.what === 'attach'
      ? `container ${container} not found in pod ${path.pod}_${path.namespace}`
      : `container not found (${JSON.stringify(container)})`,
  );
}

/** All instances of a container, newest first. */
export async function instances(
  runtime: Pick<ContainerRuntime, 'listContainers'>,
  path: PodPath,
  container: string,
  signal: AbortSignal,
): Promise<readonly Container[]> {
  const labelSelector = { ...podLabels(path), [CONTAINER_NAME]: container };
  const { containers } = await runtime.listContainers({ filter: { labelSelector } }, signal);
  return containers.toSorted((a, b) => b.createdAt - a.createdAt);
}

const podLabels = ({ namespace, pod, uid }: PodPath): Readonly<Record<string, string>> => ({
  [POD_NAMESPACE]: namespace,
  [POD_NAME]: pod,
  ...(uid ? { [POD_UID]: uid } : {}),
});
