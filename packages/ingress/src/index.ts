export { decide, type Request } from './decide.ts';
export { type ConfigChange, changeBetween } from './haproxy/change.ts';
export {
  type EngineConfig,
  type EngineSettings,
  GENERATION,
  haproxyConfig,
  structureOf,
  textOf,
} from './haproxy/config.ts';
export { assignSlots, type Slots } from './haproxy/slots.ts';
export type * from './model.ts';
export { byPrecedence } from './precedence.ts';
export type { CertificateFacts, Certificates, Engine, Refusal } from './ports.ts';
export { CONTROLLER as INGRESS_CONTROLLER } from './ingress/classes.ts';
export { GatewaySource } from './gateway/source.ts';
export { runIngress } from './run.ts';
export { translateIngresses, type Translation } from './ingress/translate.ts';
