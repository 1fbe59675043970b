import { serveHttp } from '../http.ts';
import { defineRole, log } from '../role.ts';

/** Answers on each port that a variable names (`SERVE_PORT_80=foo`, `SERVE_TLS_PORT_443=bar`) with the variable's value, or in JSON with how it was asked. */
export const porter = defineRole({
  name: 'porter',
  flags: { 'json-response': false },
  run({ flags }) {
    const isJson = flags.isSet('json-response');
    const certFile = process.env['CERT_FILE'] || '/localhost.crt';
    const keyFile = process.env['KEY_FILE'] || '/localhost.key';
    for (const [name, value = ''] of Object.entries(process.env)) {
      const [, tls, port] = /^SERVE_(TLS_)?PORT_(\d+)$/.exec(name) ?? [];
      if (port === undefined) continue;
      serveHttp({ port: Number(port), ...(tls ? { certFile, keyFile } : {}) }, (request, response) => {
        log(`${request.method} ${request.url} on ${port}`);
        if (isJson)
          response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify({ Method: request.method, Body: value }));
        else
          response
            .writeHead(200, {
              'content-type': /^\s*<a /i.test(value) ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8',
            })
            .end(value);
      });
    }
  },
});
