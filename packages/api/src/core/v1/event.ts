import {
  dnsSubdomainErrors,
  equalJson,
  type Field,
  type HookContext,
  type Kind,
  pathSegmentErrors,
  qualifiedNameErrors,
} from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { bytesOf, named, unchanged } from '../../checks/values.ts';
import { age, columnsOf } from '../../columns.ts';
import type { Event } from '../../generated/types/core-v1.ts';

/** Events of core/v1; events.k8s.io/v1 is another view of the same objects. */
export const event: Kind<Event> = builtIn<Event>('/v1.Event', {
  columns: columnsOf('/Event', {
    'Last Seen': (e, now) => age(e.series?.lastObservedTime ?? e.lastTimestamp ?? e.firstTimestamp ?? e.eventTime, now),
    Type: (e) => e.type ?? '',
    Reason: (e) => e.reason ?? '',
    Object: (e) =>
      e.involvedObject.name
        ? `${(e.involvedObject.kind ?? '').toLowerCase()}/${e.involvedObject.name}`
        : (e.involvedObject.kind ?? '').toLowerCase(),
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
  behaviour: {
    createsOnUpdate: true,
    desired: false,
    // Clients of core/v1 go on as ever: whatever can be part of a path.
    validateName: pathSegmentErrors,
    validate: (e, at, context) => (e.eventTime ? validateReported(e, at, context) : validateRecorded(e, at)),
    validateCreate: validateNew,
    validateUpdate: validateChange,
  },
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

function validateReported(e: Event, at: Field, { apiVersion }: HookContext): void {
  const {
    metadata: { namespace = '' },
    involvedObject,
  } = e;
  const isAtHome = involvedObject.namespace || namespace === 'default' || namespace === 'kube-system';
  if (!isAtHome) at.at('involvedObject', 'namespace').invalid('', STRAY);
  const reporter = at.at(apiVersion === 'v1' ? 'reportingComponent' : 'reportingController');
  if (!e.reportingComponent) reporter.required();
  named(e.reportingComponent ?? '', qualifiedNameErrors, reporter);
  for (const [name, value] of [
    ['reportingInstance', e.reportingInstance],
    ['action', e.action],
    ['reason', e.reason],
  ] as const) {
    if (!value) at.at(name).required();
    else if (bytesOf(value) > SHORT_MAX) at.at(name).invalid('', `can have at most ${SHORT_MAX} characters`);
  }
  if (bytesOf(e.message ?? '') > MESSAGE_MAX)
    at.at('message').invalid('', `can have at most ${MESSAGE_MAX} characters`);
}

/** Who speaks events.k8s.io makes whole events of the new form; clients of core/v1 may go on as ever. */
function validateNew(e: Event, at: Field, { apiVersion }: HookContext): void {
  if (apiVersion === 'v1') return;
  named(e.metadata.name ?? '', dnsSubdomainErrors, at.at('metadata', 'name'));
  validateSeries(e, at);
  if (!e.eventTime) at.at('eventTime').required();
  if (e.type !== 'Normal' && e.type !== 'Warning') at.at('type').invalid('', `has invalid value: ${e.type ?? ''}`);
  const old = {
    firstTimestamp: e.firstTimestamp,
    lastTimestamp: e.lastTimestamp,
    count: e.count,
    source: e.source?.component || e.source?.host,
  };
  for (const [name, value] of Object.entries(old)) if (value) at.at(name).invalid('', 'needs to be unset');
}

const SERIES_MIN = 2;

function validateSeries({ series }: Event, at: Field): void {
  if (!series) return;
  if ((series.count ?? 0) < SERIES_MIN) at.at('series', 'count').invalid('', `should be at least ${SERIES_MIN}`);
  if (!series.lastObservedTime) at.at('series', 'lastObservedTime').required();
}

const FIXED = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingController',
  'reportingInstance',
] as const;

/** Only the series of an event goes on. */
function validateChange(e: Event, previous: Event, at: Field, { apiVersion }: HookContext): void {
  if (apiVersion === 'v1') return;
  if (!equalJson(e.series, previous.series)) validateSeries(e, at);
  for (const name of FIXED) {
    const field = name === 'reportingController' ? 'reportingComponent' : name;
    unchanged(e[field], previous[field], at.at(name));
  }
}
