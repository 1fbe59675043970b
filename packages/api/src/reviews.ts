import { builtIn } from './built-in.ts';
import type { TokenReview } from './generated/types/authentication-v1.ts';
import type { SubjectAccessReview } from './generated/types/authorization-v1.ts';

/** Asked and answered, never stored: who a token belongs to, and what somebody may do. */
export const tokenReview = builtIn<TokenReview>('authentication.k8s.io/v1.TokenReview');
export const subjectAccessReview = builtIn<SubjectAccessReview>('authorization.k8s.io/v1.SubjectAccessReview');
