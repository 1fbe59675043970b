export { builtinControllers, type ControllerOptions } from './builtin.ts';
export {
  type Change,
  type Context,
  type Controller,
  controllerKey,
  defineController,
  type Outcome,
  owned,
  self,
  type Watch,
} from './controller.ts';
export { daemonSetController } from './daemon-set/daemon-set.ts';
export { deploymentController } from './deployment/deployment.ts';
export { endpointSliceController } from './endpoint-slice/endpoint-slice.ts';
export { endpointsController } from './endpoints/endpoints.ts';
export { garbageCollectorController } from './garbage-collector/garbage-collector.ts';
export { namespaceController } from './namespace/namespace.ts';
export { nodeIpamController, type NodeIpamOptions } from './node-ipam/node-ipam.ts';
export { nodeLifecycleController, type NodeLifecycleOptions } from './node-lifecycle/node-lifecycle.ts';
export { podGcController, type PodGcOptions } from './pod-gc/pod-gc.ts';
export { replicaSetController, replicationControllerController } from './replica-set/replica-set.ts';
export { rootCaController } from './root-ca/root-ca.ts';
export { runControllers, type RunnerDeps } from './runner.ts';
export { serviceAccountController } from './service-account/service-account.ts';
export { statefulSetController } from './stateful-set/stateful-set.ts';
export { taintEvictionController } from './taint-eviction/taint-eviction.ts';
