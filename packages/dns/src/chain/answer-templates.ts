import { codes, types } from '../wire/codes.ts';
import { type Answer, answerOf, isWithin, type Record } from '../wire/record.ts';

/** A rule of the template plugin: says the same to all questions that match. */
export interface AnswerTemplate {
  readonly zones: readonly string[];
  /** undefined: any. */
  readonly type: number | undefined;
  /** One of them must match; none: everything does. Each gives the whole match and its groups. */
  readonly matches: readonly ((text: string) => readonly string[] | undefined)[];
  readonly code: number;
  readonly isAuthoritative: boolean;
  readonly sections: globalThis.Record<'answer' | 'additional' | 'authority', readonly RecordTemplate[]>;
  readonly fallthrough: readonly string[];
}

/** undefined: what it says is no record. */
export type RecordTemplate = (question: {
  readonly name: string;
  readonly groups: readonly string[];
}) => Record | undefined;

/** undefined: none of them has something to say. */
export function answerOfTemplates(
  question: { readonly name: string; readonly type: number },
  templates: readonly AnswerTemplate[],
): Answer | undefined {
  for (const { zones, type, matches, code, isAuthoritative, sections, fallthrough } of templates) {
    const isOther = type !== undefined && type !== question.type && question.type !== types.ANY;
    if (isOther || !zones.some((zone) => isWithin(question.name, zone))) continue;
    const groups =
      matches.length === 0 ? [`${question.name}.`] : firstOf(matches, (match) => match(`${question.name}.`));
    if (!groups) {
      if (fallthrough.some((zone) => isWithin(question.name, zone))) continue;
      return answerOf(codes.SERVFAIL);
    }
    const records = (of: readonly RecordTemplate[]): readonly Record[] =>
      of.flatMap((template) => template({ name: question.name, groups }) ?? []);
    return {
      ...answerOf(code, records(sections.answer)),
      isAuthoritative,
      authorities: records(sections.authority),
      additionals: records(sections.additional),
    };
  }
  return undefined;
}

function firstOf<T, U>(list: readonly T[], find: (value: T) => U | undefined): U | undefined {
  for (const value of list) {
    const found = find(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
