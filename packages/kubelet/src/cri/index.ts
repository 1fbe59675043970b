export type * from './generated/types.ts';
export { type CriCode, CriError, criCodes } from './error.ts';
export type { ContainerRuntime, RuntimeAbilities } from './port.ts';
