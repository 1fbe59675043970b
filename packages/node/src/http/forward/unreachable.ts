import { failure, type Status } from '@navarch/machinery';
import { dialWords } from '../dial-words.ts';

/** The Status for a target that did not answer. */
export const unreachable = (error: Error, { host, port }: { readonly host: string; readonly port: number }): Status =>
  failure('ServiceUnavailable', `error trying to reach service: ${dialWords(error, host, port)}`).status;

/** The Status for a target that answers, and does not go over to what was asked for. */
export const notUpgraded = (code: number): Status => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: `invalid upgrade response: status code ${code}`,
  code: 500,
});

/** The Status for an answer that a kubelet gave in plain text instead of a log. */
export function kubeletRefusal(code: number, text: string, pod: string): Status {
  if (code === 400) return failure('BadRequest', text).status;
  if (code === 404)
    return {
      ...failure('NotFound', `the server could not find the requested resource ( pods/log ${pod})`, {
        name: pod,
        kind: 'pods/log',
      }).status,
    };
  return failure('InternalError', `Internal error occurred: ${text}`, { causes: [{ message: text }] }).status;
}

/** The Status for a command that a kubelet refused: the one that it gave, or one of its words. */
export function commandRefused(text: string): Status {
  const given = statusIn(text);
  if (given) return given;
  const message = `unable to upgrade connection: ${text.trim()}`;
  return failure('InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] }).status;
}

function statusIn(text: string): Status | undefined {
  try {
    const value = JSON.parse(text) as Partial<Status> | null;
    return value?.kind === 'Status' ? (value as Status) : undefined;
  } catch {
    return undefined;
  }
}
