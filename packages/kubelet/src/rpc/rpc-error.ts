/** The status codes of gRPC, by which runtimes and plugins say what kind of refusal it is. */
export const rpcCodes = {
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

export type RpcCode = keyof typeof rpcCodes;

/** A runtime or plugin refused a call, or could not be reached (`UNAVAILABLE`). */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: RpcCode;
  /** What the other side itself said: the text for events and statuses. */
  readonly details: string;

  constructor(code: RpcCode, details: string, options?: ErrorOptions) {
    // The shape in which upstream's clients print a refusal; people search for it.
    super(`rpc error: code = ${spoken(code)} desc = ${details}`, options);
    this.code = code;
    this.details = details;
  }

  static is(error: unknown, ...codes: readonly RpcCode[]): error is RpcError {
    return error instanceof RpcError && (codes.length === 0 || codes.includes(error.code));
  }
}

/** NOT_FOUND is printed NotFound. */
function spoken(code: RpcCode): string {
  if (code === 'OK') return code;
  if (code === 'CANCELLED') return 'Canceled';
  return code
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('');
}
