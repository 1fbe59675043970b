import { encode } from '../request.ts';
import { writeJson } from '@navarch/machinery';
import type { AuditEvent, AuditSink } from './event.ts';

/** As upstream's --audit-log-truncate-max-event-size. */
export const EVENT_BYTES_MAX = 102_400;
const TRUNCATED = { 'audit.k8s.io/truncated': 'true' } as const;

/** A sink for events of limited size: larger ones lose the objects that were sent and answered; `dropped` is told of those that are too large still. */
export const truncating = (sink: AuditSink, bytesMax: number, dropped: (event: AuditEvent) => void): AuditSink => ({
  write(event) {
    const fits = (one: AuditEvent): boolean => encode(writeJson(one)).length <= bytesMax;
    if (fits(event)) return sink.write(event);
    const { requestObject, responseObject, annotations, ...rest } = event;
    const isShorter = requestObject !== undefined || responseObject !== undefined;
    const shorter = { ...rest, annotations: { ...TRUNCATED, ...annotations } };
    if (isShorter && fits(shorter)) sink.write(shorter);
    else dropped(event);
  },
});
