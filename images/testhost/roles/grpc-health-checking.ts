import { createServer, type ServerHttp2Stream } from 'node:http2';
import { answer, serveHttp, urlOf } from '../http.ts';
import { defineRole, log } from '../role.ts';

const SERVING = 1;
const NOT_SERVING = 2;
const NOT_FOUND = '5';
const UNIMPLEMENTED = '12';

/** The gRPC health checking protocol (grpc.health.v1), switched over HTTP or by time. */
export const grpcHealthChecking = defineRole({
  name: 'grpc-health-checking',
  flags: { port: '5000', 'http-port': '8080', service: '', 'delay-unhealthy-sec': '-1' },
  run({ flags }) {
    let status = flags.number('delay-unhealthy-sec') === 0 ? NOT_SERVING : SERVING;
    if (flags.number('delay-unhealthy-sec') > 0)
      setTimeout(
        () => {
          status = NOT_SERVING;
        },
        flags.number('delay-unhealthy-sec') * 1000,
      );
    serveHealth(flags.number('port'), flags.text('service'), () => status);
    serveHttp({ port: flags.number('http-port') }, (request, response) => {
      const path = urlOf(request).pathname;
      if (path === '/make-serving') status = SERVING;
      if (path === '/make-not-serving') status = NOT_SERVING;
      answer(response, path.startsWith('/make-') ? 200 : 404, '');
    });
  },
});

/** HTTP/2 without TLS: one framed message each way, then trailers with the outcome. */
function serveHealth(port: number, service: string, status: () => number): void {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => undefined); // The prober left.
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const asked = serviceOf(Buffer.concat(chunks));
      const isCheck = headers[':path'] === '/grpc.health.v1.Health/Check';
      const refusal = isCheck ? (asked === service ? undefined : NOT_FOUND) : UNIMPLEMENTED;
      log(`${String(headers[':path'])} ${JSON.stringify(asked)}: ${refusal ?? status()}`);
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': refusal ?? '0' }));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      // HealthCheckResponse { status = 1 }, behind "not compressed" and the length.
      stream.end(refusal ? undefined : Buffer.from([0, 0, 0, 0, 2, 0x08, status()]));
    });
  });
  server.listen(port);
}

/** HealthCheckRequest { service = 1 }: at most 127 bytes, which no service of a test exceeds. */
function serviceOf(frame: Buffer): string {
  return frame[5] === 0x0a ? frame.subarray(7, 7 + (frame[6] ?? 0)).toString() : '';
}
