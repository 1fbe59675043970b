import { type Field, qualifiedNameErrors } from '@navarch/machinery';
import type { Condition } from '../generated/types/meta-v1.ts';
import { each, notNegative, unique } from './values.ts';

const REASON = /^[A-Za-z](?:[A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;
const REASON_MAX = 1024;
const MESSAGE_MAX = 32 * 1024;
const STATUSES = ['False', 'True', 'Unknown'];

/** The conditions that kinds share (metav1.Condition): one of a type, each whole. */
export function validateConditions(conditions: readonly Condition[] | undefined, at: Field): void {
  unique(
    conditions,
    ({ type }) => type,
    at,
    (here) => here.at('type'),
  );
  each(conditions, at, (condition, here) => {
    const { type, status, reason, message, observedGeneration, lastTransitionTime } = condition;
    if (!type) here.at('type').required('must be set');
    else for (const problem of qualifiedNameErrors(type)) here.at('type').invalid(type, problem);
    if (!STATUSES.includes(status)) here.at('status').notSupported(status, STATUSES);
    notNegative(observedGeneration, here.at('observedGeneration'));
    if (!lastTransitionTime) here.at('lastTransitionTime').required('must be set');
    if (!reason) here.at('reason').required('must be set');
    else if (!REASON.test(reason)) here.at('reason').invalid(reason, REASON_PROBLEM);
    if (reason.length > REASON_MAX) here.at('reason').tooLong(REASON_MAX);
    if (message.length > MESSAGE_MAX) here.at('message').tooLong(MESSAGE_MAX);
  });
}

const REASON_PROBLEM =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' " +
  "(e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')";
