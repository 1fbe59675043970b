import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Credentials } from '@navarch/kubelet';

/** What the caller showed. A certificate counts where the authority that the server trusts signed it. */
export function credentialsOf(request: IncomingMessage): Credentials {
  const socket = request.socket as TLSSocket;
  if (socket.authorized) {
    const { subject } = socket.getPeerCertificate();
    const [commonName] = [subject?.CN ?? []].flat();
    if (commonName) return { certificate: { commonName, organizations: [subject?.O ?? []].flat() } };
  }
  const token = /^bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return token === undefined ? {} : { token };
}
