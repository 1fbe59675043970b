import type { Status } from '@navarch/machinery';
import type { User } from '../auth/user.ts';
import type { Level, Stage } from './policy.ts';

interface UserInfo {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface ObjectReference {
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly apiGroup?: string;
  readonly apiVersion?: string;
  readonly resourceVersion?: string;
  readonly subresource?: string;
}

/** audit.k8s.io/v1 Event, its fields in the order in which upstream prints them. */
export interface AuditEvent {
  readonly kind: 'Event';
  readonly apiVersion: 'audit.k8s.io/v1';
  readonly level: Level;
  readonly auditID: string;
  readonly stage: Stage;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: UserInfo;
  readonly impersonatedUser?: UserInfo;
  readonly authenticationMetadata?: { readonly impersonationConstraint?: string };
  readonly sourceIPs?: readonly string[];
  readonly userAgent?: string;
  readonly objectRef?: ObjectReference;
  readonly responseStatus?: Partial<Status>;
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Where events go. Must not throw: what cannot be written is the sink's to count. */
export interface AuditSink {
  write(event: AuditEvent): void;
}

export const userInfo = ({ name, uid, groups, extra }: User): UserInfo => ({
  ...(name === '' ? {} : { username: name }),
  ...(uid ? { uid } : {}),
  ...(groups.length > 0 ? { groups } : {}),
  ...(extra ? { extra } : {}),
});

/** The line of the older format (`--audit-log-format=legacy`). */
export function legacyLine(event: AuditEvent): string {
  const { user, impersonatedUser, objectRef, responseStatus, sourceIPs = [] } = event;
  const [username, groups] = namesOf(user);
  const [asUser, asGroups] = impersonatedUser ? namesOf(impersonatedUser) : ['<self>', '"<lookup>"'];
  const code = responseStatus?.code ?? '<deferred>';
  const fields = {
    id: event.auditID,
    stage: event.stage,
    ip: sourceIPs[0] ?? '<unknown>',
    method: event.verb,
    user: username,
    groups,
    as: asUser,
    asgroups: asGroups,
    'user-agent': event.userAgent ?? '',
    namespace: objectRef?.namespace ?? '<none>',
    uri: event.requestURI,
    response: String(code),
  };
  return `${event.stageTimestamp} AUDIT: ${Object.entries(fields)
    .map(([name, text]) => `${name}=${q(text)}`)
    .join(' ')}`;
}

const q = (text: string): string => JSON.stringify(text);
const namesOf = ({ username = '<none>', groups = [] }: UserInfo): readonly [string, string] => [
  username,
  groups.length > 0 ? groups.map(q).join(',') : '<none>',
];
