import type { Pod } from '@navarch/api';
import type { Clock, Logger } from '@navarch/base';
import type { Files } from '../ports.ts';
import { ManifestError, staticPod } from './manifest.ts';

export interface ManifestFolderDeps {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  /** A folder of manifests, or one of them. */
  readonly path: string;
  /** Reads YAML; throws where it is none. */
  parse(text: string): unknown;
}

interface Read {
  readonly text: string;
  readonly pod: Pod | undefined;
}

const MANIFEST_BYTES_MAX = 10 * 1024 * 1024;

/** The pods that files of this node describe. A file that cannot be read as one is told of once, and counts as it was. */
export class ManifestFolder {
  readonly #deps: ManifestFolderDeps;
  /** By file: what it said when it was taken last. */
  #taken: ReadonlyMap<string, Read> = new Map();
  /** By file: what it said at the last look, which may be half written. */
  #seen: ReadonlyMap<string, string> | undefined;

  constructor(deps: ManifestFolderDeps) {
    this.#deps = deps;
  }

  /** Every pod by its name; a file counts once two looks have found the same in it, those of the first look at once. */
  async look(): Promise<ReadonlyMap<string, Pod>> {
    const before = this.#seen;
    const seen = await this.#read();
    this.#seen = seen;
    const taken = new Map<string, Read>();
    for (const [file, text] of seen) {
      const known = this.#taken.get(file);
      const isSettled = before === undefined || before.get(file) === text;
      if (known && (known.text === text || !isSettled)) taken.set(file, known);
      else if (isSettled) taken.set(file, { text, pod: this.#pod(file, text) ?? known?.pod });
    }
    this.#taken = taken;
    return this.#byName();
  }

  async #read(): Promise<ReadonlyMap<string, string>> {
    const { files, path } = this.#deps;
    const isFolder = (await files.kindOf(path)) === 'directory';
    const names = isFolder ? (await files.list(path)).filter((name) => !name.startsWith('.')) : [];
    const texts = new Map<string, string>();
    for (const file of isFolder ? names.toSorted().map((name) => `${path}/${name}`) : [path]) {
      if ((await files.kindOf(file)) !== 'file') continue;
      const text = await files.readText(file, MANIFEST_BYTES_MAX);
      if (text !== undefined) texts.set(file, text);
    }
    return texts;
  }

  #pod(file: string, text: string): Pod | undefined {
    const { log, nodeName, clock, parse } = this.#deps;
    try {
      return staticPod(document(text, parse), { file, nodeName, seenAt: clock.now() });
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      log.error('a static pod cannot be read', { file, error });
      return undefined;
    }
  }

  #byName(): ReadonlyMap<string, Pod> {
    const byName = new Map<string, Pod>();
    for (const { pod } of this.#taken.values()) {
      const key = pod && `${pod.metadata.namespace}/${pod.metadata.name}`;
      // Of two files with one name the first counts.
      if (key !== undefined && !byName.has(key)) byName.set(key, pod as Pod);
    }
    return byName;
  }
}

function document(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new ManifestError(`it is no YAML: ${(error as Error).message}`, { cause: error });
  }
}
