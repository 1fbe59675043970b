import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, bodyOf, serveHttp, urlOf } from '../http.ts';
import { defineRole, log } from '../role.ts';

type Json = Record<string, unknown>;

interface Request {
  readonly uid: string;
  readonly desiredAPIVersion: string;
  readonly objects: readonly Json[];
}

/** Converts objects of stable.example.com between v1 (`hostPort`) and v2 (`host`, `port`), as a ConversionReview asks. */
export const crdConversionWebhook = defineRole({
  name: 'crd-conversion-webhook',
  flags: { 'tls-cert-file': '', 'tls-private-key-file': '', port: '443', v: '0' },
  run({ flags }) {
    serveHttp(
      {
        port: flags.number('port'),
        certFile: flags.text('tls-cert-file'),
        keyFile: flags.text('tls-private-key-file'),
      },
      (request, response) => {
        const { pathname } = urlOf(request);
        if (pathname === '/readyz') return answer(response, 200, 'ok');
        if (pathname !== '/crdconvert') return answer(response, 404, '404 page not found\n');
        void convert(request, response).catch((error: unknown) => answer(response, 400, String(error)));
      },
    );
  },
});

async function convert(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const review = JSON.parse((await bodyOf(request)).toString()) as {
    readonly kind: string;
    readonly apiVersion: string;
    readonly request: Request;
  };
  log(`${review.apiVersion} ${review.request.objects.length} objects to ${review.request.desiredAPIVersion}`);
  const body = {
    kind: review.kind,
    apiVersion: review.apiVersion,
    response: { uid: review.request.uid, ...outcome(review.request) },
  };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function outcome({ objects, desiredAPIVersion }: Request): object {
  try {
    return {
      convertedObjects: objects.map((object) => converted(object, desiredAPIVersion)),
      result: { status: 'Success' },
    };
  } catch (error) {
    return { convertedObjects: [], result: { status: 'Failure', message: (error as Error).message } };
  }
}

function converted(object: Json, apiVersion: string): Json {
  const from = String(object['apiVersion']);
  if (from === apiVersion)
    throw new Error(`conversion from a version to itself should not call the webhook: ${apiVersion}`);
  const way = `${from} ${apiVersion}`;
  if (way === 'stable.example.com/v1 stable.example.com/v2') return { ...withHostAndPort(object), apiVersion };
  if (way === 'stable.example.com/v2 stable.example.com/v1') return { ...withHostPort(object), apiVersion };
  throw new Error(`unexpected conversion version "${from}" to "${apiVersion}"`);
}

function withHostAndPort({ hostPort, ...rest }: Json): Json {
  if (hostPort === undefined) return rest;
  const parts = String(hostPort).split(':');
  if (parts.length !== 2) throw new Error(`invalid hostPort value \`${String(hostPort)}\``);
  return { ...rest, host: parts[0], port: parts[1] };
}

function withHostPort({ host, port, ...rest }: Json): Json {
  return host === undefined && port === undefined
    ? rest
    : { ...rest, hostPort: `${String(host ?? '')}:${String(port ?? '')}` };
}
