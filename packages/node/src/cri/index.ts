export { connectRuntime, type GrpcRuntime, type GrpcRuntimeOptions } from './grpc-runtime.ts';
