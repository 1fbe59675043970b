import { randomUUID } from 'node:crypto';

/** Where a file is written before it takes its name: of this writer alone, though others may write the same file. */
export const draftOf = (path: string): string => `${path}.${randomUUID()}`;
