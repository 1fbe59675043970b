import { configKeyErrors, equalJson, type Field, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { base64Bytes, bytesOf, entriesOf, named } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { ConfigMap } from '../../generated/types/core-v1.ts';

const IMMUTABLE = 'field is immutable when `immutable` is set';
/** Bytes of all values together (1 MiB). */
const SIZE_MAX = 1024 * 1024;

export const configMap: Kind<ConfigMap> = builtIn<ConfigMap>('/v1.ConfigMap', {
  columns: columnsOf('/ConfigMap', {
    Data: (c) => Object.keys(c.data ?? {}).length + Object.keys(c.binaryData ?? {}).length,
  }),
  behaviour: {
    desired: false,
    validateCreate: validateContent,
    validateUpdate(next, previous, at) {
      if (previous.immutable) keepsContent(next, previous, at);
      validateContent(next, at);
    },
  },
});

function validateContent(c: ConfigMap, at: Field): void {
  let bytes = 0;
  for (const [key, value] of entriesOf(c.data)) {
    named(key, configKeyErrors, at.at('data').key(key));
    if (c.binaryData && Object.hasOwn(c.binaryData, key))
      at.at('data').key(key).invalid(key, 'duplicate of key present in binaryData');
    bytes += bytesOf(value);
  }
  for (const [key, value] of entriesOf(c.binaryData)) {
    named(key, configKeyErrors, at.at('binaryData').key(key));
    bytes += base64Bytes(value);
  }
  if (bytes > SIZE_MAX) at.tooLong(SIZE_MAX);
}

function keepsContent(next: ConfigMap, previous: ConfigMap, at: Field): void {
  if (!next.immutable) at.at('immutable').forbidden(IMMUTABLE);
  for (const part of ['data', 'binaryData'] as const)
    if (!equalJson(next[part] ?? {}, previous[part] ?? {})) at.at(part).forbidden(IMMUTABLE);
}
