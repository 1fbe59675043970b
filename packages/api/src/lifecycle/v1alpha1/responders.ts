import { equalJson, type Field } from '@navarch/machinery';
import { shown } from '../../checks/shown.ts';
import { each, IMMUTABLE } from '../../checks/values.ts';
import type { EvictionStatus, ResponderStatus, TargetResponder } from '../../generated/types/lifecycle-v1alpha1.ts';

// Responders to an eviction take turns: the first one is active until it has come to an end, then the next one is.

const TARGET = 'lifecycle.v1alpha1.TargetResponder';
const RESPONDER = 'lifecycle.v1alpha1.ResponderStatus';
/** A pod names ten at most, and there is the one that everybody has. */
const RESPONDERS_MAX = 11;
const HEARTBEAT_MS = 20 * 60_000;
const SKEW_MS = 30_000;
const COMPLETION_MS_MAX = 10 * 365 * 24 * 3600_000;
const FINAL = ['Canceled', 'Completed', 'Interrupted'];
/** Where a responder tells how it comes along. */
const REPORTS = 'status.responders';

export interface Turns {
  readonly status: EvictionStatus;
  readonly previous: EvictionStatus;
  /** The pod is gone, or nobody managed to evict it. */
  readonly isOver: boolean;
  readonly now: number;
}

interface Expected {
  readonly states: readonly string[];
  readonly reason: string;
}

/** In what order responders may become active and come to an end. */
export function validateTargets(turns: Turns, at: Field): void {
  const { targetResponders: targets = [], responders = [] } = turns.status;
  const before = turns.previous.targetResponders ?? [];
  if (before.length > 0 && targets.length !== before.length)
    return at.invalid(
      shown(`[]${TARGET}`, targets),
      'must preserve the same length and the same keys in the same order',
    );
  if (before.some(({ name }, i) => name !== targets[i]?.name))
    return at.invalid(shown(`[]${TARGET}`, targets), 'must preserve the same keys in the same order');
  // What is told of these is a rule of the field.
  if (targets.length > RESPONDERS_MAX || new Set(targets.map(({ name }) => name)).size < targets.length) return;
  const active = before.findIndex(({ state }) => state === 'Active');
  targets.forEach((target, i) => {
    const report = responders[i]?.name === target.name ? responders[i] : undefined;
    validateTarget(target, report, expected(i, active, targets, turns), turns, at.index(i));
  });
}

function expected(
  i: number,
  active: number,
  targets: readonly TargetResponder[],
  { previous, isOver }: Turns,
): Expected {
  const before = previous.targetResponders ?? [];
  const hasEnded = active >= 0 && targets[active]?.state !== 'Active';
  if (i < active || (before.length > 0 && active < 0 && isOver))
    return { states: [before[i]?.state ?? ''], reason: 'final state is immutable' };
  if (i === active && hasEnded) return { states: FINAL, reason: 'this responder must reach a final state' };
  const over = 'the eviction request has finished processing';
  if (i === active)
    return isOver
      ? { states: FINAL, reason: over }
      : { states: ['Active'], reason: 'the eviction request stays active' };
  if ((i === 0 && before.length === 0) || (i === active + 1 && hasEnded)) {
    return isOver
      ? { states: ['Inactive'], reason: over }
      : { states: ['Active'], reason: 'this responder is next in line' };
  }
  return { states: ['Inactive'], reason: 'the previously active has not finished processing' };
}

function validateTarget(
  target: TargetResponder,
  report: ResponderStatus | undefined,
  { states, reason }: Expected,
  { isOver, now }: Turns,
  at: Field,
): void {
  if (!report)
    return at.invalid(shown(TARGET, target), `${JSON.stringify(target.name)} has to be tracked in ${REPORTS} first`);
  const here = at.at('state');
  if (!states.includes(target.state))
    here.invalid(target.state, `must be one of: ${states.join(', ')}, because ${reason}`);
  if (states.includes('Active') || !report.startTime || report.completionTime || isOver) return;
  const lastSeen = Date.parse(report.heartbeatTime ?? report.startTime);
  if (now < lastSeen + HEARTBEAT_MS - SKEW_MS) {
    here.forbidden(
      `must stay Active because the responder is in progress and it should report ${REPORTS}.heartbeatTime or ${REPORTS}.completionTime`,
    );
  }
}

