import { readFileSync } from 'node:fs';
import { request } from 'node:https';

const SECRETS = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface InClusterAnswer {
  readonly status: number;
  readonly body: string;
}

/** Asks an HTTPS server that the cluster's authority vouches for, in the name of the pod's account. */
export async function askInCluster(url: string): Promise<InClusterAnswer> {
  const token = tokenOfAccount();
  const { promise, resolve, reject } = Promise.withResolvers<InClusterAnswer>();
  const asking = request(
    url,
    { ca: readFileSync(`${SECRETS}/ca.crt`), headers: { authorization: `Bearer ${token}` }, agent: false },
    (response) => {
      const chunks: Buffer[] = [];
      response
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('error', reject)
        .on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    },
  );
  asking.on('error', reject).end();
  return promise;
}

/** As it is now: the file changes. */
export const tokenOfAccount = (): string => readFileSync(`${SECRETS}/token`, 'utf8').trim();

/** `https://10.96.0.1:443`, where the API server is for pods. */
export function apiServer(): string {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = process.env;
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
