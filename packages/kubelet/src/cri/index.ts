export type * from './generated/types.ts';
export type { Input } from '../rpc/input.ts';
export type { ContainerRuntime, HandlerAbilities, RuntimeAbilities } from './port.ts';
