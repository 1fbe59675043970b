import { type Field, headerNameErrors, type Integer, portNameErrors } from '@navarch/machinery';
import { givenOf, isPort, named, notNegative, PORT_RANGE, portNumber } from '../../checks/values.ts';
import type { HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from '../../generated/types/core-v1.ts';

const COUNTS = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;

export type ProbeName = 'livenessProbe' | 'readinessProbe' | 'startupProbe';

export function validateProbe(probe: Probe | undefined, name: ProbeName, at: Field): void {
  if (!probe) return;
  validateHandler(probe, 0, at);
  for (const count of COUNTS) notNegative(probe[count], at.at(count));
  const { terminationGracePeriodSeconds: grace, successThreshold } = probe;
  if (grace !== undefined && grace <= 0)
    at.at('terminationGracePeriodSeconds').invalid(grace, 'must be greater than 0');
  if (name === 'readinessProbe') {
    if (grace !== undefined)
      at.at('terminationGracePeriodSeconds').invalid(grace, 'must not be set for readinessProbes');
  } else if (successThreshold !== undefined && successThreshold !== 1)
    at.at('successThreshold').invalid(successThreshold, 'must be 1');
}

type Handler = LifecycleHandler & Pick<Probe, 'grpc'>;
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const satisfies readonly (keyof Handler)[];

function validateHandler(handler: Handler, graceSeconds: Integer, at: Field): void {
  const given = givenOf(handler, HANDLERS);
  given.forEach((name, i) => {
    const here = at.at(name);
    if (i > 0) here.forbidden('may not specify more than 1 handler type');
    else if (name === 'exec') {
      if (!handler.exec?.command?.length) here.at('command').required();
    } else if (name === 'httpGet') validateHttp(handler.httpGet as HTTPGetAction, here);
    else if (name === 'tcpSocket') portOrName(handler.tcpSocket?.port ?? 0, here.at('port'));
    else if (name === 'grpc') portNumber(handler.grpc?.port ?? 0, here.at('port'));
    else {
      const seconds = handler.sleep?.seconds ?? 0;
      if (seconds < 0 || seconds > graceSeconds) {
        here.invalid(seconds, `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`);
      }
    }
  });
  if (given.length === 0) at.required('must specify a handler type');
}

function validateHttp(action: HTTPGetAction, at: Field): void {
  if (!action.path) at.at('path').required();
  portOrName(action.port, at.at('port'));
  const { scheme = 'HTTP' } = action;
  if (scheme !== 'HTTP' && scheme !== 'HTTPS') at.at('scheme').notSupported(scheme, ['HTTP', 'HTTPS']);
  for (const header of action.httpHeaders ?? []) named(header.name, headerNameErrors, at.at('httpHeaders'));
}

/** A port by number, or by the name that a container gave it. */
export function portOrName(port: number | string, at: Field): void {
  if (typeof port === 'string') named(port, portNameErrors, at);
  else if (!isPort(port)) at.invalid(port, PORT_RANGE);
}

export function validateLifecycle(
  lifecycle: Lifecycle | undefined,
  graceSeconds: Integer,
  osName: string | undefined,
  at: Field,
): void {
  if (!lifecycle) return;
  if (lifecycle.postStart) validateHandler(lifecycle.postStart, graceSeconds, at.at('postStart'));
  if (lifecycle.preStop) validateHandler(lifecycle.preStop, graceSeconds, at.at('preStop'));
  if (lifecycle.stopSignal === undefined) return;
  const here = at.at('stopSignal');
  if (!osName) here.forbidden('may not be set for containers with empty `spec.os.name`');
  else if (osName === 'windows' && lifecycle.stopSignal !== 'SIGTERM' && lifecycle.stopSignal !== 'SIGKILL') {
    here.notSupported(lifecycle.stopSignal, ['SIGKILL', 'SIGTERM']);
  }
}
