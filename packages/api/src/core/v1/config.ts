import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { ageColumn, integer, nameColumn, text } from '../../columns.ts';
import type { ConfigMap, Secret, ServiceAccount } from '../../generated/types/core-v1.ts';

const size = (...maps: readonly (Readonly<Record<string, unknown>> | undefined)[]): number =>
  maps.reduce((sum, map) => sum + Object.keys(map ?? {}).length, 0);
const IMMUTABLE = 'field is immutable when `immutable` is set';
const KEY = /^[-._a-zA-Z0-9]+$/;
const KEY_ERROR =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
/** Bytes of all values together (1 MiB). */
const SIZE_MAX = 1024 * 1024;

export const configMap: Kind<ConfigMap> = builtIn<ConfigMap>('/v1.ConfigMap', {
  columns: [nameColumn, integer('Data', (c) => size(c.data, c.binaryData)), ageColumn],
  behaviour: {
    desired: false,
    validate(c, at) {
      let bytes = 0;
      for (const [part, values] of [['data', c.data], ['binaryData', c.binaryData]] as const) {
        for (const [key, value] of Object.entries(values ?? {})) {
          if (!KEY.test(key)) at.at(part).key(key).invalid(key, KEY_ERROR);
          if (part === 'binaryData' && c.data && key in c.data) at.at(part).key(key).invalid(key, `duplicate of key present in data`);
          bytes += value.length;
        }
      }
      if (bytes > SIZE_MAX) at.at('').tooLong(SIZE_MAX);
    },
    validateUpdate(next, previous, at) {
      if (!previous.immutable) return;
      if (!next.immutable) at.at('immutable').forbidden(IMMUTABLE);
      for (const part of ['data', 'binaryData'] as const) {
        if (JSON.stringify(next[part]) !== JSON.stringify(previous[part])) at.at(part).forbidden(IMMUTABLE);
      }
    },
  },
});

export const secret: Kind<Secret> = builtIn<Secret>('/v1.Secret', {
  columns: [nameColumn, text('Type', (s) => s.type ?? ''), integer('Data', (s) => size(s.data)), ageColumn],
  selectableFields: { type: (s) => s.type ?? '' },
  behaviour: {
    desired: false,
    complete(s) {
      s.type ??= 'Opaque';
      if (!s.stringData) return;
      // Write-only convenience: what is stored and shown is always `data`.
      s.data = { ...s.data, ...Object.fromEntries(Object.entries(s.stringData).map(([key, value]) => [key, base64(value)])) };
      delete s.stringData;
    },
    validate(s, at) {
      for (const key of Object.keys(s.data ?? {})) if (!KEY.test(key)) at.at('data').key(key).invalid(key, KEY_ERROR);
      if (s.type === 'kubernetes.io/tls') {
        for (const key of ['tls.crt', 'tls.key']) if (s.data?.[key] === undefined) at.at('data').key(key).required();
      }
      if (s.type === 'kubernetes.io/dockerconfigjson' && s.data?.['.dockerconfigjson'] === undefined) at.at('data').key('.dockerconfigjson').required();
    },
    validateUpdate(next, previous, at) {
      at.at('type').immutable(next.type, previous.type);
      if (!previous.immutable) return;
      if (!next.immutable) at.at('immutable').forbidden(IMMUTABLE);
      if (JSON.stringify(next.data) !== JSON.stringify(previous.data)) at.at('data').forbidden(IMMUTABLE);
    },
  },
});

function base64(value: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(value)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

export const serviceAccount: Kind<ServiceAccount> = builtIn<ServiceAccount>('/v1.ServiceAccount', {
  columns: [nameColumn, integer('Secrets', (s) => s.secrets?.length ?? 0), ageColumn],
  behaviour: { desired: false },
});
