import { sha256 } from '@navarch/base';
import type { Endpoint } from '../model.ts';

/** One line of the configuration. Whose it is, so that who wrote something refused can be told, and nobody else has to suffer. */
export interface Line {
  readonly text: string;
  readonly owner?: string;
  /** Of the line of a server: what may be changed while HAProxy runs. */
  readonly server?: Place;
}

export interface Place {
  readonly backend: string;
  readonly slot: string;
  /** Absent: nobody is here. */
  readonly endpoint: Endpoint | undefined;
}

export const DEFAULT_CERTIFICATE = 'default.pem';
/** Where a request goes that no route has: 404, as ingress-nginx answers. */
export const NOBODY = 'b:nobody';
/** Where a request goes whose route leads nowhere. */
export const NOTHING = 'b:nothing';
export const lines = (texts: readonly string[], owner?: string): readonly Line[] =>
  texts.map((text) => (owner === undefined ? { text } : { text, owner }));

/** A secret's certificate has one file for as long as it is used, so that another content takes its place. */
export const certificateFile = (id: string): string => `certificate-${id.replace('/', '_')}.pem`;
export const isCertificate = (file: string): boolean => file.endsWith('.pem');

export const addressOf = ({ address, port }: Endpoint): string => `${address}:${port}`;

export const digestOf = (text: string): string =>
  [...sha256(new TextEncoder().encode(text)).subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
