export { connectRuntime, type GrpcRuntime, type GrpcRuntimeOptions } from './grpc-runtime.ts';
export { countCalls } from './count-calls.ts';
