export { connectRuntime, type GrpcRuntime, type GrpcRuntimeOptions, patiently } from './grpc-runtime.ts';
export { countCalls } from './count-calls.ts';
