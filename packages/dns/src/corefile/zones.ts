import { canonicalName } from '../wire/names.ts';
import { CorefileError } from './read-blocks.ts';

/** A zone as it is written; a range of addresses is the zones of its reverse names. */
export function zonesOf(text: string, line: number): readonly string[] {
  const [, address, bits] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(text) ?? [];
  if (address !== undefined) {
    const kept = Number(bits) / 8;
    if (![1, 2, 3, 4].includes(kept)) throw new CorefileError(line, `"${text}": a range ends at a whole byte`);
    return [`${address.split('.').slice(0, kept).toReversed().join('.')}.in-addr.arpa`];
  }
  const name = canonicalName(text === '.' ? '' : text);
  if (name === undefined || text.includes('/')) throw new CorefileError(line, `"${text}" is no zone`);
  return [name];
}
