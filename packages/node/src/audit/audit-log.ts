import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type AuditEvent, type AuditSink, legacyLine } from '@navarch/apiserver';
import type { Clock, Logger } from '@navarch/base';
import { writeJson } from '@navarch/machinery';

export interface AuditLogOptions {
  /** A file, or `-` for the standard output. */
  readonly path: string;
  readonly format: 'json' | 'legacy';
  /** Size at which a file is put aside (megabytes); 0: 100, as upstream's rotation has it. */
  readonly sizeMegabytesMax: number;
  /** Files put aside that are kept; 0: all. */
  readonly backupsMax: number;
  /** Days that they are kept; 0: for ever. */
  readonly ageDaysMax: number;
  readonly isCompressed: boolean;
}

const DEFAULT_MEGABYTES = 100;
const MEGABYTE = 1024 * 1024;
const DAY_MS = 86_400_000;
const STANDARD_OUTPUT = 1;
/** As `2026-01-02T15-04-05.000` in the name of a file put aside. */
const STAMP = /-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3})$/;

/** Writes events, a line each, into a file that is put aside when it has grown. Lines of one turn are written together. */
export class AuditLog implements AuditSink, AsyncDisposable {
  readonly #options: AuditLogOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  #file: number;
  #bytes = 0;
  #lines: string[] = [];
  /** When the last file was put aside (ms): each has a time of its own in its name. */
  #lastAside = 0;
  #tidying: Promise<void> = Promise.resolve();

  /** Throws the system's error for a file that cannot be opened. */
  constructor(options: AuditLogOptions, clock: Clock, log: Logger) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#file = this.#open();
  }

  write(event: AuditEvent): void {
    this.#lines.push(this.#options.format === 'json' ? writeJson(event) : legacyLine(event));
    if (this.#lines.length === 1) setImmediate(() => this.#flush());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#flush();
    if (this.#file !== STANDARD_OUTPUT) closeSync(this.#file);
    await this.#tidying;
  }

  #flush(): void {
    if (this.#lines.length === 0) return;
    const bytes = Buffer.from(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
    try {
      if (this.#bytes > 0 && this.#bytes + bytes.length > this.#bytesMax) this.#putAside();
      for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
      this.#bytes += bytes.length;
    } catch (error) {
      this.#log.error('audit events lost', { path: this.#options.path, error });
    }
  }

  get #bytesMax(): number {
    return this.#options.path === '-' ? Infinity : (this.#options.sizeMegabytesMax || DEFAULT_MEGABYTES) * MEGABYTE;
  }

  #open(): number {
    const { path } = this.#options;
    if (path === '-') return STANDARD_OUTPUT;
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, 'a', 0o600);
    this.#bytes = fstatSync(file).size;
    return file;
  }

  #putAside(): void {
    const { path, isCompressed } = this.#options;
    this.#lastAside = Math.max(this.#clock.now(), this.#lastAside + 1);
    const stamp = new Date(this.#lastAside).toISOString().slice(0, 23).replaceAll(':', '-');
    const aside = join(dirname(path), `${basename(path, extname(path))}-${stamp}${extname(path)}`);
    closeSync(this.#file);
    renameSync(path, aside);
    this.#file = this.#open();
    this.#tidying = this.#tidying
      .then(async () => {
        if (isCompressed && existsSync(aside)) await compressed(aside);
        this.#removeOld();
      })
      .catch((error: unknown) => this.#log.error('audit log not tidied', { path: aside, error }));
  }

  #removeOld(): void {
    const { path, backupsMax, ageDaysMax } = this.#options;
    const prefix = basename(path, extname(path));
    const asides = readdirSync(dirname(path))
      .filter(
        (name) =>
          name.startsWith(`${prefix}-`) &&
          STAMP.test(name.replace(/\.gz$/, '').slice(0, -extname(path).length || undefined)),
      )
      .sort()
      .reverse();
    const isOld = (name: string): boolean =>
      ageDaysMax > 0 && this.#clock.now() - statSync(join(dirname(path), name)).mtimeMs > ageDaysMax * DAY_MS;
    for (const [i, name] of asides.entries())
      if ((backupsMax > 0 && i >= backupsMax) || isOld(name)) rmSync(join(dirname(path), name), { force: true });
  }
}

async function compressed(path: string): Promise<void> {
  await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}.gz`, { mode: 0o600 }));
  rmSync(path, { force: true });
}
