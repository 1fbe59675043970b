import { timingSafeEqual } from 'node:crypto';
import type { HttpTransport } from '@navarch/client';
import { httpTransport } from '@navarch/node/client';
import { detachedSignature, publicKeyPin } from '@navarch/node/pki';
import { load } from 'js-yaml';
import { UserError } from '../user-error.ts';
import type { JoinToken } from './join-token.ts';

const PATH = '/api/v1/namespaces/kube-public/configmaps/cluster-info';
const BYTES_MAX = 1024 * 1024;

interface ClusterInfo {
  readonly kubeconfig: string;
  /** The signature by the token in hand; undefined when there is none. */
  readonly signature: string | undefined;
}

/**
 * Finds out the cluster's authority without trusting anybody: what the server says counts only when it is signed with
 * the token's secret and its public key is the one the token names. Nothing secret is sent before that. Resolves to PEM.
 */
export async function discoverAuthority(
  server: string,
  token: JoinToken & { readonly pin: string },
  signal: AbortSignal,
): Promise<string> {
  const claimed = await ask(server, undefined, token, signal);
  const authority = authorityIn(claimed, server, token);
  // Once more over a connection that this authority vouches for: who answered before need not be the server.
  const confirmed = await ask(server, authority, token, signal);
  if (confirmed.kubeconfig !== claimed.kubeconfig)
    throw new UserError(
      `${server} gave two different answers about its authority: somebody may be answering in its place`,
    );
  return authority;
}

function authorityIn(
  { kubeconfig, signature }: ClusterInfo,
  server: string,
  token: JoinToken & { readonly pin: string },
): string {
  if (signature === undefined)
    throw new UserError(
      `${server} does not know the token ${token.id}, or it has expired: make another with \`navarch token create\` on the server`,
    );
  if (!isEqual(signature, detachedSignature(kubeconfig, token.id, token.secret))) {
    throw new UserError(
      `what ${server} says of itself is not signed with the token ${token.id}: either the token is mistyped, or somebody is answering in the server's place`,
    );
  }
  const config = load(kubeconfig) as
    | { readonly clusters?: readonly { readonly cluster?: Readonly<Record<string, unknown>> }[] }
    | undefined;
  const data = config?.clusters?.[0]?.cluster?.['certificate-authority-data'];
  if (typeof data !== 'string')
    throw new UserError(`${server} does not name its certificate authority in kube-public/cluster-info`);
  const authority = Buffer.from(data, 'base64').toString();
  const pin = pinOf(authority);
  if (pin !== token.pin)
    throw new UserError(
      `the certificate authority of ${server} is ${pin}, not ${token.pin} as the token says: somebody may be answering in the server's place; nothing was sent`,
    );
  return authority;
}

function pinOf(authority: string): string {
  try {
    return publicKeyPin(authority);
  } catch {
    return 'no certificate at all';
  }
}

/** Reads what everybody may read. Without an authority the connection is only as good as the signature on the answer. */
async function ask(
  server: string,
  authority: string | undefined,
  { id }: JoinToken,
  signal: AbortSignal,
): Promise<ClusterInfo> {
  using transport = httpTransport({ server, ...(authority ? { authority } : { isInsecure: true }) });
  const { status, text } = await read(transport, signal);
  if (status !== 200)
    throw new UserError(
      `${server} does not tell how to join it (it answered ${status} for kube-public/cluster-info): is it a Navarch server?`,
    );
  try {
    const { data } = JSON.parse(text) as { readonly data?: Readonly<Record<string, string>> };
    return { kubeconfig: data?.['kubeconfig'] ?? '', signature: data?.[`jws-kubeconfig-${id}`] };
  } catch (error) {
    throw new UserError(`${server} does not speak the Kubernetes API: is the address right?`, { cause: error });
  }
}

async function read(
  transport: HttpTransport,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const { status, body } = await transport.send(
    { method: 'GET', path: PATH, headers: { accept: 'application/json' } },
    signal,
  );
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > BYTES_MAX) throw new UserError('the answer about how to join is far too long: is the address right?');
    chunks.push(chunk);
  }
  return { status, text: Buffer.concat(chunks).toString() };
}

const isEqual = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
