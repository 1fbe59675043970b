import type { Fields, Logger } from '@navarch/base';
import { pino } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Values under these names never reach a log, however deep a caller put them. */
const SECRET_FIELDS = ['token', 'password', 'authorization', 'secret'];

/** One JSON line an event, on standard output unless told otherwise. Written at once: a killed process loses no line. */
export function systemLogger(
  level: LogLevel,
  out: pino.DestinationStream = pino.destination({ fd: 1, sync: true }),
): Logger {
  const paths = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]);
  const root: pino.Logger<string, boolean> = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths, censor: '[redacted]' } },
    out,
  );
  return wrap(root);
}

function wrap(sink: pino.Logger<string, boolean>): Logger {
  return {
    debug: (event, fields) => sink.debug(readable(fields), event),
    info: (event, fields) => sink.info(readable(fields), event),
    warn: (event, fields) => sink.warn(readable(fields), event),
    error: (event, fields) => sink.error(readable(fields), event),
    with: (fields) => wrap(sink.child(readable(fields))),
  };
}

/** Errors are values with hidden fields: say what they are. */
function readable(fields: Fields = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? described(value) : value]),
  );
}

/** Messages along the causes; one that an outer message has quoted already is not said again. */
function described(error: Error): string {
  if (!(error.cause instanceof Error)) return error.message;
  const cause = described(error.cause);
  return error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}
