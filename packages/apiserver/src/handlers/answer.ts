import { type Asking, negotiate, type Representation } from '../representation/representation.ts';
import { showValue } from '../representation/show.ts';
import type { BytesResponse } from '../request.ts';

/** An answer whose bytes are in that representation. */
export const bytesAnswer = (
  { format, isPretty }: Representation,
  body: readonly Uint8Array[],
  status = 200,
): BytesResponse => ({
  type: 'bytes',
  status,
  headers: headersOf(format.mediaType),
  body: format.end && !isPretty ? [...body, format.end] : body,
});

/** A value that is no stored object: a Status, a Scale, a review. */
export function valueAnswer(asking: Asking, value: unknown, status = 200): BytesResponse {
  const how = negotiate(asking, undefined);
  return bytesAnswer(how, [showValue(how, value)], status);
}

const headers = new Map<string, Readonly<Record<string, string>>>();

/** One record per type, since most answers have no other header. */
function headersOf(contentType: string): Readonly<Record<string, string>> {
  let made = headers.get(contentType);
  if (!made) headers.set(contentType, (made = { 'content-type': contentType }));
  return made;
}
