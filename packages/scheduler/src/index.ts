export type { ExtenderFile, ExtenderTls } from './config/config-types.ts';
export { ConfigError } from './config/decode-config.ts';
export { readSchedulerConfig, type SchedulerConfig } from './config/read-config.ts';
export { type Unfit, unfitMessage } from './unfit.ts';
export { chooseMax, enoughNodes, type Found, place, type Placement, type Search } from './place.ts';
export type { Change, Explanation, Fix, ObjectName } from './explain/explanation.ts';
export { placementViews } from './explain/placement-view.ts';
export { podResourceMetrics } from './measures/pod-resources.ts';
export {
  type ClusterEvent,
  definePlugin,
  type Errand,
  type Misfit,
  misfit,
  type Profile,
  type SchedulerPlugin,
  type Shift,
  type Weighted,
} from './plugin.ts';
export { type ScoringStrategy } from './plugins/allocation-score.ts';
export { nodeResourcesFitBy } from './plugins/node-resources-fit.ts';
export { errandsOf } from './errands.ts';
export { Extender, type ExtenderTransport } from './extenders/extender.ts';
export { CandidateMemory } from './preemption/candidate-memory.ts';
export { preempt, type Preemption, type PreemptionRequest } from './preemption/preemption.ts';
export { defaultProfile } from './profile.ts';
export { runScheduler, type SchedulerDeps } from './scheduler.ts';
export { NodeInfo } from './snapshot/node-info.ts';
export { Snapshot } from './snapshot/snapshot.ts';
export type { Placed, Template } from './snapshot/template.ts';
export { Trial, type TrialDeps } from './trial.ts';
export { Memory } from './verdicts.ts';
