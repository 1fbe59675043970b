import { builtIn } from './built-in.ts';
import type { SelfSubjectReview, TokenReview } from './generated/types/authentication-v1.ts';
import type {
  LocalSubjectAccessReview,
  SelfSubjectRulesReview,
  SelfSubjectAccessReview,
  SubjectAccessReview,
} from './generated/types/authorization-v1.ts';

/** Asked and answered, never stored: who a token belongs to, and what somebody may do. */
export const tokenReview = builtIn<TokenReview>('authentication.k8s.io/v1.TokenReview');
export const selfSubjectReview = builtIn<SelfSubjectReview>('authentication.k8s.io/v1.SelfSubjectReview');
export const subjectAccessReview = builtIn<SubjectAccessReview>('authorization.k8s.io/v1.SubjectAccessReview');
export const selfSubjectAccessReview = builtIn<SelfSubjectAccessReview>(
  'authorization.k8s.io/v1.SelfSubjectAccessReview',
);
export const localSubjectAccessReview = builtIn<LocalSubjectAccessReview>(
  'authorization.k8s.io/v1.LocalSubjectAccessReview',
);
export const selfSubjectRulesReview = builtIn<SelfSubjectRulesReview>('authorization.k8s.io/v1.SelfSubjectRulesReview');
