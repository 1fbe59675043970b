/**
 * A message as a caller may write it: what is left out has its zero value on the wire. Answers are complete:
 * lists, maps and scalars are always there, a message inside a message only when it was sent.
 * 64-bit integers are numbers: exact to 2^53, nanosecond timestamps to 256 ns.
 */
export type Input<T> = T extends Uint8Array | string | number | boolean
  ? T
  : T extends readonly (infer E)[]
    ? readonly Input<E>[]
    : T extends object
      ? string extends keyof T
        ? T
        : { readonly [K in keyof T]?: Input<T[K]> | undefined }
      : T;
