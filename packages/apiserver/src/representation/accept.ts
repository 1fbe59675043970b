import { Memo } from '@navarch/base';

/** One alternative of an Accept header (RFC 9110, section 12.5.1). */
export interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Clients send the same few headers again and again. */
const remembered = new Memo<readonly Clause[]>(200);

/** The alternatives of an Accept header, best first; what cannot be read is left out. Types are compared as they are written, as upstream does. */
export const parseAccept = (header: string): readonly Clause[] =>
  remembered.get(header, () => header.split(',').flatMap(clauseOf).toSorted(byPreference));

function clauseOf(text: string): readonly Clause[] {
  const [range = '', ...rest] = text.split(';').map((part) => part.trim());
  const [type = '', subtype, ...more] = range.split('/').map((part) => part.trim());
  // `*` alone is what some old clients send.
  if (type === '' || more.length > 0 || (subtype === undefined && type !== '*')) return [];
  const parameters = new Map<string, string>();
  let quality = 1;
  for (const part of rest) {
    const [name = '', value = ''] = part.split('=').map((side) => side.trim());
    if (name === 'q') quality = Number(value);
    else if (name !== '') parameters.set(name, value);
  }
  return [{ type, subtype: subtype ?? '*', quality: Number.isFinite(quality) ? quality : 1, parameters }];
}

/** By quality; among equals what names a type comes before what takes any. */
const byPreference = (a: Clause, b: Clause): number =>
  b.quality - a.quality ||
  Number(a.type === '*') - Number(b.type === '*') ||
  Number(a.subtype === '*') - Number(b.subtype === '*');

/** True when the clause takes this media type. */
export const takes = ({ type, subtype }: Clause, mediaType: string): boolean =>
  type === '*'
    ? subtype === '*'
    : subtype === '*'
      ? mediaType.startsWith(`${type}/`)
      : mediaType === `${type}/${subtype}`;
