import type { Clock } from '@navarch/base';
import { badRequest, failure, parseDuration } from '@navarch/machinery';
import type { RequestInfo } from '../request-info.ts';

/** Upstream's bound for every request that ends by itself, by default. */
const LONGEST_MS = 60_000;
/** What goes on for as long as the client wants. */
const OPEN_ENDED: ReadonlySet<string> = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);
const UNITS: ReadonlySet<string> = new Set(['ns', 'us', 'µs', 'μs', 'ms', 's', 'm', 'h']);

/**
 * How long the client wants to wait at most, in ms (`?timeout=5s`); undefined: nobody says. Throws BadRequest.
 * `longestMs`: how long any request may take that ends by itself (upstream's --request-timeout).
 */
export function patienceOf(
  { verb, subresource }: RequestInfo,
  query: URLSearchParams,
  longestMs?: number,
): number | undefined {
  const text = query.get('timeout') ?? '';
  if (verb === 'watch' || OPEN_ENDED.has(subresource)) return undefined;
  if (text === '') return longestMs;
  const ms = parseDuration(text);
  if (ms === undefined) throw badRequest(`invalid timeout specified in the request URL - ${mistakeIn(text)}`);
  const most = longestMs ?? LONGEST_MS;
  return ms === 0 ? most : Math.min(ms, most);
}

/** Of a duration that is none, as Go tells it. */
function mistakeIn(text: string): string {
  const shown = `duration ${JSON.stringify(text)}`;
  const parts = /^[-+]?((?:(?:\d+\.?\d*|\.\d+)[^\d.]+)*)(?:\d+\.?\d*|\.\d+)?$/.exec(text);
  if (!parts) return `time: invalid ${shown}`;
  const unknown = [...text.matchAll(/[\d.]+([^\d.+-]+)/g)]
    .map(([, unit = '']) => unit)
    .find((unit) => !UNITS.has(unit));
  if (unknown !== undefined) return `time: unknown unit ${JSON.stringify(unknown)} in ${shown}`;
  return /[\d.]$/.test(text) ? `time: missing unit in ${shown}` : `time: invalid ${shown}`;
}

/** Rejects with Timeout where the work takes longer; whatever becomes of it then, nobody is told any more. */
export async function within<T>(ms: number, clock: Clock, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = clock.sleep(Math.max(0, ms), done.signal).then((): never => {
    throw failure(
      'Timeout',
      'Timeout: request did not complete within requested timeout - context deadline exceeded',
      {},
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort(new Error('answered'));
    late.catch(() => undefined);
  }
}
