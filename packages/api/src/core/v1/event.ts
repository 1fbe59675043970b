import { type Field, type Kind, qualifiedNameErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { bytesOf, named } from '../../checks/values.ts';
import { age, columnsOf } from '../../columns.ts';
import type { Event } from '../../generated/types/core-v1.ts';

/** Events of core/v1; events.k8s.io/v1 is another view of the same objects. */
export const event: Kind<Event> = builtIn<Event>('/v1.Event', {
  columns: columnsOf('/Event', {
    'Last Seen': (e, now) => age(e.series?.lastObservedTime ?? e.lastTimestamp ?? e.firstTimestamp ?? e.eventTime, now),
    Type: (e) => e.type ?? '',
    Reason: (e) => e.reason ?? '',
    Object: (e) => (e.involvedObject.name ? `${(e.involvedObject.kind ?? '').toLowerCase()}/${e.involvedObject.name}` : (e.involvedObject.kind ?? '').toLowerCase()),
    Subobject: (e) => e.involvedObject.fieldPath ?? '',
    Source: (e) => sourceText(e),
    Message: (e) => (e.message ?? '').trim(),
    'First Seen': (e, now) => age(e.firstTimestamp ?? e.eventTime, now),
    Count: (e) => e.series?.count || e.count || 1,
  }),
  selectableFields: {
    'involvedObject.kind': (e) => e.involvedObject.kind ?? '',
    'involvedObject.namespace': (e) => e.involvedObject.namespace ?? '',
    'involvedObject.name': (e) => e.involvedObject.name ?? '',
    'involvedObject.uid': (e) => e.involvedObject.uid ?? '',
    'involvedObject.apiVersion': (e) => e.involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': (e) => e.involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': (e) => e.involvedObject.fieldPath ?? '',
    reason: (e) => e.reason ?? '',
    reportingComponent: (e) => e.reportingComponent || e.source?.component || '',
    source: (e) => e.source?.component || e.reportingComponent || '',
    type: (e) => e.type ?? '',
  },
  behaviour: { desired: false, validate: (e, at) => (e.eventTime ? validateReported(e, at) : validateRecorded(e, at)) },
});

function sourceText(e: Event): string {
  const [component, host] = [e.source?.component || e.reportingComponent, e.source?.host || e.reportingInstance];
  return host ? `${component}, ${host}` : component;
}

const STRAY = 'does not match event.namespace';

/** Events without eventTime, as recorders wrote them before events.k8s.io. */
function validateRecorded({ metadata: { namespace = '' }, involvedObject }: Event, at: Field): void {
  const about = involvedObject.namespace ?? '';
  const fits = about === '' ? namespace === '' || namespace === 'default' : namespace === about;
  if (!fits) at.at('involvedObject', 'namespace').invalid(about, STRAY);
}

const SHORT_MAX = 128;
const MESSAGE_MAX = 1024;

function validateReported(e: Event, at: Field): void {
  const { metadata: { namespace = '' }, involvedObject } = e;
  const about = involvedObject.namespace ?? '';
  const fits = about === '' ? namespace === 'default' || namespace === 'kube-system' : namespace === about;
  if (!fits) at.at('involvedObject', 'namespace').invalid(about, STRAY);
  if (!e.reportingComponent) at.at('reportingController').required();
  else named(e.reportingComponent, qualifiedNameErrors, at.at('reportingController'));
  for (const [name, value] of [['reportingInstance', e.reportingInstance], ['action', e.action], ['reason', e.reason]] as const) {
    if (!value) at.at(name).required();
    else if (bytesOf(value) > SHORT_MAX) at.at(name).invalid('', `can have at most ${SHORT_MAX} characters`);
  }
  if (bytesOf(e.message ?? '') > MESSAGE_MAX) at.at('message').invalid('', `can have at most ${MESSAGE_MAX} characters`);
}
