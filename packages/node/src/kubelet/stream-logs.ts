import { createReadStream, existsSync, statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines, type LogEntry, type LogOptions, parseEntry, shown } from '@navarch/kubelet';

/** How often a followed file is looked at. */
const POLL_MS = 100;

/** Sends a log file to a client as asked, and goes on as it grows while `isRunning` says so. */
export async function streamLogs(file: string, options: LogOptions, isRunning: () => Promise<boolean>, response: ServerResponse): Promise<void> {
  const sender = new Sender(options, response);
  let [at, rest] = [0, ''];
  const more = async (): Promise<readonly LogEntry[]> => {
    if (!existsSync(file)) return [];
    // A rotated file begins anew.
    if (statSync(file).size < at) at = 0;
    const read = await readFrom(file, at);
    at += read.length;
    const lines = (rest + read.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    return lines.flatMap((line) => parseEntry(line) ?? []);
  };
  const first = (await more()).filter((entry) => options.since === undefined || Date.parse(entry.time) >= options.since);
  let isOpen = sender.send(options.tailLines === undefined ? first : lastLines(first, options.tailLines));
  while (options.follow && isOpen && !response.destroyed) {
    const wasRunning = await isRunning();
    const entries = await more();
    isOpen = sender.send(entries);
    if (!wasRunning && entries.length === 0) break;
    await sleep(POLL_MS);
  }
  response.end();
}

class Sender {
  readonly #options: LogOptions;
  readonly #response: ServerResponse;
  #left: number;

  constructor(options: LogOptions, response: ServerResponse) {
    this.#options = options;
    this.#response = response;
    this.#left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  /** False when as much has been sent as was allowed. */
  send(entries: readonly LogEntry[]): boolean {
    if (entries.length === 0) return this.#left > 0;
    const bytes = Buffer.from(shown(entries, this.#options.timestamps));
    const allowed = bytes.subarray(0, Math.min(bytes.length, this.#left));
    this.#left -= allowed.length;
    this.#response.write(allowed);
    return this.#left > 0;
  }
}

async function readFrom(file: string, start: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(file, { start })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
