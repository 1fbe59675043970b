import type { Pod } from '@navarch/api';
import { logFile, type NodeDirs, podDir } from './container-config.ts';
import type { ContainerStatus } from './cri/index.ts';
import { LogFilter } from './logs/log-filter.ts';
import type { ObservedContainer } from './pod-machine/observed.ts';
import type { Files } from './ports.ts';

/** What a container may leave in its file, bytes; the end of more is kept. */
const FILE_BYTES_MAX = 4096;
/** What is taken of its log instead: at most so many lines and bytes. */
const LOG_LINES_MAX = 80;
const LOG_BYTES_MAX = 2048;
/** Every line of a log file bears its time and its stream. */
const LOG_READ_MAX = LOG_BYTES_MAX * 16;

interface Deps {
  readonly files: Files;
  readonly dirs: NodeDirs;
}

/** The last words of a container that has ended: its message file, or the end of its log when it failed without any. */
export async function terminationMessage(
  pod: Pod,
  { name, attempt }: Pick<ObservedContainer, 'name' | 'attempt'>,
  status: ContainerStatus,
  { files, dirs }: Deps,
): Promise<string> {
  const text = await files.readText(`${podDir(dirs, pod.metadata.uid)}/containers/${name}/${attempt}`, FILE_BYTES_MAX);
  const policy = status.annotations['io.kubernetes.container.terminationMessagePolicy'];
  if (text || policy !== 'FallbackToLogsOnError' || status.exitCode === 0) return text ?? '';
  const log = await files.readText(logFile(dirs, pod, name, attempt), LOG_READ_MAX);
  const filter = new LogFilter({ timestamps: false, since: undefined, stream: undefined, limitBytes: undefined });
  const parts = [filter.push(new TextEncoder().encode(log ?? '')), filter.end()].map((part) =>
    new TextDecoder().decode(part),
  );
  const lines = parts
    .join('')
    .split('\n')
    .slice(-LOG_LINES_MAX - 1)
    .join('\n');
  return new TextDecoder().decode(new TextEncoder().encode(lines).slice(-LOG_BYTES_MAX)).replace(/^\uFFFD+/, '');
}
