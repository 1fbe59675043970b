import { badRequest, Field, invalid, parseTime } from '@navarch/machinery';

const FLAGS = ['follow', 'previous', 'timestamps'] as const;
const NUMBERS = ['sinceSeconds', 'tailLines', 'limitBytes'] as const;
const STREAMS = ['All', 'Stderr', 'Stdout'];
const GO_TIME = '2006-01-02T15:04:05Z07:00';

/** Any value but these turns an option on, none at all does not. */
export const isOn = (query: URLSearchParams, name: string): boolean =>
  query.has(name) && !/^(?:0|false)$/i.test(query.get(name) ?? '');

/**
 * What is asked of a container's log (PodLogOptions), as its kubelet is asked for it. Throws BadRequest for what cannot be
 * read and Invalid for what cannot be; `name` is the pod's.
 */
export function logQuery(query: URLSearchParams, name: string, maySelectStream: boolean): URLSearchParams {
  const numbers = Object.fromEntries(NUMBERS.map((option) => [option, numberOf(query.get(option))]));
  const since = query.get('sinceTime');
  const hasTime = since !== null && since !== '' && since !== 'null';
  if (hasTime && parseTime(since) === undefined)
    throw badRequest(
      `parsing time ${JSON.stringify(since)} as ${JSON.stringify(GO_TIME)}: cannot parse ${JSON.stringify(since)} as "2006"`,
    );
  const at = new Field();
  atLeast(numbers['tailLines'], 0, at.at('tailLines'));
  atLeast(numbers['limitBytes'], 1, at.at('limitBytes'));
  if (numbers['sinceSeconds'] !== undefined && since !== null)
    at.forbidden('at most one of `sinceTime` or `sinceSeconds` may be specified');
  else atLeast(numbers['sinceSeconds'], 1, at.at('sinceSeconds'));
  const stream = query.get('stream') ?? undefined;
  if (!maySelectStream && stream !== undefined) at.at('stream').forbidden('may not be specified');
  if (maySelectStream) checkStream(stream ?? 'All', numbers['tailLines'] !== undefined, at);
  if (at.errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, name, at.errors);
  const asked = new URLSearchParams();
  for (const option of FLAGS) if (isOn(query, option)) asked.set(option, 'true');
  for (const option of NUMBERS) if (numbers[option] !== undefined) asked.set(option, String(numbers[option]));
  if (hasTime) asked.set('sinceTime', since);
  if (maySelectStream && stream !== undefined) asked.set('stream', stream);
  return asked;
}

function numberOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (Math.abs(value) > 2 ** 63)
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  return value;
}

function atLeast(value: number | undefined, least: 0 | 1, at: Field): void {
  if (value !== undefined && value < least)
    at.invalid(value, `must be greater than ${least === 0 ? 'or equal to ' : ''}0`);
}

function checkStream(stream: string, hasTail: boolean, at: Field): void {
  if (!STREAMS.includes(stream)) at.at('stream').notSupported(stream, STREAMS);
  if (stream !== 'All' && hasTail) at.forbidden('`tailLines` and specific `stream` are mutually exclusive for now');
}
