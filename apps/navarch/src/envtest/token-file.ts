import type { User } from '@navarch/apiserver';
import { UserError } from '../user-error.ts';

const FIELD = /(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g;

/** People by their tokens, of `token,user,uid,"group1,group2"` a line. Throws UserError for a line that says too little. */
export function readTokenFile(file: string, text: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const fields = Array.from(line.matchAll(FIELD), ([, quoted, plain = '']) =>
      quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'),
    );
    const [token = '', name = '', uid = '', groups = ''] = fields;
    if (fields.length < 3)
      throw new UserError(
        `token file '${file}' must have at least 3 columns (token, user name, user uid), found ${fields.length}`,
      );
    if (token === '')
      throw new UserError(`empty token has been found in token file '${file}', record number '${i + 1}'`);
    users.set(token, {
      name,
      ...(uid === '' ? {} : { uid }),
      groups: groups
        .split(',')
        .map((group) => group.trim())
        .filter((group) => group !== ''),
    });
  }
  return users;
}
