/** The status codes of gRPC, by which a runtime says what kind of refusal it is. */
export const criCodes = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type CriCode = keyof typeof criCodes;

/** The runtime refused a call, or could not be reached (`UNAVAILABLE`). */
export class CriError extends Error {
  override readonly name = 'CriError';
  readonly code: CriCode;
  /** What the runtime itself said: the text for events and statuses. */
  readonly details: string;

  constructor(code: CriCode, details: string, options?: ErrorOptions) {
    // The shape in which upstream's clients print a refusal; people search for it.
    super(`rpc error: code = ${spoken(code)} desc = ${details}`, options);
    this.code = code;
    this.details = details;
  }

  static is(error: unknown, ...codes: readonly CriCode[]): error is CriError {
    return error instanceof CriError && (codes.length === 0 || codes.includes(error.code));
  }
}

/** NOT_FOUND is printed NotFound. */
function spoken(code: CriCode): string {
  if (code === 'OK') return code;
  if (code === 'CANCELLED') return 'Canceled';
  return code
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('');
}
