import { randomInt } from 'node:crypto';
import { UserError } from '../user-error.ts';

/** What a machine needs to join: a bootstrap token, and the pin by which it knows the cluster's authority (ADR 6). */
export interface JoinToken {
  readonly id: string;
  readonly secret: string;
  /** `sha256:HEX` of the authority's public key; undefined when only a bare bootstrap token was given. */
  readonly pin: string | undefined;
}

const FORM = /^([a-z0-9]{6})\.([a-z0-9]{16})(?:@(sha256:[0-9a-f]{64}))?$/;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Reads `ID.SECRET@sha256:HEX`, or a bare `ID.SECRET`. */
export function parseJoinToken(text: string): JoinToken {
  const [, id, secret, pin] = FORM.exec(text.trim()) ?? [];
  if (id === undefined || secret === undefined) {
    throw new UserError(
      '--token does not look like one: it has the form abcdef.0123456789abcdef@sha256:...; `navarch token create` on the server prints one',
    );
  }
  return { id, secret, pin };
}

/** The part that is upstream's bootstrap token, and a bearer token to the API server. */
export const bearerOf = ({ id, secret }: JoinToken): string => `${id}.${secret}`;

export const joinTokenText = (token: JoinToken): string => `${bearerOf(token)}${token.pin ? `@${token.pin}` : ''}`;

export const newJoinToken = (pin: string): JoinToken => ({ id: word(6), secret: word(16), pin });

const word = (length: number): string =>
  Array.from({ length }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('');

/** The whole line that a person types on the machine that joins. */
export const joinCommand = (server: string, token: JoinToken): string =>
  `./navarch agent --server ${server} --token ${joinTokenText(token)}`;
