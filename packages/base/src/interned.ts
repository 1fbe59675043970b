import { Memo } from './memo.ts';
import { onePiece } from './one-piece.ts';

/** Names of who writes and where: as many as a cluster has, and never long. */
const texts = new Memo<string>(10_000, 300);

/**
 * The text as one of its own, and as one for all. A slice of a text (of a path, a header, a key) is held by V8 as a view of
 * the whole: it keeps that alive, and makes printing slow.
 */
export const interned = (text: string): string => texts.get(text, onePiece);
