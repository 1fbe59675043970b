import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { isNodeReady, node } from '@navarch/api';
import { httpApi } from '@navarch/client';
import { hasReason } from '@navarch/machinery';
import { type Access, httpTransport, loadAccess } from '@navarch/node/client';
import { certificateFacts, type Credentials, publicKeyPin, writePrivateFile } from '@navarch/node/pki';
import { systemClock } from '@navarch/node/system';
import { ownAddress } from '../cluster/own-address.ts';
import { UserError } from '../user-error.ts';
import { readCredentials, writeCredentials } from './credentials-file.ts';
import { discoverAuthority } from './discover.ts';
import { bearerOf, type JoinToken } from './join-token.ts';
import { type OrderDeps, requestCertificate } from './request-certificate.ts';

/** A node's way to its cluster. */
export interface NodeAccess {
  readonly nodeName: string;
  readonly server: string;
  /** PEM of the authority that the server's certificate must come from. */
  readonly authority: string;
  readonly client: Credentials;
}

export interface JoinOptions {
  /** Where the node's identity is kept: certificates, keys, the server's address. */
  readonly identityDir: string;
  readonly server: string | undefined;
  readonly token: JoinToken | undefined;
  /** PEM file with the authority, instead of a pin in the token. */
  readonly authorityFile: string | undefined;
  readonly nodeName: string | undefined;
  /** What the node is called when nobody says: the machine's own name. */
  readonly hostName: string;
}

const USER = 'system:node:';
const clientFile = (dir: string): string => join(dir, 'kubelet-client.pem');
const clusterFile = (dir: string): string => join(dir, 'kubelet.kubeconfig');
export const servingFile = (dir: string): string => join(dir, 'kubelet-serving.pem');

export const accessOf = ({ server, authority, client }: NodeAccess): Access => ({ server, authority, ...client });

/** Keeps a renewed identity, whole or not at all. */
export const storeClient = (identityDir: string, client: Credentials): void =>
  writeCredentials(clientFile(identityDir), client);

/** The identity that a server on this machine wrote, or the one it was renewed to since. */
export function localAccess(kubeconfig: string, identityDir: string): NodeAccess {
  const { server, authority = '', certificate = '', key = '' } = loadAccess(kubeconfig);
  const given = { certificate, key };
  const renewed = readCredentials(clientFile(identityDir));
  const ends = (credentials: Credentials): number => certificateFacts(credentials.certificate).notAfter;
  const client = renewed && nodeNameIn(renewed) === nodeNameIn(given) && ends(renewed) > ends(given) ? renewed : given;
  return { nodeName: nodeNameIn(given), server, authority, client };
}

