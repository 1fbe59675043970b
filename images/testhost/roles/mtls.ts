import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, PeerCertificate, TLSSocket } from 'node:tls';
import { answer, urlOf } from '../http.ts';
import { defineRole, log, RoleError } from '../role.ts';

const POLL_MS = 10_000;

/** Answers who its client is, by the certificate that the client shows (SPIFFE: one URI as its name). */
export const mtlsserver = defineRole({
  name: 'mtlsserver',
  flags: { listen: '', 'server-creds': '', 'spiffe-trust-bundle': '' },
  run({ flags }) {
    const [listen, credentials, trust] = [
      flags.text('listen'),
      flags.text('server-creds'),
      flags.text('spiffe-trust-bundle'),
    ];
    if (!listen || !credentials || !trust) throw new RoleError('missing required flags');
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(listen) ?? [];
    const bundle = readFileSync(credentials);
    const options = {
      cert: bundle,
      key: bundle,
      ca: readFileSync(trust),
      requestCert: true,
      rejectUnauthorized: false,
    };
    createServer(options, (incoming, response) => {
      const socket = incoming.socket as TLSSocket;
      const path = urlOf(incoming).pathname;
      if (incoming.method !== 'GET' || path !== '/spiffe-echo') return answer(response, 404, '404 page not found\n');
      const identity = identityOf(socket.getPeerCertificate(true));
      if (!socket.authorized)
        log(`Error while verifying SPIFFE client certificate: ${String(socket.authorizationError)}`);
      if (!socket.authorized || identity === undefined)
        return answer(response, 401, 'SPIFFE client certificate authentication required\n');
      answer(response, 200, `Client Identity: ${identity}`);
    }).listen(Number(port), host);
  },
});

/** The only URI of a certificate; undefined when it has none or several. */
function identityOf(certificate: PeerCertificate | DetailedPeerCertificate): string | undefined {
  if (!certificate.raw) return undefined;
  const names = (new X509Certificate(certificate.raw).subjectAltName ?? '')
    .split(', ')
    .filter((name) => name.startsWith('URI:'));
  return names.length === 1 ? names[0]?.slice('URI:'.length) : undefined;
}

/** Asks such a server every ten seconds, with the files as they are then. */
export const mtlsclient = defineRole({
  name: 'mtlsclient',
  flags: { 'fetch-url': '', 'server-trust-bundle': '', 'client-cred-bundle': '' },
  run({ flags }) {
    const [url, trust, credentials] = [
      flags.text('fetch-url'),
      flags.text('server-trust-bundle'),
      flags.text('client-cred-bundle'),
    ];
    if (!url || !trust || !credentials) throw new RoleError('missing required flags');
    setInterval(() => {
      poll(url, trust, credentials).then(
        (body) => log(`Got response body: ${body}`),
        (error: unknown) => log(`while sending requests to the server: ${String(error)}`),
      );
    }, POLL_MS);
  },
});

async function poll(url: string, trust: string, credentials: string): Promise<string> {
  const bundle = readFileSync(credentials);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const asking = request(url, { ca: readFileSync(trust), cert: bundle, key: bundle, agent: false }, (response) => {
    const chunks: Buffer[] = [];
    response
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('error', reject)
      .on('end', () => {
        const body = Buffer.concat(chunks).toString();
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`status ${response.statusCode}: ${body}`));
      });
  });
  asking.on('error', reject).end();
  return promise;
}
