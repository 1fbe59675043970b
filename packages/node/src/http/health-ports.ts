import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import type { HealthCheck, HealthPorts, ProxyHealth } from '@navarch/proxy';
import { createServer } from '../built-in/index.ts';

/** Answers on all addresses of the node, in the words of upstream's service proxy. Disposing it closes every port. */
export function healthPorts(proxy: Pick<ProxyHealth, 'now'>): HealthPorts & Disposable {
  const open = new Map<number, Server>();
  let current: ReadonlyMap<number, HealthCheck> = new Map();
  const close = (port: number, server: Server): void => {
    open.delete(port);
    server.close();
    server.closeAllConnections();
  };
  return {
    async publish(checks, signal) {
      current = checks;
      for (const [port, server] of open) if (!checks.has(port)) close(port, server);
      const failures: unknown[] = [];
      for (const port of checks.keys()) {
        signal.throwIfAborted();
        if (open.has(port)) continue;
        try {
          open.set(
            port,
            await listening(port, (response) => answer(current.get(port), proxy.now().isHealthy, response)),
          );
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0)
        throw new AggregateError(failures, `Cannot answer on ${failures.length} health check node ports`);
    },
    [Symbol.dispose]() {
      for (const [port, server] of open) close(port, server);
    },
  };
}

async function listening(port: number, reply: (response: ServerResponse) => void): Promise<Server> {
  const server = createServer((_request, response) => reply(response));
  server.listen(port);
  await once(server, 'listening');
  return server;
}

/** A proxy that cannot tell the kernel anything leads to endpoints that may have gone. */
function answer(check: HealthCheck | undefined, serviceProxyHealthy: boolean, response: ServerResponse): void {
  const { namespace = '', name = '', localEndpoints = 0 } = check ?? {};
  response.writeHead(localEndpoints > 0 && serviceProxyHealthy ? 200 : 503, {
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
    'x-load-balancing-endpoint-weight': String(localEndpoints),
  });
  response.end(JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy }, undefined, '\t'));
}
