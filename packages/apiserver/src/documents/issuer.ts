import type { KeySet } from '../auth/service-account-tokens.ts';
import { type ApiRequest, type ApiResponse, json, notFoundPage } from '../request.ts';
import { checkRead } from './document.ts';

/** Who signs the tokens of service accounts. */
export interface IssuerFacts {
  readonly issuer: string;
  readonly tokens: { jwks(): KeySet };
  /** Where the keys are told to be. */
  readonly keysUri: string;
}

export const KEYS = '/openid/v1/jwks';
const HEADERS = { 'cache-control': 'public, max-age=3600' } as const;

/** What others need to check tokens by themselves (OpenID Connect Discovery 1.0, KEP-1393). */
export function keysAnswer(request: ApiRequest, { issuer, tokens, keysUri }: IssuerFacts): ApiResponse {
  const { path } = request;
  if (path !== KEYS && path !== '/.well-known/openid-configuration') return notFoundPage();
  checkRead(request);
  if (path === KEYS)
    return { ...json(tokens.jwks()), headers: { 'content-type': 'application/jwk-set+json', ...HEADERS } };
  return json(
    {
      issuer,
      jwks_uri: keysUri,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...new Set(tokens.jwks().keys.flatMap(({ alg }) => alg ?? []))].sort(),
    },
    200,
    HEADERS,
  );
}
