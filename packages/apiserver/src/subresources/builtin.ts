import { accessReviews } from './access-reviews.ts';
import { evictPod } from './eviction.ts';
import { podSubresources } from './pods.ts';
import { proxies } from './proxies.ts';
import type { Subresource } from './subresource.ts';
import { tokenRequest } from './token-request.ts';
import { tokenReviews } from './token-reviews.ts';

/** Every subresource with an answer of its own. Adding one is adding a file and a name to this list. */
export const builtinSubresources: readonly Subresource[] = [
  ...podSubresources,
  evictPod,
  ...proxies,
  tokenRequest,
  ...tokenReviews,
  ...accessReviews,
];
