import { readFileSync } from 'node:fs';
import { type Credentials, isPair, writePrivateFile } from '@navarch/node/pki';

/** A certificate and its key in one file, so that a crash cannot leave one without the other. Undefined when there is no good pair. */
export function readCredentials(file: string): Credentials | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const block = (label: string): string =>
    new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----\n?`).exec(text)?.[0] ?? '';
  const found = { certificate: block('CERTIFICATE'), key: block('PRIVATE KEY') };
  return isPair(found) ? found : undefined;
}

export const writeCredentials = (file: string, { certificate, key }: Credentials): void =>
  writePrivateFile(file, `${certificate.trimEnd()}\n${key.trimEnd()}\n`);
