import { Memo } from './memo.ts';

/** Names of who writes and where: as many as a cluster has, and never long. */
const texts = new Memo<string>(10_000, 300);

/**
 * The text as one of its own. A slice of a text (of a path, a header, a key) is held by V8 as a view of the whole: it keeps
 * that alive, and JSON.stringify() takes three times as long for every object in which there is such a text. The keys of a
 * Map are never views.
 */
export const interned = (text: string): string => texts.get(text, itself);

const itself = (text: string): string => text;
