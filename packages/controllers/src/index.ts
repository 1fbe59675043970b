export { type Change, type Context, type Controller, controllerKey, defineController, type Outcome, owned, self, type Watch } from './controller.ts';
export { deploymentController } from './deployment/deployment.ts';
export { replicaSetController, replicationControllerController } from './replica-set/replica-set.ts';
export { runControllers, type RunnerDeps } from './runner.ts';
