import type { GrpcChannel } from '../grpc/index.ts';
import type { protocol } from './states.ts';

export type Method = keyof typeof protocol.methods;
export type CriChannel = GrpcChannel<typeof protocol.methods>;
