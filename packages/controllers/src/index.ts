import type { Controller } from './controller.ts';
import { replicaSetController } from './replica-set/replica-set.ts';

export { type Context, type Controller, defineController, type Outcome, owned, self, type Settings, type Watch } from './controller.ts';
export { runControllers, type RunnerDeps } from './runner.ts';

/** Every controller the manager runs. Adding one is adding a folder and a name to this list. */
export const builtinControllers: readonly Controller[] = [replicaSetController];
