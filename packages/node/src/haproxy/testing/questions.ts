import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Backend, Endpoint, Site } from '@navarch/ingress';
import type { RealHaproxy } from './real-haproxy.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Question {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isTls?: boolean;
  /** What is asked for when TLS begins. */
  readonly servername?: string;
  readonly body?: string;
}

export interface Echo extends AsyncDisposable {
  readonly endpoint: Endpoint;
  /** What it was asked, in order. */
  readonly seen: readonly string[];
}

/** Says what reached it, and who it is; with the statuses that it is given first, one after the other. */
export async function echo(name: string, ...statuses: readonly number[]): Promise<Echo> {
  const seen: string[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      response.statusCode = statuses[seen.length] ?? 200;
      seen.push(`${request.method} ${request.url} ${request.headers.host} ${body}`.trim());
      response.end(`${name} ${request.method} ${request.url} ${request.headers.host}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    endpoint: { address: '127.0.0.1', port: address.port },
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function ask({ ports }: RealHaproxy, question: Question): Promise<Answer> {
  const { path = '/', method = 'GET', headers = {}, isTls = false, servername, body } = question;
  const options = {
    agent: false,
    host: '127.0.0.1',
    port: isTls ? ports.https : ports.http,
    path,
    method,
    headers: { host: 'a.test', ...headers },
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
  } as const;
  return new Promise((resolve, reject) => {
    (isTls ? httpsRequest : httpRequest)(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    })
      .on('error', reject)
      .end(body);
  });
}

export function siteOf({ ports }: RealHaproxy, backend: Omit<Backend, 'id' | 'owner'>): Site {
  return {
    backends: [{ id: 'b:one', owner: 'n/one', ...backend }],
    entrances: [
      {
        id: 'test',
        binds: [
          { address: '127.0.0.1', port: ports.http, isTls: false },
          { address: '127.0.0.1', port: ports.https, isTls: true },
        ],
        certificates: [],
        routes: [
          {
            host: '',
            wildcard: 'one-label',
            path: { type: 'prefix', value: '/' },
            conditions: [],
            targets: [{ weight: 1, backend: 'b:one' }],
            owner: 'n/one',
            since: '',
          },
        ],
      },
    ],
  };
}

/** Answers by what it is asked for. */
export async function oracle(
  answer: (request: IncomingMessage) => readonly [status: number, headers: Record<string, string>, body: string],
): Promise<{ readonly endpoint: Endpoint } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const [status, headers, body] = answer(request);
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    endpoint: { address: '127.0.0.1', port: address.port },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
