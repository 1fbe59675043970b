import type { Pod } from '@navarch/api';
import { type CacheIndex, defineIndex } from '@navarch/client';

/** Pods by the node they are bound to; the empty name finds those that are bound to none. */
export const podsByNode: CacheIndex<Pod> = defineIndex<Pod>(({ spec }) => [spec.nodeName ?? '']);
