import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { draftOf } from './draft.ts';
import { type Blob, blobOf } from './layer.ts';

/** How a container of the image starts, in the words of the OCI image specification (config.md). */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly StopSignal?: string;
  readonly ExposedPorts?: Readonly<Record<string, Readonly<Record<never, never>>>>;
}

export interface ImageContent {
  /** Full names, each of which becomes an image of its own over the same layers. */
  readonly names: readonly string[];
  readonly architecture: 'amd64' | 'arm64';
  readonly config: ImageConfig;
  readonly layers: readonly Blob[];
}

export interface WrittenImage {
  readonly name: string;
  /** Digest of its manifest: what a runtime reports as the image's digest. */
  readonly digest: string;
}

const media = {
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
} as const;

/** Writes an OCI image layout as one tar file, whole or not at all. Reproducible: the same content, the same bytes. */
export async function writeArchive(
  path: string,
  image: ImageContent,
  signal: AbortSignal,
): Promise<readonly WrittenImage[]> {
  const blobs = new Map(image.layers.map((blob) => [blob.digest, blob.bytes]));
  const descriptors = image.names.map((name) => {
    const config = json(configOf(image, name));
    const manifest = json(manifestOf(image, config));
    for (const blob of [config, manifest]) blobs.set(blob.digest, blob.bytes);
    return {
      mediaType: media.manifest,
      digest: manifest.digest,
      size: manifest.bytes.length,
      platform: { architecture: image.architecture, os: 'linux' },
      annotations: {
        'io.containerd.image.name': name,
        'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
      },
    };
  });
  const index = { schemaVersion: 2, mediaType: media.index, manifests: descriptors };
  const archive = pack();
  const add = (name: string, bytes: Buffer): void =>
    void archive.entry({ name, mtime: new Date(0), mode: 0o644 }, bytes);
  add('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  add('index.json', json(index).bytes);
  for (const [digest, bytes] of [...blobs].sort(([a], [b]) => (a < b ? -1 : 1)))
    add(`blobs/${digest.replace(':', '/')}`, bytes);
  archive.finalize();
  const draft = draftOf(path);
  try {
    await pipeline(archive, createWriteStream(draft), { signal });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  return descriptors.map((descriptor) => ({
    name: descriptor.annotations['io.containerd.image.name'],
    digest: descriptor.digest,
  }));
}

/** The name is in the configuration so that each tag has an id of its own: runtimes report an image by its id's first name. */
function configOf(image: ImageContent, name: string): unknown {
  return {
    created: '1970-01-01T00:00:00Z',
    architecture: image.architecture,
    os: 'linux',
    config: { ...image.config, Labels: { 'org.opencontainers.image.ref.name': name } },
    rootfs: { type: 'layers', diff_ids: image.layers.map((layer) => layer.digest) },
    history: image.layers.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'navarch images/build.ts' })),
  };
}

function manifestOf(image: ImageContent, config: Blob): unknown {
  return {
    schemaVersion: 2,
    mediaType: media.manifest,
    config: { mediaType: media.config, digest: config.digest, size: config.bytes.length },
    layers: image.layers.map((layer) => ({ mediaType: media.layer, digest: layer.digest, size: layer.bytes.length })),
  };
}

function json(value: unknown): Blob {
  return blobOf(Buffer.from(JSON.stringify(value)));
}
