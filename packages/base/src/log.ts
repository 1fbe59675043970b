export type Fields = Readonly<Record<string, unknown>>;

/** Structured events. The text is constant; everything that varies is a field. `error` means a person must act. */
export interface Logger {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  with(fields: Fields): Logger;
}

/** Says nothing. For tests and for callers that have no one to tell. */
export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silent,
};
