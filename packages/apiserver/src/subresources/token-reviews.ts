import { badRequest } from '@navarch/machinery';
import { userOfToken } from '../auth/authentication.ts';
import { userInfo } from '../auth/user-info.ts';
import { bodyReader } from './body.ts';
import { defineSubresource, type Subresource } from './subresource.ts';

const API = 'authentication.k8s.io/v1';

interface TokenReview {
  readonly metadata: object;
  readonly spec: { readonly token?: string; readonly audiences?: readonly string[] };
}
const read = bodyReader<TokenReview>('io.k8s.api.authentication.v1.TokenReview', API, 'TokenReview');

/** Whose token it is, for those who got it from somebody. */
const tokenReview: Subresource['answer'] = async (body, { authentication }) => {
  const { spec, metadata } = read(body);
  if (!spec.token) throw badRequest('token is required for TokenReview in authentication');
  const found = await userOfToken(
    spec.token,
    authentication,
    spec.audiences?.length ? spec.audiences : authentication.audiences,
  );
  const status = found
    ? { authenticated: true, user: userInfo(found.user), audiences: found.audiences }
    : { user: {}, error: '[invalid bearer token, token lookup failed]' };
  return { status: 201, value: { kind: 'TokenReview', apiVersion: API, metadata, spec, status } };
};

const selfReview: Subresource['answer'] = async (_body, { user }) => ({
  status: 201,
  value: { kind: 'SelfSubjectReview', apiVersion: API, metadata: {}, status: { userInfo: userInfo(user) } },
});

export const tokenReviews: readonly Subresource[] = [
  defineSubresource({ at: 'authentication.k8s.io/tokenreviews', answer: tokenReview }),
  defineSubresource({ at: 'authentication.k8s.io/selfsubjectreviews', answer: selfReview }),
];