/** The identity kept from before, or else a new one for the token; nothing is sent to a server that has not proved itself. */
export async function joinedAccess(
  options: JoinOptions,
  deps: Omit<OrderDeps, 'api'>,
  signal: AbortSignal,
): Promise<NodeAccess> {
  const kept = keptAccess(options);
  if (kept) return kept;
  const { server, token } = options;
  if (server === undefined)
    throw new UserError(
      'this machine has not joined a cluster: give --server and --token as `navarch token create` on the server prints them, or start `navarch server` here first',
    );
  if (token === undefined)
    throw new UserError(
      'this machine has no identity in the cluster yet: give --token as `navarch token create` on the server prints it',
    );
  const authority = await authorityFor(server, token, options.authorityFile, signal);
  const nodeName = options.nodeName ?? options.hostName;
  const client = await bootstrap({ server, authority, token, nodeName }, deps, signal);
  const cluster = { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') };
  writePrivateFile(
    clusterFile(options.identityDir),
    `${JSON.stringify(
      {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'cluster', cluster }],
        'current-context': 'node',
        contexts: [{ name: 'node', context: { cluster: 'cluster', user: 'node' } }],
        users: [
          { name: 'node', user: { 'client-certificate': 'kubelet-client.pem', 'client-key': 'kubelet-client.pem' } },
        ],
      },
      null,
      2,
    )}\n`,
  );
  storeClient(options.identityDir, client);
  return { nodeName, server, authority, client };
}

/** Undefined where there is none, or it has run out and must be had anew. */
function keptAccess({ identityDir, server, token, nodeName }: JoinOptions): NodeAccess | undefined {
  const client = readCredentials(clientFile(identityDir));
  const kept = client && keptCluster(identityDir);
  if (!client || !kept) return undefined;
  if (certificateFacts(client.certificate).notAfter <= systemClock.now()) {
    if (token) return undefined;
    throw new UserError(
      'the identity of this machine has run out, because it was away too long: give --token as `navarch token create` on the server prints it',
    );
  }
  const own = nodeNameIn(client);
  const again = `run \`navarch down\` here first if it is to leave that cluster`;
  if (nodeName !== undefined && nodeName !== own)
    throw new UserError(`this machine is the node ${own} of a cluster already, not ${nodeName}: ${again}`);
  if (token?.pin && publicKeyPin(kept.authority) !== token.pin)
    throw new UserError(`this machine belongs to another cluster (${kept.server}): ${again}`);
  return { nodeName: own, server: server ?? kept.server, authority: kept.authority, client };
}

function keptCluster(identityDir: string): { readonly server: string; readonly authority: string } | undefined {
  try {
    const { server, authority } = loadAccess(clusterFile(identityDir));
    return authority ? { server, authority } : undefined;
  } catch {
    return undefined; // Interrupted before it was written: joining begins again.
  }
}

async function authorityFor(
  server: string,
  token: JoinToken,
  authorityFile: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  if (authorityFile !== undefined) {
    try {
      const text = readFileSync(authorityFile, 'utf8');
      publicKeyPin(text);
      return text;
    } catch (error) {
      throw new UserError(`--ca-file ${authorityFile} holds no certificate: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  const { pin } = token;
  if (pin === undefined)
    throw new UserError(
      'the token says nothing about the certificate authority of the server, so anybody could answer in its place: give the whole token (…@sha256:…), --ca-hash, or --ca-file',
    );
  return discoverAuthority(server, { ...token, pin }, signal);
}

interface Bootstrap {
  readonly server: string;
  readonly authority: string;
  readonly token: JoinToken;
  readonly nodeName: string;
}

async function bootstrap(
  { server, authority, token, nodeName }: Bootstrap,
  deps: Omit<OrderDeps, 'api'>,
  signal: AbortSignal,
): Promise<Credentials> {
  using transport = httpTransport({ server, authority, token: bearerOf(token) });
  const api = httpApi({ transport, clock: deps.clock, userAgent: 'navarch-agent' }, signal);
  try {
    if (isNodeReady(await api.of(node).get(nodeName))) {
      throw new UserError(
        `the cluster has a node ${nodeName} already, and it is alive: give this machine another name with --node-name`,
      );
    }
  } catch (error) {
    if (hasReason(error, 'Unauthorized'))
      throw new UserError(
        `${server} does not accept the token ${token.id}: it has expired or was deleted; make another with \`navarch token create\` on the server`,
        { cause: error },
      );
    if (!hasReason(error, 'NotFound')) throw error;
  }
  const subject = { commonName: `${USER}${nodeName}`, organizations: ['system:nodes'] };
  // Awaited here: the transport is let go of when this returns.
  return await requestCertificate({ subject, purpose: 'client' }, { api, ...deps }, signal);
}

function nodeNameIn({ certificate }: Credentials): string {
  const { commonName } = certificateFacts(certificate);
  if (!commonName.startsWith(USER))
    throw new UserError(
      `the certificate is that of ${commonName || 'nobody'}, not of a node: the agent needs an identity of the form ${USER}NAME`,
    );
  return commonName.slice(USER.length);
}

const CONNECT_MS = 5_000;

/** The address of this machine on the way to the server: how other machines of its network find it. */
export async function addressTowards(server: string): Promise<string> {
  const { hostname, port } = new URL(server);
  const address = await new Promise<string | undefined>((resolve) => {
    const socket: Socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || 443),
      timeout: CONNECT_MS,
    });
    const end = (found?: string): void => {
      socket.destroy();
      resolve(found);
    };
    socket
      .on('connect', () => end(socket.localAddress))
      .on('error', () => end())
      .on('timeout', () => end());
  });
  if (address !== undefined && !address.startsWith('127.') && address !== '::1') return address.replace(/^::ffff:/, '');
  return ownAddress();
}
