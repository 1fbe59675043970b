import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js';
import type { Prober } from '@navarch/kubelet';

const BODY_SHOWN_MAX = 1024;

/** Probes over the node's own network. */
export const nodeProber: Prober = {
  http: ({ host, port, path, isTls, headers }, timeoutMs, signal) => new Promise((resolve) => {
    const options = {
      host, port, path: path.startsWith('/') ? path : `/${path}`, method: 'GET', timeout: timeoutMs, signal, agent: false, rejectUnauthorized: false,
      headers: { 'user-agent': 'kube-probe/1.37', accept: '*/*', ...headers },
    };
    const outgoing = (isTls ? httpsRequest : httpRequest)(options, (response) => {
      const code = response.statusCode ?? 0;
      response.resume();
      response.on('error', () => undefined);
      resolve(code >= 200 && code < 400 ? undefined : `HTTP probe failed with statuscode: ${code}`);
    });
    const url = `${isTls ? 'https' : 'http'}://${host}:${port}${path}`;
    outgoing.on('timeout', () => outgoing.destroy(new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)')));
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(`Get "${url}": ${refused(error, host, port)}`.slice(0, BODY_SHOWN_MAX)));
    outgoing.end();
  }),
  tcp: (host, port, timeoutMs, signal) => new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (problem?: string): void => {
      socket.destroy();
      signal.removeEventListener('abort', stop);
      resolve(problem);
    };
    const stop = (): void => end('stopped');
    signal.addEventListener('abort', stop, { once: true });
    socket.on('connect', () => end());
    socket.on('timeout', () => end(`dial tcp ${host}:${port}: i/o timeout`));
    socket.on('error', (error: NodeJS.ErrnoException) => end(refused(error, host, port)));
  }),
  grpc: (host, port, service, timeoutMs) => new Promise((resolve) => {
    const Client = makeGenericClientConstructor({}, 'grpc.health.v1.Health');
    const client = new Client(`${host}:${port}`, credentials.createInsecure());
    const name = Buffer.from(service);
    const request = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', (value: Buffer) => value, (bytes: Buffer) => bytes, request, { deadline: Date.now() + timeoutMs }, (error, answer) => {
      client.close();
      if (error) resolve(error.code === status.UNIMPLEMENTED ? 'this server does not implement the grpc health protocol (grpc.health.v1.Health)' : `timeout: failed to connect service "${host}:${port}": ${error.details}`);
      // HealthCheckResponse.status is field 1; 1 is SERVING.
      else resolve(answer?.[0] === 0x08 && answer[1] === 1 ? undefined : `service unhealthy (responded with ${JSON.stringify(answer?.[1] ?? 0)})`);
    });
  }),
};

const refused = (error: NodeJS.ErrnoException, host: string, port: number): string =>
  (error.code === 'ECONNREFUSED' ? `dial tcp ${host}:${port}: connect: connection refused` : error.message);
