export { acceptWebSocket, send } from './websocket/accept.ts';
export { offered, TRANSLATED } from './websocket/protocols.ts';
export { servePortForward } from './port-forward.ts';
export { type CommandStreams, serveRemoteCommand, type WebSocketClient } from './remote-command.ts';
export {
  asksFor,
  type Dial,
  dialUpgrade,
  headerLines,
  join,
  keepAlive,
  passUpgrade,
  refuseUpgrade,
  UpgradeRefused,
} from './upgrade.ts';
