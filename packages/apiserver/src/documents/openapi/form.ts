import { parseAccept, takes } from '../../representation/accept.ts';
import type { ApiRequest } from '../../request.ts';

const JSON_TYPE = 'application/json';

/**
 * The media type of the form that is wanted first; undefined: none that there is. `protobuf` are its names: the first is
 * answered. The older one is no media type that can be parsed: it may be asked for, and is never answered.
 */
export function openApiType(request: ApiRequest, protobuf: readonly [string, ...string[]]): string | undefined {
  for (const clause of parseAccept(request.header('accept') || '*/*')) {
    if (takes(clause, JSON_TYPE)) return JSON_TYPE;
    if (protobuf.some((known) => takes(clause, known))) return protobuf[0];
  }
  return undefined;
}
