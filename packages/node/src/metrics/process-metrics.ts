import { readdirSync, readFileSync } from 'node:fs';
import type { MetricFamily } from '@navarch/base';

/** What every Prometheus client tells of its own process. `release` and the like are upstream's labels. */
export function processMetrics(release: string): () => readonly MetricFamily[] {
  const startedAt = Math.floor(Date.now() / 1000 - process.uptime());
  const gauge = (name: string, help: string, value: number): MetricFamily => ({
    name,
    help,
    type: 'gauge',
    samples: [{ value }],
  });
  return () => {
    const { user, system } = process.cpuUsage();
    const { rss } = process.memoryUsage();
    const [major = '', minor = ''] = release.replace(/^v/, '').split('.');
    return [
      {
        name: 'process_cpu_seconds_total',
        help: 'Total user and system CPU time spent in seconds.',
        type: 'counter',
        samples: [{ value: (user + system) / 1e6 }],
      },
      gauge('process_max_fds', 'Maximum number of open file descriptors.', limit('Max open files')),
      gauge('process_open_fds', 'Number of open file descriptors.', openFiles()),
      gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', rss),
      gauge('process_virtual_memory_bytes', 'Virtual memory size in bytes.', virtualBytes()),
      gauge(
        'process_virtual_memory_max_bytes',
        'Maximum amount of virtual memory available in bytes.',
        limit('Max address space'),
      ),
      gauge('process_start_time_seconds', '[ALPHA] Start time of the process since unix epoch in seconds.', startedAt),
      {
        name: 'kubernetes_build_info',
        type: 'gauge',
        help: "[BETA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
        samples: [
          {
            labels: {
              build_date: '',
              compiler: 'navarch',
              git_commit: '',
              git_tree_state: 'clean',
              git_version: release,
              go_version: 'none',
              major,
              minor,
              platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
            },
            value: 1,
          },
        ],
      },
    ];
  };
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0; // No such folder but on Linux.
  }
}

function virtualBytes(): number {
  try {
    return Number(readFileSync('/proc/self/status', 'utf8').match(/^VmSize:\s+(\d+) kB$/m)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function limit(name: string): number {
  try {
    const text =
      new RegExp(`^${name}\\s+(\\d+|unlimited)`, 'm').exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '0';
    // As every client for Prometheus says it.
    return text === 'unlimited' ? 2 ** 64 : Number(text);
  } catch {
    return 0;
  }
}
