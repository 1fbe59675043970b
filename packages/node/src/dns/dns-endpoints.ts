import { once } from 'node:events';
import type { Server } from 'node:http';
import { type Logger, PROMETHEUS_TYPE } from '@navarch/base';
import type { Endpoint, Endpoints } from '@navarch/dns';
import { createServer } from '../built-in/index.ts';

interface DnsEndpointsOptions {
  /** The address of places that name none. */
  readonly address: string;
  readonly log: Logger;
  /** Everything that is counted, as Prometheus reads it. */
  metrics(): string;
}

/** Tells over HTTP what a Corefile asks for, in CoreDNS's words. A place that another has is done without, and said once. */
export function dnsEndpoints({ address, log, metrics }: DnsEndpointsOptions): DnsEndpoints & AsyncDisposable {
  const open = new Map<string, { readonly server: Server; told: ReadonlySet<Endpoint> }>();
  const answers: Readonly<Record<string, readonly [Endpoint, () => string]>> = {
    '/metrics': ['metrics', metrics],
    '/health': ['health', () => 'OK'],
    '/ready': ['ready', () => 'OK'],
  };
  const close = async (place: string): Promise<void> => {
    const held = open.get(place);
    open.delete(place);
    held?.server.closeAllConnections();
    await new Promise((resolve) => (held ? held.server.close(resolve) : resolve(undefined)));
  };
  return {
    async publish(endpoints) {
      for (const place of open.keys()) if (!endpoints.has(place)) await close(place);
      for (const [place, told] of endpoints) {
        const held = open.get(place);
        if (held) {
          held.told = told;
          continue;
        }
        const entry = { server: createServer(), told };
        entry.server.on('request', (request, response) => {
          const [endpoint, text] = answers[request.url?.replace(/\?.*/, '') ?? ''] ?? [];
          const isTold = endpoint !== undefined && entry.told.has(endpoint);
          response.writeHead(isTold ? 200 : 404, {
            'content-type': endpoint === 'metrics' ? PROMETHEUS_TYPE : 'text/plain',
          });
          response.end(isTold && text ? text() : '404 page not found\n');
        });
        try {
          const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(place) ?? [];
          entry.server.listen(Number(port), host === '' ? address : host);
          await once(entry.server, 'listening');
          entry.server.unref();
          open.set(place, entry);
        } catch (error) {
          log.warn('a place where cluster DNS should tell of itself cannot be had', { place, error });
        }
      }
    },
    async [Symbol.asyncDispose]() {
      for (const place of open.keys()) await close(place);
    },
  };
}

interface DnsEndpoints {
  /** Tells this, there, and nothing elsewhere, from now on. */
  publish(endpoints: Endpoints): Promise<void>;
}
