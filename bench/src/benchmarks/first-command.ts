import { type ClientHttp2Session, connect } from 'node:http2';
import type { Access } from '@navarch/node/client';
import type { Measure } from '../harness/benchmark.ts';
import { summarize } from '../harness/statistics.ts';

const TIMES = 20;
const DISCOVERY = ['v2', 'v2beta1'].map(
  (version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
);
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** What kubectl asks, in its order, when it is to get pods and has never seen the server. */
const ASKED: readonly { readonly path: string; readonly accept: string }[] = [
  { path: '/api?timeout=32s', accept: `${DISCOVERY.join(',')},application/json` },
  { path: '/apis?timeout=32s', accept: `${DISCOVERY.join(',')},application/json` },
  { path: '/api/v1/namespaces/default/pods?limit=500', accept: TABLE },
];

/** Milliseconds until the first `kubectl get pods` would have its answer, over a new connection. */
export function firstCommandOf(access: Access): Measure {
  return async () => {
    const times: number[] = [];
    for (let i = 0; i < TIMES; i++) {
      const began = performance.now();
      const session = await opened(access);
      try {
        for (const { path, accept } of ASKED) await get(session, path, accept);
      } finally {
        session.close();
      }
      times.push(performance.now() - began);
    }
    const { median, max } = summarize(times);
    return { figure: median, details: { maxMs: max } };
  };
}

const opened = ({ server, authority, certificate, key, isInsecure = false }: Access): Promise<ClientHttp2Session> =>
  new Promise((resolve, reject) => {
    const session = connect(server, {
      ...(authority ? { ca: authority } : {}),
      ...(certificate ? { cert: certificate } : {}),
      ...(key ? { key } : {}),
      rejectUnauthorized: !isInsecure,
    });
    session.once('connect', () => resolve(session)).once('error', reject);
  });

const get = (session: ClientHttp2Session, path: string, accept: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, accept, 'accept-encoding': 'gzip' });
    stream.on('response', ({ ':status': status }) => {
      if (status !== 200) reject(new Error(`GET ${path} was answered ${status}`));
    });
    stream.on('error', reject).on('end', resolve).resume();
  });
