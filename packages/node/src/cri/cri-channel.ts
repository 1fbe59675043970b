import type { GrpcChannel } from '../grpc/index.ts';
import type { methods } from './generated/description.ts';

export type Method = keyof typeof methods;
export type CriChannel = GrpcChannel<typeof methods>;
