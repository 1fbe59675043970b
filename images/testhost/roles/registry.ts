import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { answer, serveHttp, urlOf } from '../http.ts';
import { defineRole, log } from '../role.ts';

const FILES: Readonly<Record<string, string>> = {
  'data.json': '{"image": "kitten.jpg"}\n',
  'etc/os-release': 'NAME="Alpine Linux"\nID=alpine\n',
};
const TYPES = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

/** A registry (OCI distribution) with one small image under any name and tag: for tests that must pull. */
export const registry = defineRole({
  name: 'registry',
  flags: { port: '5000', host: '127.0.0.1' },
  run({ flags }) {
    const { manifest, blobs } = image();
    serveHttp({ port: flags.number('port'), host: flags.text('host') }, (request, response) => {
      const path = urlOf(request).pathname;
      log(`${request.method} ${path}`);
      const [, kind, reference = ''] = /^\/v2\/.+\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
      const digest = kind === 'manifests' && !reference.startsWith('sha256:') ? digestOf(manifest) : reference;
      const content = kind === undefined ? undefined : blobs.get(digest);
      if (path === '/v2/') answer(response, 200, '{}');
      else if (!content) answer(response, 404, '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
      else {
        const type = kind === 'manifests' ? TYPES.manifest : 'application/octet-stream';
        response.writeHead(200, {
          'content-type': type,
          'content-length': content.length,
          'docker-content-digest': digest,
        });
        response.end(request.method === 'HEAD' ? undefined : content);
      }
    });
  },
});

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function image(): { readonly manifest: Buffer; readonly blobs: ReadonlyMap<string, Buffer> } {
  const tar = Buffer.concat([
    ...Object.entries(FILES).map(([path, text]) => entry(path, Buffer.from(text))),
    Buffer.alloc(1024),
  ]);
  const layer = gzipSync(tar);
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const config = Buffer.from(
    JSON.stringify({ architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(tar)] } }),
  );
  const described = (mediaType: string, bytes: Buffer): object => ({
    mediaType,
    size: bytes.length,
    digest: digestOf(bytes),
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: TYPES.manifest,
      config: described(TYPES.config, config),
      layers: [described(TYPES.layer, layer)],
    }),
  );
  return { manifest, blobs: new Map([manifest, config, layer].map((bytes) => [digestOf(bytes), bytes])) };
}

/** One file of a tar archive (POSIX ustar): a header of 512 bytes, whose sum is counted with spaces for itself. */
function entry(path: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number): number =>
    header.write(value.toString(8).padStart(length - 1, '0'), at);
  header.write(path, 0);
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(content.length, 124, 12);
  octal(0, 136, 12);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
