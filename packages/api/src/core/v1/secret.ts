import { configKeyErrors, equalJson, type Field, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { base64Bytes, entriesOf, named, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { Secret } from '../../generated/types/core-v1.ts';
import { objectErrors } from './go-json.ts';
import { keyPairWarnings } from './key-pair.ts';
import { tokenSecret } from './token-secret.ts';

const IMMUTABLE = 'field is immutable when `immutable` is set';
/** Bytes of all values together (1 MiB). */
const SIZE_MAX = 1024 * 1024;
const TLS = 'kubernetes.io/tls';

/** Keys that a secret of a type must have. */
const required: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  [TLS]: ['tls.crt', 'tls.key'],
};

export const secret: Kind<Secret> = builtIn<Secret>('/v1.Secret', {
  columns: columnsOf('/Secret', { Type: (s) => s.type ?? '', Data: (s) => Object.keys(s.data ?? {}).length }),
  selectableFields: { type: (s) => s.type ?? '' },
  behaviour: {
    desired: false,
    complete(s) {
      s.type ??= 'Opaque';
      if (!s.stringData) return;
      // Write-only convenience: what is stored and shown is always `data`.
      s.data = {
        ...s.data,
        ...Object.fromEntries(Object.entries(s.stringData).map(([key, value]) => [key, base64(value)])),
      };
      delete s.stringData;
    },
    validateCreate: validateContent,
    validateUpdate(next, previous, at) {
      unchanged(next.type, previous.type, at.at('type'));
      if (previous.immutable) {
        if (!next.immutable) at.at('immutable').forbidden(IMMUTABLE);
        if (!equalJson(next.data ?? {}, previous.data ?? {})) at.at('data').forbidden(IMMUTABLE);
      }
      validateContent(next, at);
    },
    warnings: ({ type, data = {} }) =>
      type === TLS ? keyPairWarnings(textOf(data['tls.crt']), textOf(data['tls.key'])) : [],
  },
});

function validateContent(s: Secret, at: Field): void {
  let bytes = 0;
  for (const [key, value] of entriesOf(s.data)) {
    named(key, configKeyErrors, at.at('data').key(key));
    bytes += base64Bytes(value);
  }
  if (bytes > SIZE_MAX) at.at('data').tooLong(SIZE_MAX);
  validateType(s, at);
}

function validateType(s: Secret, at: Field): void {
  const { type = '', data = {} } = s;
  if (type === tokenSecret.type && !s.metadata.annotations?.[tokenSecret.accountName]) {
    at.at('metadata', 'annotations').key(tokenSecret.accountName).required();
  }
  for (const key of required[type] ?? []) {
    const here = at.at('data').key(key);
    if (data[key] === undefined || (type === 'kubernetes.io/ssh-auth' && data[key] === '')) here.required();
    else if (key.startsWith('.dockerc')) validateJson(data[key], here);
  }
  if (type === 'kubernetes.io/basic-auth' && data['username'] === undefined && data['password'] === undefined) {
    at.at('data').key('username').required();
    at.at('data').key('password').required();
  }
}

function validateJson(value: string, at: Field): void {
  const error = objectErrors(textOf(value));
  if (error !== undefined) at.invalid('<secret contents redacted>', error);
}

const textOf = (value = ''): string => new TextDecoder().decode(Uint8Array.from(atob(value), (c) => c.charCodeAt(0)));

function base64(value: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(value)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
