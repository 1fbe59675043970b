import { answer, serveHttp, urlOf } from '../http.ts';
import { defineRole } from '../role.ts';

const HEALTHY_MS = 10_000;

/** Healthy for ten seconds, then not: what a liveness probe is for. */
export const liveness = defineRole({
  name: 'liveness',
  flags: { port: '8080' },
  run({ flags }) {
    const started = performance.now();
    serveHttp({ port: flags.number('port') }, (request, response) => {
      const age = performance.now() - started;
      const path = urlOf(request).pathname;
      if (path === '/started') answer(response, 200, `${(age / 1000).toFixed(3)}s`);
      else if (path === '/redirect')
        response.writeHead(302, { location: urlOf(request).searchParams.get('loc') ?? '/' }).end();
      else if (path !== '/healthz') answer(response, 404, '404 page not found\n');
      else if (age > HEALTHY_MS) answer(response, 500, `error: ${(age / 1000).toFixed(3)}`);
      else answer(response, 200, 'ok');
    });
  },
});
