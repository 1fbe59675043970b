import { TRAVERSAL, traversing } from '../cost.ts';
import { declare, type Overload } from '../declare.ts';

/** For paths of JSON patches: in mutating policies only. */
export const jsonPatchFunctions: readonly Overload[] = [
  declare(
    'jsonpatch.escapeKey(string) -> string',
    (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1'),
    traversing(TRAVERSAL, true),
  ),
];
