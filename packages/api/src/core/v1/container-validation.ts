import { dnsLabelErrors, type Field, portNameErrors } from '@navarch/machinery';
import { resourceRequirements } from '../../checks/quantities.ts';
import { declaredValue, each, named, oneOf, portNumber, requiredName, supportedValue } from '../../checks/values.ts';
import type {
  Container,
  ContainerPort,
  EphemeralContainer,
  PodSpec,
  ResourceRequirements,
  Volume,
} from '../../generated/types/core-v1.ts';
import { validateEnvironment, validateEnvironmentSources } from './environment-validation.ts';
import { validateDevices, validateMounts } from './mount-validation.ts';
import { type ProbeName, validateLifecycle, validateProbe } from './probe-validation.ts';
import { validateSecurityContext } from './security-validation.ts';

/** What a container's fields may refer to. */
export interface Surroundings {
  readonly spec: PodSpec;
  readonly volumes: ReadonlyMap<string, Volume>;
  /** Every container's name so far. */
  readonly names: Set<string>;
}

const PROBES: readonly ProbeName[] = ['livenessProbe', 'readinessProbe', 'startupProbe'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export function validateContainers(around: Surroundings, at: Field): void {
  const { spec, names } = around;
  if (spec.containers.length === 0) return at.required();
  each(spec.containers, at, (container, here) => {
    validateCommon(container, around, here);
    takeName(container.name, names, here);
    validateLifecycle(
      container.lifecycle,
      spec.terminationGracePeriodSeconds ?? 30,
      spec.os?.name,
      here.at('lifecycle'),
    );
    for (const name of PROBES) validateProbe(container[name], name, here.at(name));
    validateRestarts(container, here);
  });
  validateHostPorts(spec.containers, at);
}

export function validateInitContainers(around: Surroundings, at: Field): void {
  const { spec, names } = around;
  each(spec.initContainers, at, (container, here) => {
    validateCommon(container, around, here);
    validateRestarts(container, here);
    takeName(container.name, names, here);
    validateHostPorts([container], at);
    if (container.restartPolicy === 'Always') {
      validateLifecycle(
        container.lifecycle,
        spec.terminationGracePeriodSeconds ?? 30,
        spec.os?.name,
        here.at('lifecycle'),
      );
      for (const name of PROBES) validateProbe(container[name], name, here.at(name));
      return;
    }
    for (const name of ['lifecycle', ...PROBES] as const) {
      if (container[name]) here.at(name).forbidden('may not be set for init containers without restartPolicy=Always');
    }
  });
}

const NOT_EPHEMERAL = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

export function validateEphemeralContainers(around: Surroundings, at: Field): void {
  const { spec, names } = around;
  each(spec.ephemeralContainers, at, (container: EphemeralContainer, here) => {
    validateCommon(container, around, here);
    trimmedImage(container, here);
    takeName(container.name, names, here);
    const target = container.targetContainerName;
    if (target && ![...spec.containers, ...(spec.initContainers ?? [])].some((c) => c.name === target)) {
      here.at('targetContainerName').notFound(target);
    }
    for (const name of NOT_EPHEMERAL) {
      const value = container[name];
      // Resources are always there; everything else is there only where somebody gave it.
      const isSet = name === 'resources' ? Object.keys(value ?? {}).length > 0 : value !== undefined;
      if (isSet) here.at(name).forbidden('cannot be set for an Ephemeral Container');
    }
    each(container.volumeMounts, here.at('volumeMounts'), (mount, place) => {
      for (const name of ['subPath', 'subPathExpr'] as const)
        if (mount[name]) place.at(name).forbidden('cannot be set for an Ephemeral Container');
    });
  });
}

function takeName(name: string, names: Set<string>, at: Field): void {
  if (names.has(name)) at.at('name').duplicate(name);
  names.add(name);
}

/** Asked of pods only: templates had such images before anybody looked. */
export function trimmedImage({ image = '' }: Container | EphemeralContainer, at: Field): void {
  if (image !== image.trim()) at.at('image').invalid(image, 'must not have leading or trailing whitespace');
}

function validateCommon(container: Container | EphemeralContainer, { spec, volumes }: Surroundings, at: Field): void {
  requiredName(container.name, dnsLabelErrors, at.at('name'));
  if (!container.image) at.at('image').required();
  declaredValue(
    container.terminationMessagePolicy,
    ['File', 'FallbackToLogsOnError'],
    at.at('terminationMessagePolicy'),
  );
  validatePorts(container.ports, at.at('ports'));
  validateEnvironment(container.env, at.at('env'));
  validateEnvironmentSources(container.envFrom, at.at('envFrom'));
  validateMounts(container, volumes, at.at('volumeMounts'));
  validateDevices(container, volumes, at.at('volumeDevices'));
  oneOf(container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], at.at('imagePullPolicy'));
  validateResources(container.resources ?? {}, spec, at.at('resources'));
  validateResizePolicy(container as Container, spec, at.at('resizePolicy'));
  validateSecurityContext(container.securityContext, spec.hostUsers, at.at('securityContext'));
}

