import { badRequest } from '../status.ts';

export interface FieldTerm {
  readonly field: string;
  readonly isEqual: boolean;
  readonly value: string;
}

/**
 * `a=b,c!=d`; in values `\\`, `\,` and `\=` stand for themselves. The terms come
 * back sorted; one of nothing but a sign asks for nothing. Throws BadRequest in upstream's words.
 */
export function parseFieldSelector(text: string): readonly FieldTerm[] {
  return [...termsOf(text)]
    .sort()
    .filter((term) => term !== '')
    .map((term) => {
      const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
      if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      return { field: match[1] ?? '', isEqual: match[2] !== '!=', value: unescaped(match[3] ?? '') };
    })
    .filter(({ field, value }) => field !== '' || value !== '');
}

/** Splits at commas that have no backslash before them. */
function termsOf(text: string): readonly string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === ',') {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...terms, text.slice(start)];
}

function unescaped(value: string): string {
  if (!/[\\,=]/.test(value)) return value;
  let out = '';
  for (let i = 0; i < value.length; i++) {
    const char = value[i] as string;
    if (char === '=' || char === ',')
      throw badRequest(`invalid field selector: unescaped character in value: ${char.charCodeAt(0)}`);
    if (char !== '\\') {
      out += char;
      continue;
    }
    const escaped = value[++i];
    if (escaped === undefined || !'\\,='.includes(escaped))
      throw badRequest(`invalid field selector: invalid escape sequence: \\${escaped ?? ''}`);
    out += escaped;
  }
  return out;
}
