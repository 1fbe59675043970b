import type { Answer } from '../wire/record.ts';
import type { Template } from '../wire/template.ts';

/** How a question was answered. */
export interface Outcome {
  readonly answer: Answer;
  /** Who answered, by the name of the plugin. */
  readonly by: string;
  /** It holds until the cluster or the configuration changes. */
  readonly isLasting: boolean;
  /** Seconds since it was made. */
  readonly ageSeconds: number;
  /** Its bytes, for the very question that was asked. */
  readonly template?: Template;
}

export type MaybeLater<T> = T | Promise<T>;

export const continued = <T, U>(value: MaybeLater<T>, next: (value: T) => MaybeLater<U>): MaybeLater<U> =>
  value instanceof Promise ? value.then(next) : next(value);
