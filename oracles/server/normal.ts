import type { IncomingHttpHeaders } from 'node:http';
import { listManagers } from './managers.ts';

/** Headers that are compared: by value, or, where the value must differ, by being there. */
const HEADERS = [
  'content-type',
  'retry-after',
  'vary',
  'etag',
  'location',
  'allow',
  'content-encoding',
  'cache-control',
  'x-content-type-options',
  'accept-patch',
] as const;
const PRESENT = ['audit-id', 'date', 'last-modified'] as const;

/**
 * What two servers cannot have in common is named: versions, uids and tokens in the order in which they are met in one
 * answer, times by how exact they are. All else stays as it is, byte for byte.
 */
export class Names {
  readonly #given = new Map<string, Map<string, string>>();

  text(text: string): string {
    return (
      listManagers(text)
        .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (uid) => this.#name('UID', uid))
        .replace(
          /("?resourceVersion\\*"?: ?\\*"?)(\d+)/g,
          (_, before: string, version: string) =>
            `${before}${version === '0' ? version : this.#name('VERSION', version)}`,
        )
        .replace(
          /("?continue"?: ?"?)([\w-]{20,})/g,
          (_, before: string, token: string) => `${before}${this.#name('TOKEN', token)}`,
        )
        .replace(
          /((?:precondition|record) \()(\d+)(?=\))/g,
          (_, before: string, version: string) => `${before}${this.#name('VERSION', version)}`,
        )
        // What writes by itself is named after the executable.
        .replace(/("manager\\*":\\*")server(\\*")/g, '$1kube-apiserver$2')
        .replace(/("|- )\d+s("|\n)/g, '$1AGE$2')
        .replace(/(in scheme \\?")pkg\/[^"\\]+/g, '$1TABLE')
        .replace(/(?<=^\/openapi.*\?hash=|^")[0-9A-F]{16,}(?="?$)/g, 'HASH')
        .replace(/(Too large resource version: \d+, current: )\d+/g, '$1NOW')
        .replace(
          /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g,
          (_, fraction: string | undefined) => `TIME${fraction ? '.'.padEnd(fraction.length, '0') : ''}`,
        )
    );
  }

  headers(headers: IncomingHttpHeaders, warnings: readonly string[]): readonly string[] {
    return [
      ...HEADERS.filter((name) => headers[name] !== undefined).map(
        (name) => `${name}: ${this.text(String(headers[name]))}`,
      ),
      ...PRESENT.filter((name) => headers[name] !== undefined),
      ...warnings.map((warning) => `warning: ${this.text(warning)}`),
    ];
  }

  #name(kind: string, value: string): string {
    const given = this.#given.get(kind) ?? new Map<string, string>();
    this.#given.set(kind, given);
    const name = given.get(value) ?? `${kind}-${given.size + 1}`;
    given.set(value, name);
    return name;
  }
}
