import { failure, type Status, StatusError } from '@navarch/machinery';
import type { ProxyTarget } from '../request.ts';
import type { ExtensionAnswer, ExtensionServers } from './extension-servers.ts';

/** Components that ask give up after so long; what they want is of now. */
const TIMEOUT_MS = 30_000;

/** What an extension server answers to a GET, parsed. Throws StatusError for a refusal, and where no answer comes. */
export async function readExtension({ path, extension }: ProxyTarget, servers: ExtensionServers): Promise<unknown> {
  if (!extension) throw unavailable();
  const { status, body } = await asked(servers, extension, path);
  const value = parsed(body);
  if (status === 200 && value !== undefined) return value;
  if ((value as Partial<Status> | undefined)?.kind === 'Status') throw new StatusError(value as Status);
  if (status === 404) throw failure('NotFound', 'the server could not find the requested resource');
  throw status === 503
    ? unavailable()
    : failure('InternalError', `the server answered ${status}: ${body.slice(0, 500)}`);
}

async function asked(
  servers: ExtensionServers,
  { server, headers }: NonNullable<ProxyTarget['extension']>,
  path: string,
): Promise<ExtensionAnswer> {
  try {
    return await servers.get(server, path, { ...headers, accept: 'application/json' }, TIMEOUT_MS);
  } catch (error) {
    throw failure('ServiceUnavailable', error instanceof Error ? error.message : String(error), {}, { cause: error });
  }
}

const unavailable = (): StatusError =>
  failure('ServiceUnavailable', 'the server is currently unable to handle the request');

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
