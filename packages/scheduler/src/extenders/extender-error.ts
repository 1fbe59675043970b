/** An extender did not answer, or not as extenders answer. */
export class ExtenderError extends Error {
  override readonly name = 'ExtenderError';
}