/** What responders may say of themselves, and when. */
export function validateResponders(status: EvictionStatus, previous: EvictionStatus, at: Field, now: number): void {
  const { targetResponders: targets = [], responders = [] } = status;
  if (targets.length !== responders.length) {
    return at.invalid(
      shown(`[]${RESPONDER}`, responders),
      'must be the same length as status.targetResponders and contain the same keys in the same order',
    );
  }
  if (targets.some(({ name }, i) => name !== responders[i]?.name))
    return at.invalid(
      shown(`[]${RESPONDER}`, responders),
      'must contain the same keys in the same order as status.targetResponders',
    );
  if (responders.length > RESPONDERS_MAX || new Set(responders.map(({ name }) => name)).size < responders.length)
    return;
  each(responders, at, (responder, here, i) => {
    const before = previous.responders?.[i];
    const isActive = targets[i]?.state === 'Active';
    if (before && !isActive && !equalJson(responder, before))
      return here.invalid(shown(RESPONDER, responder), IMMUTABLE);
    validateReport({ responder, before, isActive, now }, here);
  });
}

interface Report {
  readonly responder: ResponderStatus;
  readonly before: ResponderStatus | undefined;
  readonly isActive: boolean;
  readonly now: number;
}

function validateReport(report: Report, at: Field): void {
  const {
    responder: { startTime },
    before,
    isActive,
    now,
  } = report;
  const startAt = at.at('startTime');
  if (!before?.startTime || before.startTime === startTime) {
    if (!startTime && isActive) startAt.required('is required for an active responder');
    else if (startTime && startTime !== before?.startTime && !isNear(startTime, now))
      startAt.invalid(startTime, 'must be set to the present time');
  }
  validateHeartbeat(report, startAt, at.at('heartbeatTime'));
  validateExpectation(report, startAt, at.at('expectedCompletionTime'));
  validateCompletion(report, startAt, at.at('completionTime'));
}

function validateHeartbeat(
  { responder: { startTime, heartbeatTime: time }, before, now }: Report,
  startAt: Field,
  at: Field,
): void {
  if (before?.heartbeatTime && !time) return at.required('is required once set');
  if (!time || time === before?.heartbeatTime) return;
  if (!startTime) at.invalid(time, `cannot be set before ${startAt.path} is set`);
  else if (before?.heartbeatTime && Date.parse(time) < Date.parse(before.heartbeatTime))
    at.invalid(time, 'cannot be decreased');
  else if (Date.parse(time) < Date.parse(startTime)) at.invalid(time, `must occur after ${startAt.path}`);
  else if (!isNear(time, now)) at.invalid(time, 'must be set to the present time');
}

function validateExpectation(
  { responder: { startTime, expectedCompletionTime: time }, before, now }: Report,
  startAt: Field,
  at: Field,
): void {
  if (!time || time === before?.expectedCompletionTime) return;
  if (!startTime) at.invalid(time, `cannot be set before ${startAt.path} is set`);
  else if (Date.parse(time) < Date.parse(startTime)) at.invalid(time, `must occur after ${startAt.path}`);
  else if (Date.parse(time) < now - SKEW_MS) at.invalid(time, 'cannot be set to the past time');
  else if (Date.parse(time) > now + COMPLETION_MS_MAX) at.invalid(time, 'must complete within 10 years');
}

function validateCompletion(
  { responder: { startTime, completionTime: time }, before, now }: Report,
  startAt: Field,
  at: Field,
): void {
  if (!time || (before?.completionTime && before.completionTime !== time)) return;
  if (!startTime) at.invalid(time, `cannot be set before ${startAt.path} is set`);
  else if (Date.parse(time) < Date.parse(startTime)) at.invalid(time, `must occur after ${startAt.path}`);
  else if (time !== before?.completionTime && !isNear(time, now)) at.invalid(time, 'must be set to the present time');
}

const isNear = (time: string, now: number): boolean => Math.abs(Date.parse(time) - now) < SKEW_MS;
