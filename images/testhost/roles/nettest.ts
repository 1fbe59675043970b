import { hostname } from 'node:os';
import { answer, bodyOf, serveHttp, urlOf } from '../http.ts';
import { defineRole, log } from '../role.ts';

/** Counts who has written to it, by the name that the writer gives: `/write` takes `{"Source": "name"}`, `/read` tells. */
export const nettest = defineRole({
  name: 'nettest',
  flags: { port: '8080' },
  run({ flags }) {
    const received: Record<string, number> = {};
    serveHttp({ port: flags.number('port') }, (request, response) => {
      const path = urlOf(request).pathname;
      log(`${request.method} ${request.url}`);
      if (path === '/write') {
        void bodyOf(request)
          .then((body) => {
            const { Source: source = '' } = JSON.parse(body.toString()) as { readonly Source?: string };
            received[source] = (received[source] ?? 0) + 1;
            answer(response, 200, JSON.stringify({ Hostname: hostname() }));
          })
          .catch((error: unknown) => answer(response, 400, `${String(error)}\n`));
      } else if (path === '/read')
        answer(
          response,
          200,
          JSON.stringify({
            Hostname: hostname(),
            Sent: {},
            Received: received,
            Errors: null,
            Log: null,
            StillContactingPeers: false,
          }),
        );
      else answer(response, path === '/' ? 200 : 404, '');
    });
  },
});
