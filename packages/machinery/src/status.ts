import { quotedAsGo } from './go-values.ts';
import type { FieldError } from './field.ts';
import type { ListMeta } from './meta.ts';

/** metav1.StatusReason: what kind of refusal this is, for programs. */
export type Reason = keyof typeof CODES;

const CODES = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServerTimeout: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
} as const;

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** Kind, or the resource's plural where the server knows only that. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** The answer to what has no object to answer with (API conventions, "Response Status Kind"). */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: ListMeta;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

export interface ResourceName {
  readonly group: string;
  readonly plural: string;
}

/** The one error that crosses the API. What is on the wire is what is thrown, on both sides. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: Status;

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? 'unknown', options);
    this.status = status;
  }
}

export function failure(reason: Reason, message: string, details?: StatusDetails, options?: ErrorOptions): StatusError {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details ? { details } : {}),
    code: CODES[reason],
  };
  return new StatusError(status, options);
}

export const success = (details?: StatusDetails): Status => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  ...(details ? { details } : {}),
});

/** The answer to a POST after which there is nothing to show: unlike that to a DELETE it says its code within, as clients read it there. */
export const done = (): Status => ({ ...success(), code: 201 });

const resource = ({ group, plural }: ResourceName): string => (group ? `${plural}.${group}` : plural);
const about = ({ group, plural }: ResourceName, name: string): StatusDetails => ({
  ...(name ? { name } : {}),
  ...(group ? { group } : {}),
  kind: plural,
});

export const notFound = (of: ResourceName, name: string): StatusError =>
  failure('NotFound', `${resource(of)} ${quotedAsGo(name)} not found`, about(of, name));
export const alreadyExists = (of: ResourceName, name: string): StatusError =>
  failure('AlreadyExists', `${resource(of)} ${quotedAsGo(name)} already exists`, about(of, name));
export const conflict = (of: ResourceName, name: string, detail: string): StatusError =>
  failure(
    'Conflict',
    `Operation cannot be fulfilled on ${resource(of)} ${quotedAsGo(name)}: ${detail}`,
    about(of, name),
  );
export const forbidden = (of: ResourceName, name: string, detail: string): StatusError =>
  failure(
    'Forbidden',
    name ? `${resource(of)} ${quotedAsGo(name)} is forbidden: ${detail}` : `${resource(of)} is forbidden: ${detail}`,
    name ? about(of, name) : { ...(of.group ? { group: of.group } : {}), kind: of.plural },
  );
export const badRequest = (message: string): StatusError => failure('BadRequest', message);
export const unauthorized = (): StatusError => failure('Unauthorized', 'Unauthorized');
export const methodNotAllowed = (of: ResourceName, action: string): StatusError =>
  failure('MethodNotAllowed', `${action} is not supported on resources of kind ${JSON.stringify(resource(of))}`, {
    ...(of.group ? { group: of.group } : {}),
    kind: of.plural,
  });
export const expired = (message: string): StatusError => failure('Expired', message);
export const internalError = (cause: unknown): StatusError =>
  failure(
    'InternalError',
    `Internal error occurred: ${cause instanceof Error ? cause.message : String(cause)}`,
    { causes: [{ message: cause instanceof Error ? cause.message : String(cause) }] },
    { cause },
  );
export const tooManyRequests = (message: string, retryAfterSeconds: number): StatusError =>
  failure('TooManyRequests', message, { retryAfterSeconds });

/** All errors of one object, in the order found (metav1 reason Invalid, code 422). */
export function invalid(
  of: { readonly group: string; readonly kind: string },
  name: string | undefined,
  errors: readonly FieldError[],
): StatusError {
  // What was found twice is told once, and shown as often as it was found.
  const texts = [...new Set(errors.map((e) => `${e.field}: ${e.message}`))];
  const text = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const groupKind = of.group ? `${of.kind}.${of.group}` : of.kind;
  return failure('Invalid', `${groupKind} ${JSON.stringify(name ?? '')} is invalid: ${text}`, {
    ...(name ? { name } : {}),
    ...(of.group ? { group: of.group } : {}),
    ...(of.kind ? { kind: of.kind } : {}),
    causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
  });
}

export const hasReason = (error: unknown, reason: Reason): error is StatusError =>
  error instanceof StatusError && error.status.reason === reason;

/** What to answer when `error` was thrown: refusals as they are, our own bugs as an internal error without a stack. */
export const statusOf = (error: unknown): Status =>
  error instanceof StatusError ? error.status : internalError(error).status;
