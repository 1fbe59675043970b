export { type ConformanceTest, conformanceTest, type TestContext } from './conformance-test.ts';
export { officialNames } from './names.ts';
export { runTests } from './runner.ts';
export { tests } from './tests/index.ts';
