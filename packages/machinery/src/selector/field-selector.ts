import { badRequest } from '../status.ts';

export interface FieldTerm {
  readonly field: string;
  readonly isEqual: boolean;
  readonly value: string;
}

/** `a=b,c!=d` with backslash escapes. Throws BadRequest in upstream's words. */
export function parseFieldSelector(text: string): readonly FieldTerm[] {
  return splitUnescaped(text).filter((term) => term !== '').map((term) => {
    const match = /^((?:[^=!\\]|\\.)*?)(!=|==|=)(.*)$/s.exec(term);
    if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    return { field: match[1] ?? '', isEqual: match[2] !== '!=', value: unescape(match[3] ?? '', text) };
  });
}

function splitUnescaped(text: string): readonly string[] {
  const terms: string[] = [];
  let term = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') {
      term += text.slice(i, i + 2);
      i += 1;
    } else if (text[i] === ',') {
      terms.push(term);
      term = '';
    } else term += text[i];
  }
  return [...terms, term];
}

function unescape(value: string, whole: string): string {
  if (/(?<!\\)(?:\\\\)*[=]/.test(value)) throw badRequest(`invalid selector: '${whole}'; can't understand '${value}'`);
  return value.replace(/\\([\\,=])/g, '$1');
}
