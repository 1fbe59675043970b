import { answer, serveHttp } from '../http.ts';
import { defineRole } from '../role.ts';

/** Answers on each port that a variable names (`SERVE_PORT_80=foo`, `SERVE_TLS_PORT_443=bar`) with the variable's value. */
export const porter = defineRole({
  name: 'porter',
  flags: { 'json-response': false },
  run() {
    const certFile = process.env['CERT_FILE'] || '/localhost.crt';
    const keyFile = process.env['KEY_FILE'] || '/localhost.key';
    for (const [name, value = ''] of Object.entries(process.env)) {
      const [, tls, port] = /^SERVE_(TLS_)?PORT_(\d+)$/.exec(name) ?? [];
      if (port === undefined) continue;
      serveHttp({ port: Number(port), ...(tls ? { certFile, keyFile } : {}) }, (_, response) => answer(response, 200, value));
    }
  },
});
