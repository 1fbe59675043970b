/** See `../descriptions.ts` for how this is read. */
export const batch = `
Job: Runs pods until so many of them have succeeded.
JobSpec: What a job is to do.
  parallelism: How many pods run at once at most. 1 where nothing is said.
  completions: How many must succeed. Absent, with parallelism given: one that succeeds ends the job.
  activeDeadlineSeconds: Seconds after its start at which the job is failed and its pods are ended.
  podFailurePolicy: What is done about pods that fail, by how they failed. Without it each counts against backoffLimit.
  successPolicy: When the job has succeeded before all have. For Indexed jobs.
  backoffLimit: How many failures make the job fail. 6 where nothing is said.
  backoffLimitPerIndex: How many failures make one index fail. For Indexed jobs.
  maxFailedIndexes: How many failed indexes make the job fail.
  selector: Labels of its pods. Given by the server unless manualSelector is set.
  manualSelector: The selector is given by hand, and its pods may be mistaken for another job's.
  template: What its pods look like. restartPolicy must be Never or OnFailure.
  ttlSecondsAfterFinished: Seconds after its end at which the job is deleted. Absent: never; 0: at once.
  completionMode: NonIndexed, or Indexed: each pod has a number from 0 on, and one of each must succeed. NonIndexed where nothing is said.
  suspend: No pods run: those that do are ended, and its time begins anew when it goes on.
  podReplacementPolicy: When a pod that ends is replaced: TerminatingOrFailed, or Failed when it has ended.
  managedBy: Who sees to the job instead of the cluster's own controller. Cannot be changed.
  scheduling: How its pods are scheduled together.
JobSchedulingConfiguration: How the pods of a job are scheduled together.
  schedulingPolicy: Whether they begin together.
  schedulingConstraints: Where they must be.
  disruptionMode: Whether they are pushed away one by one or all together.
  resourceClaims: Claims that they share.
JobStatus: How a job is.
  conditions: What is true of it now: Complete, Failed, Suspended, FailureTarget or SuccessCriteriaMet.
  startTime: When it began, or went on after it was suspended.
  completionTime: When it succeeded.
  active: How many pods wait or run and are not ending.
  succeeded: How many pods have succeeded.
  failed: How many pods have failed.
  terminating: How many pods are ending.
  completedIndexes: Indexes that have succeeded, such as 1,3-5.
  failedIndexes: Indexes that have failed, such as 1,3-5.
  uncountedTerminatedPods: Pods that have ended and are not counted yet.
  ready: How many pods are ready.
JobCondition: Something that is true of a job.
  type: What the condition is about, such as Complete or Failed.
  lastProbeTime: When it was last looked at.
UncountedTerminatedPods: Pods of a job that have ended and are not counted yet.
  succeeded: Uids of those that succeeded.
  failed: Uids of those that failed.
PodFailurePolicy: What is done about pods that fail.
  rules: The first that fits counts; where none does, the failure counts against backoffLimit.
PodFailurePolicyRule: What is done about some failures. One of onExitCodes and onPodConditions.
  action: FailJob, FailIndex, Ignore or Count.
  onExitCodes: Failures by the exit codes of containers.
  onPodConditions: Failures by conditions of the pod.
PodFailurePolicyOnExitCodesRequirement: Exit codes of containers.
  containerName: The container. Absent: all, init containers too.
  operator: In or NotIn.
  values: The exit codes; 0 not with In.
PodFailurePolicyOnPodConditionsPattern: A condition of a pod.
  type: Its type.
  status: Its status. True where nothing is said.
SuccessPolicy: When a job has succeeded before all have.
  rules: One that is met is enough.
SuccessPolicyRule: When a job has succeeded.
  succeededIndexes: Indexes that must have succeeded, such as 1,3-5. Absent: any.
  succeededCount: How many of them. Absent: all.
CronJob: Makes jobs at set times.
CronJobSpec: What a CronJob is to do.
  schedule: When, as cron has it: minute, hour, day of the month, month, day of the week.
  timeZone: The time zone of the schedule, such as Europe/Berlin. The controller's where nothing is said.
  startingDeadlineSeconds: A job that could not be made for so many seconds is left out.
  concurrencyPolicy: When the job before still runs: Allow, Forbid (this one is left out) or Replace (the other is ended). Allow where nothing is said.
  suspend: No more jobs are made.
  jobTemplate: What its jobs look like.
  successfulJobsHistoryLimit: How many that succeeded are kept. 3 where nothing is said.
  failedJobsHistoryLimit: How many that failed are kept. 1 where nothing is said.
CronJobStatus: How a CronJob is.
  active: Jobs that run.
  lastScheduleTime: When a job was last made.
  lastSuccessfulTime: When a job last succeeded.
JobTemplateSpec: What jobs of a CronJob look like.
  metadata: Labels, annotations and the like of the jobs.
  spec: What the jobs are to do.
`;
