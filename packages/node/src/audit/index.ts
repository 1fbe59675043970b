export { AuditLog, type AuditLogOptions } from './audit-log.ts';
