import type { ApiObject, Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { event } from '../../core/v1/event.ts';
import type { Event as CoreEvent } from '../../generated/types/core-v1.ts';
import type { Event } from '../../generated/types/events-v1.ts';

/** The newer view of events; stored as core/v1 events, under names that changed on the way. */
export const eventV1: Kind<Event> = builtIn<Event>('events.k8s.io/v1.Event', {
  columns: event.columns.map((column) => ({
    ...column,
    value: (obj: Event, context) => column.value(toCore(obj), context),
  })),
  selectableFields: {
    'regarding.kind': (e) => e.regarding.kind ?? '',
    'regarding.namespace': (e) => e.regarding.namespace ?? '',
    'regarding.name': (e) => e.regarding.name ?? '',
    'regarding.uid': (e) => e.regarding.uid ?? '',
    'regarding.apiVersion': (e) => e.regarding.apiVersion ?? '',
    'regarding.resourceVersion': (e) => e.regarding.resourceVersion ?? '',
    'regarding.fieldPath': (e) => e.regarding.fieldPath ?? '',
    reason: (e) => e.reason ?? '',
    reportingController: (e) => e.reportingController ?? '',
    type: (e) => e.type ?? '',
  },
  behaviour: { createsOnUpdate: true, desired: false },
  hub: { kind: event, toHub: toCore, fromHub: (hub: ApiObject) => fromCore(hub as CoreEvent) },
});

function toCore(e: Event): CoreEvent {
  const {
    regarding,
    note,
    deprecatedSource,
    deprecatedFirstTimestamp,
    deprecatedLastTimestamp,
    deprecatedCount,
    reportingController,
    ...rest
  } = e;
  return {
    ...rest,
    apiVersion: 'v1',
    involvedObject: regarding,
    message: note ?? '',
    source: deprecatedSource ?? {},
    firstTimestamp: deprecatedFirstTimestamp ?? null,
    lastTimestamp: deprecatedLastTimestamp ?? null,
    ...(deprecatedCount ? { count: deprecatedCount } : {}),
    reportingComponent: reportingController ?? '',
  } as unknown as CoreEvent;
}

function fromCore(e: CoreEvent): Event {
  const { involvedObject, message, source, firstTimestamp, lastTimestamp, count, reportingComponent, ...rest } = e;
  return {
    ...rest,
    apiVersion: 'events.k8s.io/v1',
    regarding: involvedObject,
    note: message ?? '',
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp ?? null,
    deprecatedLastTimestamp: lastTimestamp ?? null,
    ...(count ? { deprecatedCount: count } : {}),
    reportingController: reportingComponent,
  } as unknown as Event;
}
