import { canonicalName } from '../wire/names.ts';
import type { Answer, Data, Record } from '../wire/record.ts';
import { filled } from './patterns.ts';

/** A rule of the rewrite plugin: asks something else in the place of what was asked. */
export interface Rewrite {
  /** Whether the rules after one that applied are looked at too. */
  readonly goesOn: boolean;
  readonly change: NameChange | TypeChange | TtlChange;
}

interface NameChange {
  readonly field: 'name';
  readonly match: NameMatch;
  /** What is done to names of the answer. */
  readonly answers: readonly AnswerChange[];
}

interface TypeChange {
  readonly field: 'type';
  readonly from: number;
  readonly to: number;
}

interface TtlChange {
  readonly field: 'ttl';
  /** Whether the name is one of those. */
  readonly applies: (name: string) => boolean;
  readonly min: number;
  readonly max: number;
}

/** The name that is asked for instead; undefined: the rule does not apply. */
export type NameMatch = (name: string) => string | undefined;

export type AnswerChange =
  /** Names that are what was asked for in the end become what the client asked for; `back` undoes a change of endings. */
  | { readonly kind: 'auto'; readonly back?: NameMatch }
  | { readonly kind: 'name' | 'value'; readonly change: NameMatch };

interface Question {
  readonly name: string;
  readonly type: number;
}

export interface Rewritten {
  readonly question: Question;
  /** Turns the answer to the other question into one to the client's. */
  readonly undo: (answer: Answer) => Answer;
}

/** What is asked after all rules; undefined: what was asked. `invalid`: a rule made something that is no name. */
export function rewritten(asked: Question, rules: readonly Rewrite[]): Rewritten | 'invalid' | undefined {
  let question = asked;
  const undos: ((answer: Answer) => Answer)[] = [];
  for (const { goesOn, change } of rules) {
    const before = question;
    if (change.field === 'type') {
      if (change.from !== question.type) continue;
      question = { ...question, type: change.to };
    } else if (change.field === 'ttl') {
      if (!change.applies(question.name)) continue;
      undos.push((answer) => withRecords(answer, (record) => limited(record, change)));
    } else {
      const to = change.match(question.name);
      if (to === undefined) continue;
      const name = canonicalName(to);
      if (name === undefined) return 'invalid';
      question = { ...question, name };
      undos.push((answer) => change.answers.reduce((sum, one) => applied(sum, one, before.name, name), answer));
    }
    if (!goesOn) break;
  }
  if (question === asked && undos.length === 0) return undefined;
  // The last change is undone first.
  return { question, undo: (answer) => undos.toReversed().reduce((sum, undo) => undo(sum), answer) };
}

const limited = (record: Record, { min, max }: TtlChange): Record => ({
  ...record,
  ttl: Math.min(Math.max(record.ttl, min), max),
});

function applied(answer: Answer, change: AnswerChange, from: string, to: string): Answer {
  if (change.kind === 'auto') {
    // What is below the name is below the client's name too.
    const back: NameMatch = (name) =>
      name === to ? from : name.endsWith(`.${to}`) ? name.slice(0, -to.length) + from : change.back?.(name);
    return withRecords(answer, (record) => ({
      ...record,
      name: changed(record.name, back),
      data: valueChanged(record.data, back),
    }));
  }
  const { kind, change: of } = change;
  return withRecords(answer, (record) =>
    kind === 'name'
      ? { ...record, name: changed(record.name, of) }
      : { ...record, data: valueChanged(record.data, of) },
  );
}

const changed = (name: string, change: NameMatch): string => {
  const to = change(name.toLowerCase());
  return (to === undefined ? undefined : canonicalName(to)) ?? name;
};

function valueChanged(data: Data, change: NameMatch): Data {
  switch (data.type) {
    case 'CNAME':
    case 'DNAME':
    case 'NS':
    case 'PTR':
    case 'SRV':
    case 'MX':
      return { ...data, target: changed(data.target, change) };
    case 'SOA':
      return { ...data, server: changed(data.server, change), mail: changed(data.mail, change) };
    default:
      return data;
  }
}

const withRecords = (answer: Answer, change: (record: Record) => Record): Answer => ({
  ...answer,
  answers: answer.answers.map(change),
  authorities: answer.authorities.map(change),
  additionals: answer.additionals.map(change),
});

/** Names with a dot at the end, as patterns of Corefiles expect them, are matched; groups fill what is asked instead. */
export const byPattern =
  (match: (text: string) => readonly string[] | undefined, to: string): NameMatch =>
  (name) => {
    const groups = match(`${name}.`);
    return groups && filled(to, groups);
  };
