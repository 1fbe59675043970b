import type { Service, ServicePort } from '@navarch/api';
import { digest } from './digest.ts';
import type { Family } from './families.ts';

const NAME_MAX = 100;

/** Says what the chain is for; a long one ends in a digest instead. Nothing in it has a slash but what is between. */
export function ownName(
  kind: string,
  { mark }: Family,
  { metadata }: Service,
  { protocol = 'TCP', port }: ServicePort,
): string {
  const parts = [`${kind}${mark}`, metadata.namespace ?? '', metadata.name, `${protocol.toLowerCase()}-${port}`];
  const text = parts.join('/');
  if (text.length <= NAME_MAX) return text;
  return `${text.slice(0, NAME_MAX - 9)}-${digest(text).toString(16)}`;
}
