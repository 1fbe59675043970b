import { type Status, StatusError } from '@navarch/machinery';
import type { TestContext } from './conformance-test.ts';
import { type RawRequest, request } from './requests.ts';

/** Whatever JSON an answer was: tests look into it as clients without types do. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** Objects by their paths, for kinds that only this test knows. Every method rejects with StatusError when the server refuses. */
export interface Rest {
  get(path: string): Promise<Json>;
  create(path: string, body: unknown): Promise<Json>;
  replace(path: string, body: unknown): Promise<Json>;
  patch(path: string, type: keyof typeof PATCH_TYPES, body: unknown): Promise<Json>;
  delete(path: string, options?: unknown): Promise<Json>;
}

export function rest(context: TestContext): Rest {
  const send = async (raw: RawRequest): Promise<Json> => {
    const { status, text } = await request(context, raw);
    if (status < 300) return text === '' ? undefined : JSON.parse(text);
    throw new StatusError(
      text.startsWith('{')
        ? (JSON.parse(text) as Status)
        : ({ code: status, message: text, status: 'Failure' } as Status),
    );
  };
  return {
    get: (path) => send({ path }),
    create: (path, body) => send({ method: 'POST', path, body }),
    replace: (path, body) => send({ method: 'PUT', path, body }),
    patch: (path, type, body) => send({ method: 'PATCH', path, body, contentType: PATCH_TYPES[type] }),
    delete: (path, body) => send({ method: 'DELETE', path, ...(body === undefined ? {} : { body }) }),
  };
}
