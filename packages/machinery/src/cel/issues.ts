/** What is wrong with an expression, and where in its source. */
export interface Issue {
  readonly at: number;
  readonly message: string;
}

/** More than these are counted, not told. */
const TOLD_MAX = 100;
/** Longer lines are not shown. */
const LINE_CHARS_MAX = 16_384;

/** The text is no expression, or none of these types. Its message shows every issue with its line and a pointer. */
export class CelSyntaxError extends Error {
  override readonly name = 'CelSyntaxError';
  readonly issues: readonly Issue[];

  constructor(source: string, issues: readonly Issue[]) {
    super(formatIssues(source, issues));
    this.issues = issues;
  }
}

function formatIssues(source: string, issues: readonly Issue[]): string {
  const lines = source.split('\n');
  const placed = issues.slice(0, TOLD_MAX).map((issue) => ({ ...issue, ...placeOf(source, issue.at) }));
  const told = placed
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .map((one) => formatIssue(one, lines[one.line - 1]));
  if (issues.length > TOLD_MAX) told.push(`${issues.length - TOLD_MAX} more errors were truncated`);
  return told.join('\n');
}

interface PlacedIssue extends Issue {
  /** From one; -1 for what is nowhere. */
  readonly line: number;
  /** In characters, from zero. */
  readonly column: number;
}

function placeOf(source: string, at: number): Pick<PlacedIssue, 'line' | 'column'> {
  if (at < 0) return { line: -1, column: -1 };
  const before = source.slice(0, at);
  return { line: before.split('\n').length, column: Array.from(before.slice(before.lastIndexOf('\n') + 1)).length };
}

const isWide = (character: string): boolean => character > '\u007f';

function formatIssue({ line, column, message }: PlacedIssue, text: string | undefined): string {
  const head = `ERROR: <input>:${line}:${column + 1}: ${message}`;
  if (text === undefined || text.length > LINE_CHARS_MAX) return head;
  const shown = Array.from(text.replaceAll('\t', ' '));
  const dots = shown.slice(0, column).map((character) => (isWide(character) ? '\uff0e' : '.'));
  return `${head}\n | ${shown.join('')}\n | ${dots.join('')}${isWide(shown[column] ?? '') ? '\uff3e' : '^'}`;
}
