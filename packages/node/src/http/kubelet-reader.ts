import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { ReadKubelet } from '@navarch/apiserver';
import type { ForwardCredentials } from './forward.ts';

/** Asks kubelets with the API server's own certificate for them. Connections are kept: the same nodes are asked again and again. */
export function kubeletReader({ certificate, key, authority }: ForwardCredentials): ReadKubelet {
  const agent = new Agent({ keepAlive: true, cert: certificate, key, ca: authority });
  return ({ host, port, path }, signal) =>
    new Promise((resolve, reject) => {
      const outgoing = request({ host, port, path, agent, signal }, (reply) => {
        text(reply).then((body) => {
          if (reply.statusCode === 200) resolve(body);
          else
            reject(
              new Error(
                `The kubelet at ${host}:${port} answered ${path} with ${reply.statusCode}: ${body.slice(0, 200)}`,
              ),
            );
        }, reject);
      });
      outgoing.on('error', reject).end();
    });
}
