import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** What the driver knows of a volume. */
export interface Volume {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly isBlock: boolean;
  readonly zone: string;
  /** Nodes that it is attached to. */
  readonly nodes: readonly string[];
}

/** Volumes in a folder: a file that says what each is, and beside it a folder or, for a device, a file. */
export class Volumes {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir, { recursive: true });
  }

  pathOf(id: string): string {
    return join(this.#dir, id);
  }

  find(id: string): Volume | undefined {
    // Identifiers come over a wire: none of them is a path.
    if (!/^[\w.-]+$/.test(id) || !existsSync(this.#record(id))) return undefined;
    return JSON.parse(readFileSync(this.#record(id), 'utf8')) as Volume;
  }

  all(): readonly Volume[] {
    return readdirSync(this.#dir)
      .filter((file) => file.endsWith('.json'))
      .toSorted()
      .flatMap((file) => this.find(file.slice(0, -'.json'.length)) ?? []);
  }

  /** Makes the volume, or brings it to what it is now. */
  keep(volume: Volume): void {
    const path = this.pathOf(volume.id);
    if (!volume.isBlock) mkdirSync(path, { recursive: true, mode: 0o777 });
    else {
      if (!existsSync(path)) writeFileSync(path, '');
      truncateSync(path, volume.bytes);
    }
    writeFileSync(`${this.#record(volume.id)}.new`, JSON.stringify(volume));
    renameSync(`${this.#record(volume.id)}.new`, this.#record(volume.id));
  }

  remove(id: string): void {
    if (!this.find(id)) return;
    rmSync(this.pathOf(id), { recursive: true, force: true });
    rmSync(this.#record(id), { force: true });
  }

  #record(id: string): string {
    return join(this.#dir, `${id}.json`);
  }
}
