import { readFileSync } from 'node:fs';
import { type AuditEvent, AuditPolicy, type AuditSink, truncating } from '@navarch/apiserver';
import type { Logger } from '@navarch/base';
import { AuditLog } from '@navarch/node/audit';
import { systemClock } from '@navarch/node/system';
import { parseYaml } from '@navarch/node/yaml';
import { UserError } from '../user-error.ts';

/** The flags of kube-apiserver's log backend, as they were given. */
export interface AuditFlags {
  readonly policyFile?: string | undefined;
  readonly path?: string | undefined;
  readonly format?: string | undefined;
  readonly maxAge?: string | undefined;
  readonly maxBackup?: string | undefined;
  readonly maxSize?: string | undefined;
  readonly isCompressed?: boolean;
  /** Events of more bytes lose their objects, or are dropped. Absent: they are written as they are. */
  readonly eventBytesMax?: number | undefined;
}

export interface OpenAudit extends AsyncDisposable {
  readonly policy: AuditPolicy;
  readonly sink: AuditSink;
}

/** What the flags ask for; undefined: no audit log. Without a policy nothing would be written: as upstream, that is no log either. */
export function openAudit(flags: AuditFlags, log: Logger): OpenAudit | undefined {
  const { path, policyFile, format = 'json' } = flags;
  if (format !== 'json' && format !== 'legacy')
    throw new UserError(`--audit-log-format must be one of json, legacy, not ${JSON.stringify(format)}`);
  const policy = policyFile ? policyOf(policyFile) : undefined;
  if (!path || !policy) {
    if (path) log.warn('no audit policy file provided, no events will be recorded for log backend');
    return undefined;
  }
  const file = fileOf(
    {
      path,
      format,
      sizeMegabytesMax: numberOf('--audit-log-maxsize', flags.maxSize),
      backupsMax: numberOf('--audit-log-maxbackup', flags.maxBackup),
      ageDaysMax: numberOf('--audit-log-maxage', flags.maxAge),
      isCompressed: flags.isCompressed ?? false,
    },
    log,
  );
  const { eventBytesMax } = flags;
  const dropped = ({ auditID, stage }: AuditEvent): void =>
    log.error('an audit event is too large, even without its objects: dropped', { auditID, stage });
  const sink = eventBytesMax === undefined ? file : truncating(file, eventBytesMax, dropped);
  return { policy, sink, [Symbol.asyncDispose]: () => file[Symbol.asyncDispose]() };
}

function fileOf(options: ConstructorParameters<typeof AuditLog>[0], log: Logger): AuditLog {
  try {
    return new AuditLog(options, systemClock, log);
  } catch (error) {
    throw new UserError(`cannot write --audit-log-path ${options.path}: ${(error as Error).message}`);
  }
}

function policyOf(file: string): AuditPolicy {
  try {
    return new AuditPolicy(parseYaml(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new UserError(`loading --audit-policy-file ${file}: ${(error as Error).message}`);
  }
}

function numberOf(flag: string, text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (!/^\d{1,9}$/.test(text))
    throw new UserError(`${flag} must be a number that is not negative, not ${JSON.stringify(text)}`);
  return Number(text);
}
