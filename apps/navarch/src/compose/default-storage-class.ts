import { localStorageClass, storageClass } from '@navarch/api';
import type { Api } from '@navarch/client';
import { ensure } from './ensure.ts';

/**
 * The class of claims that name none: folders of the node that the claim's first pod is placed on. Who wants another
 * default takes the mark away here; the class itself comes back with the server.
 */
export const ensureDefaultStorageClass = (api: Api): Promise<void> => ensure(api, storageClass, localStorageClass);
