import fc from 'fast-check';

// Loaded before a test file: which random cases its properties are tried with. A run that others wait for tries the same
// ones each time, so that it fails for what was changed; new ones are looked for with `./navarch test --seed NUMBER`. How
// many there are a property says itself, for such a run; those that take a number from here may be run at length.
const runs = process.env['NAVARCH_RUNS'];
fc.configureGlobal({
  ...fc.readConfigureGlobal(),
  seed: Number(process.env['NAVARCH_SEED'] ?? 1),
  ...(runs === undefined ? {} : { numRuns: Number(runs) }),
});
