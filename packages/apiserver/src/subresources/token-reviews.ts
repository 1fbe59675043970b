import { selfSubjectReview, tokenReview, type TokenReview } from '@navarch/api';
import { type ApiObject, badRequest } from '@navarch/machinery';
import { userOfToken } from '../auth/authentication.ts';
import { userInfo } from '../auth/user-info.ts';
import { timestamp } from '../registry/meta.ts';
import { admitReview } from './admit-review.ts';
import { bodyReader } from './body.ts';
import { postedMeta } from './posted.ts';
import { defineSubresource, type Subresource } from './subresource.ts';

const API = 'authentication.k8s.io/v1';
const readReview = bodyReader<TokenReview>('io.k8s.api.authentication.v1.TokenReview', API, 'TokenReview');
const readSelf = bodyReader<ApiObject>('io.k8s.api.authentication.v1.SelfSubjectReview', API, 'SelfSubjectReview');

/** Whose token it is, for those who got it from somebody. */
const reviewToken: Subresource['answer'] = async (body, context) => {
  const { authentication, call } = context;
  const sent = readReview(body, call);
  await admitReview(tokenReview, sent, context);
  const metadata = postedMeta(tokenReview, sent, context);
  const { spec } = sent;
  if (!spec.token) throw badRequest('token is required for TokenReview in authentication');
  const wanted = spec.audiences?.length ? spec.audiences : authentication.audiences;
  const found = await userOfToken(spec.token, authentication, wanted);
  const status =
    'refusal' in found
      ? { user: {}, error: told(found.refusal) }
      : { authenticated: true, user: userInfo(found.user), audiences: found.audiences };
  return { status: 201, value: { kind: 'TokenReview', apiVersion: API, metadata, spec, status } };
};

/** The server's own tokens are looked through first, and they tell nothing but this. */
const UNKNOWN = 'invalid bearer token';
const told = (refusal: string): string => (refusal === '' ? UNKNOWN : `[${UNKNOWN}, ${refusal}]`);

const reviewSelf: Subresource['answer'] = async (body, context) => {
  const { user, call, registry } = context;
  await admitReview(selfSubjectReview, readSelf(body, call), context);
  const metadata = { creationTimestamp: timestamp(registry.deps.clock.now()) };
  return {
    status: 201,
    value: { kind: 'SelfSubjectReview', apiVersion: API, metadata, status: { userInfo: userInfo(user) } },
  };
};

export const tokenReviews: readonly Subresource[] = [
  defineSubresource({ at: `authentication.k8s.io/${tokenReview.plural}`, answer: reviewToken }),
  defineSubresource({ at: `authentication.k8s.io/${selfSubjectReview.plural}`, answer: reviewSelf }),
];
