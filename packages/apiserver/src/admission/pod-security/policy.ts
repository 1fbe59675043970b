import type { PodSpec } from '@navarch/api';
import { baselineChecks } from './baseline.ts';
import { type Check, type Finding, isAsked, type Metadata } from './check.ts';
import { overridden, restrictedChecks } from './restricted.ts';

const LEVELS = ['privileged', 'baseline', 'restricted'] as const;
export type Level = (typeof LEVELS)[number];

/** A level of the Pod Security Standards as of a minor release. */
export interface LevelVersion {
  readonly level: Level;
  readonly minor: number;
  /** `latest` or `v1.30`, as it was asked for. */
  readonly version: string;
}

/** What `latest` means. */
const LATEST_MINOR = 37;
const PREFIX = 'pod-security.kubernetes.io/';
const MODES = ['enforce', 'audit', 'warn'] as const;
export type Mode = (typeof MODES)[number];
type Labels = Readonly<Record<string, string>>;

export interface LabelError {
  readonly label: string;
  readonly value: string;
  readonly detail: string;
}

/** What a namespace asks for. What it says badly is taken for `latest`, and told. */
export function policyOf(labels: Labels): {
  readonly policy: Readonly<Record<Mode, LevelVersion>>;
  readonly errors: readonly LabelError[];
} {
  const errors: LabelError[] = [];
  const read = (mode: Mode): LevelVersion => {
    const level = labels[`${PREFIX}${mode}`] ?? 'privileged';
    const version = labels[`${PREFIX}${mode}-version`] ?? 'latest';
    const isLevel = (LEVELS as readonly string[]).includes(level);
    if (!isLevel)
      errors.push({ label: `${PREFIX}${mode}`, value: level, detail: `must be one of ${LEVELS.join(', ')}` });
    const minor = version === 'latest' ? LATEST_MINOR : Number(/^v1\.(0|[1-9]\d*)$/.exec(version)?.[1] ?? Number.NaN);
    if (Number.isNaN(minor))
      errors.push({ label: `${PREFIX}${mode}-version`, value: version, detail: 'must be "latest" or "v1.x"' });
    // A level nobody knows is the strictest where pods are refused by it, the loosest where they are only told.
    const fallback: Level = mode === 'enforce' ? 'restricted' : 'privileged';
    return {
      level: isLevel ? (level as Level) : fallback,
      minor: Math.min(Number.isNaN(minor) ? LATEST_MINOR : minor, LATEST_MINOR),
      version: Number.isNaN(minor) ? 'latest' : version,
    };
  };
  return { policy: { enforce: read('enforce'), audit: read('audit'), warn: read('warn') }, errors };
}

function checksOf({ level, minor }: LevelVersion): readonly Check[] {
  if (level === 'privileged') return [];
  const isThere = (check: Check): boolean => minor >= check.since;
  if (level === 'baseline') return baselineChecks.filter(isThere);
  return [
    ...baselineChecks.filter((check) => isThere(check) && minor < (overridden[check.id] ?? Number.POSITIVE_INFINITY)),
    ...restrictedChecks.filter(isThere),
  ];
}

export const findings = (of: LevelVersion, metadata: Metadata, spec: PodSpec): readonly Finding[] =>
  checksOf(of)
    .filter((check) => isAsked(check, spec, of.minor))
    .flatMap((check) => check.find(metadata, spec, of.minor) ?? []);

/** `reason (detail), reason (detail)`. */
export const findingsText = (found: readonly Finding[]): string =>
  found.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ');

export const levelText = ({ level, version }: LevelVersion): string => JSON.stringify(`${level}:${version}`);
