import type { GrpcChannel } from '../grpc/index.ts';
import type { protocol } from './generated/description.ts';

export type Method = keyof typeof protocol.methods;
export type CriChannel = GrpcChannel<typeof protocol.methods>;
