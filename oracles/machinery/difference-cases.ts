import fc from 'fast-check';
import { jsonText, unifiedDiff } from '@navarch/machinery';
import type { Case } from '../case.ts';

// Few words, so that many lines are alike; some lists so long that lines that come often begin no run.
const word = fc.constantFrom('a', 'b', 'c', 'd', 'e', '<f>', '');
const lines = fc.oneof(
  fc.array(word, { maxLength: 30 }),
  fc.array(fc.oneof({ weight: 20, arbitrary: fc.constant('a') }, word, fc.nat({ max: 60 }).map(String)), {
    minLength: 150,
    maxLength: 400,
    size: 'max',
  }),
);
const edit = fc.record({ at: fc.nat({ max: 400 }), takes: fc.nat({ max: 5 }), by: fc.array(word, { maxLength: 4 }) });
const edited = fc.tuple(lines, fc.array(edit, { maxLength: 6 })).map(([before, edits]) => {
  const after = [...before];
  for (const { at, takes, by } of edits) after.splice(at % (after.length + 1), takes, ...by);
  return [before, after] as const;
});

/** What changed in a value, as refusals of updates show it. */
export const differenceCases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  difference: fc.oneof(edited, fc.tuple(lines, lines)).map(([target, patch]): Case => ({
    request: { op: 'difference', target, patch },
    ours: () => ({ value: unifiedDiff(jsonText(target, 1), jsonText(patch, 1)) }),
  })),
};