function validateResources(resources: ResourceRequirements, spec: PodSpec, at: Field): void {
  resourceRequirements(resources, at);
  if (resources.claims?.length) validateClaims(resources.claims, spec, at.at('claims'));
}

function validateClaims(claims: NonNullable<ResourceRequirements['claims']>, spec: PodSpec, at: Field): void {
  const known = new Set(spec.resourceClaims?.map((claim) => claim.name));
  const taken = new Set<string>();
  each(claims, at, ({ name, request = '' }, here) => {
    if (!name) return here.required();
    const key = request === '' ? name : `${name}/${request}`;
    if (taken.has(name)) here.duplicate(name);
    else {
      if (request !== '') named(request, dnsLabelErrors, here.at('request'));
      if (taken.has(key)) here.duplicate(key);
      else if (request === '') for (const other of taken) if (other.startsWith(`${name}/`)) here.duplicate(name);
      taken.add(key);
    }
    const names = known.size === 0 ? ' which is empty' : `: ${[...known].sort().join(', ')}`;
    if (!known.has(name)) here.notFound(name, `must be one of the names in pod.spec.resourceClaims${names}`);
  });
}

function validateResizePolicy(container: Container, spec: PodSpec, at: Field): void {
  if (!container.resizePolicy?.length) return;
  const taken = new Set<string>();
  each(container.resizePolicy, at, ({ resourceName, restartPolicy }, here) => {
    if (taken.has(resourceName)) here.duplicate(resourceName);
    taken.add(resourceName);
    // Upstream leaves the index out of these.
    oneOf(resourceName, ['cpu', 'memory'], at);
    oneOf(restartPolicy, ['NotRequired', 'RestartContainer'], at);
    if (spec.restartPolicy === 'Never' && restartPolicy !== 'NotRequired')
      at.invalid(restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'");
  });
}

/** A container's own restart policy and the exit codes that override it (KEP-5307). */
function validateRestarts(container: Container, at: Field): void {
  const { restartPolicy, restartPolicyRules } = container;
  if (restartPolicy !== undefined)
    supportedValue(restartPolicy, ['Always', 'Never', 'OnFailure'], at.at('restartPolicy'));
  if (!restartPolicyRules?.length) return;
  const rulesAt = at.at('restartPolicyRules');
  if (restartPolicy === undefined)
    at.at('restartPolicy').required('must specify restartPolicy when restart rules are used');
  if (restartPolicyRules.length > RULES_MAX) rulesAt.tooLong(RULES_MAX);
  each(restartPolicyRules, rulesAt, ({ action, exitCodes }, here) => {
    supportedValue(action, ['Restart', 'RestartAllContainers'], here.at('action'));
    if (!exitCodes) return here.at('exitCodes').required('must be specified');
    supportedValue(exitCodes.operator, ['In', 'NotIn'], here.at('exitCodes', 'operator'));
    if ((exitCodes.values?.length ?? 0) > EXIT_CODES_MAX) here.at('exitCodes', 'values').tooLong(EXIT_CODES_MAX);
  });
}

/** Upstream says of both that they are too long, as if they were texts. */
const RULES_MAX = 20;
const EXIT_CODES_MAX = 255;

function validatePorts(ports: readonly ContainerPort[] | undefined, at: Field): void {
  if (!ports?.length) return;
  const names = new Set<string>();
  each(ports, at, (port, here) => {
    if (port.name) {
      const errors = portNameErrors(port.name);
      for (const error of errors) here.at('name').invalid(port.name, error);
      if (errors.length === 0 && names.has(port.name)) here.at('name').duplicate(port.name);
      names.add(port.name);
    }
    if (!port.containerPort) here.at('containerPort').required();
    else portNumber(port.containerPort, here.at('containerPort'));
    if (port.hostPort) portNumber(port.hostPort, here.at('hostPort'));
    oneOf(port.protocol, PROTOCOLS, here.at('protocol'));
  });
}

function validateHostPorts(containers: readonly Container[], at: Field): void {
  const taken = new Set<string>();
  each(containers, at, (container, here) =>
    each(container.ports, here.at('ports'), (port, place) => {
      if (!port.hostPort) return;
      const key = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(key)) place.at('hostPort').duplicate(key);
      taken.add(key);
    }),
  );
}
