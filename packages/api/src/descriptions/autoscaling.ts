/** See `../descriptions.ts` for how this is read. */
export const autoscaling = `
Scale: How many there are and are to be, of anything that can be scaled.
ScaleSpec: How many there are to be.
  replicas: How many.
ScaleStatus: How many there are.
  replicas: How many.
  selector: Their labels, as a query.
HorizontalPodAutoscaler: Gives something so many replicas as its load needs.
HorizontalPodAutoscalerSpec: What an autoscaler is to do.
  scaleTargetRef: What is scaled.
  minReplicas: At least so many. 1 where nothing is said; 0 needs a metric of an object or from outside.
  maxReplicas: At most so many.
  targetCPUUtilizationPercentage: How much of their requests of cpu the pods are to use on average.
  metrics: What the load is told by; the one that asks for most counts. cpu at 80% where nothing is said.
  behavior: How fast it goes up and down.
HorizontalPodAutoscalerStatus: How an autoscaler is.
  observedGeneration: The generation that this status is about.
  lastScaleTime: When it last changed the number.
  currentReplicas: How many there are.
  desiredReplicas: How many there are to be.
  currentCPUUtilizationPercentage: How much of their requests of cpu the pods use on average.
  currentMetrics: The metrics as they were last read.
  conditions: What is true of it now: AbleToScale, ScalingActive, ScalingLimited.
HorizontalPodAutoscalerCondition: Something that is true of an autoscaler.
  type: What the condition is about: AbleToScale, ScalingActive or ScalingLimited.
CrossVersionObjectReference: An object in the same namespace.
  apiVersion: Group and version of its kind.
  kind: Its kind.
  name: Its name.
HorizontalPodAutoscalerBehavior: How fast an autoscaler goes up and down.
  scaleUp: Up. Where nothing is said: 4 pods or twice as many in 15 s, the more of the two.
  scaleDown: Down. Where nothing is said: to what the last 300 s needed at most.
HPAScalingRules: How fast an autoscaler goes one way.
  stabilizationWindowSeconds: The span of which the most careful advice counts. Up 0, down 300 where nothing is said.
  selectPolicy: Which of the policies counts: Max, Min, or Disabled (it does not go this way). Max where nothing is said.
  policies: How much may change in how long.
  tolerance: How far a metric may be from its target without a change. 0.1 where nothing is said.
HPAScalingPolicy: How much may change in how long.
  type: Pods or Percent.
  value: How much.
  periodSeconds: In how long, at most 1800.
MetricSpec: What the load is told by; one of these, as type says.
  type: Object, Pods, Resource, ContainerResource or External.
  object: A metric of one object.
  pods: A metric of each pod.
  resource: What each pod uses of cpu or memory.
  containerResource: What one container of each pod uses of cpu or memory.
  external: A metric from outside the cluster.
MetricStatus: =MetricSpec What the load was told by.
ObjectMetricSource: A metric of one object.
  describedObject: The object.
  target: What it is to be.
  metric: The metric.
ObjectMetricStatus: A metric of one object, as it was read.
  metric: The metric.
  current: What it is.
  describedObject: The object.
PodsMetricSource: A metric of each pod, of which the average counts.
  metric: The metric.
  target: What the average is to be.
PodsMetricStatus: A metric of each pod, as it was read.
  metric: The metric.
  current: What the average is.
ResourceMetricSource: What each pod uses of a resource.
  name: cpu or memory.
  target: What it is to be.
ResourceMetricStatus: What each pod uses of a resource, as it was read.
  name: cpu or memory.
  current: What it is.
ContainerResourceMetricSource: What one container of each pod uses of a resource.
  name: cpu or memory.
  target: What it is to be.
  container: The container.
ContainerResourceMetricStatus: What one container of each pod uses of a resource, as it was read.
  name: cpu or memory.
  current: What it is.
  container: The container.
ExternalMetricSource: A metric from outside the cluster.
  metric: The metric.
  target: What it is to be.
ExternalMetricStatus: A metric from outside the cluster, as it was read.
  metric: The metric.
  current: What it is.
MetricIdentifier: A metric.
  name: Its name.
  selector: Labels of its series.
MetricTarget: What a metric is to be.
  type: Utilization, Value or AverageValue.
  value: The metric itself.
  averageValue: The metric divided by the number of pods.
  averageUtilization: A percentage of what the pods request.
MetricValueStatus: =MetricTarget What a metric is.
`;
