import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extract } from 'tar-stream';

export interface TestRegistry extends AsyncDisposable {
  readonly url: string;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
}

/** Serves one image archive as `/v2/NAME` (OCI distribution specification, the part that pulls), to whoever has the login `user:password`. */
export async function serveRegistry(archive: string, name: string, login?: string): Promise<TestRegistry> {
  const files = new Map<string, Buffer>();
  for await (const entry of createReadStream(archive).pipe(extract())) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files.set(entry.header.name, Buffer.concat(chunks));
  }
  const index = JSON.parse(String(files.get('index.json'))) as {
    readonly manifests: readonly {
      readonly digest: string;
      readonly mediaType: string;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  };
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://registry');
    asked.push(pathname);
    if (login !== undefined && request.headers.authorization !== `Basic ${Buffer.from(login).toString('base64')}`) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
      return;
    }
    const [, kind, reference = ''] = new RegExp(`^/v2/${name}/(manifests|blobs)/(.+)$`).exec(pathname) ?? [];
    const tagged = index.manifests.find(
      ({ annotations }) => annotations['org.opencontainers.image.ref.name'] === reference,
    );
    const digest = tagged?.digest ?? reference;
    const bytes = files.get(`blobs/${digest.replace(':', '/')}`);
    if (!kind || !bytes) {
      response.writeHead(404).end();
      return;
    }
    const type = kind === 'manifests' ? (index.manifests[0]?.mediaType ?? '') : 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-length': bytes.length, 'docker-content-digest': digest });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
