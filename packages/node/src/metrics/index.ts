export { folderBytes } from './folder-bytes.ts';
export { processMetrics } from './process-metrics.ts';
