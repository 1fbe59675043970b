import { Code, ConnectionFault, FRAME_BYTES_MAX, FrameType, frameOf } from './frames.ts';
import { WINDOW_BYTES_MAX } from './wire.ts';

/** RFC 9113, section 6.5.2. */
const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** What a peer says that matters to who answers it. */
export interface PeerSettings {
  readonly headerTableBytes?: number;
  readonly windowBytes?: number;
}

/** Throws ConnectionFault for what may not be set. */
export function readSettings(payload: Buffer): PeerSettings {
  if (payload.length % 6 !== 0) throw new ConnectionFault(Code.frameSizeError, 'settings of a wrong length');
  const settings: { headerTableBytes?: number; windowBytes?: number } = {};
  for (let at = 0; at < payload.length; at += 6) {
    const name = payload.readUInt16BE(at);
    const value = payload.readUInt32BE(at + 2);
    if (name === Setting.enablePush && value > 1) throw new ConnectionFault(Code.protocolError, 'ENABLE_PUSH above 1');
    if (name === Setting.maxFrameSize && (value < FRAME_BYTES_MAX || value > 0xff_ffff))
      throw new ConnectionFault(Code.protocolError, 'MAX_FRAME_SIZE out of range');
    if (name === Setting.initialWindowSize) {
      if (value > WINDOW_BYTES_MAX) throw new ConnectionFault(Code.flowControlError, 'INITIAL_WINDOW_SIZE too large');
      settings.windowBytes = value;
    }
    if (name === Setting.headerTableSize) settings.headerTableBytes = value;
  }
  return settings;
}

export interface OwnSettings {
  readonly streams: number;
  readonly windowBytes: number;
  readonly headerListBytes: number;
}

export function settingsFrame({ streams, windowBytes, headerListBytes }: OwnSettings): Buffer {
  const all = [
    [Setting.maxConcurrentStreams, streams],
    [Setting.initialWindowSize, windowBytes],
    [Setting.maxHeaderListSize, headerListBytes],
  ] as const;
  const payload = Buffer.alloc(6 * all.length);
  all.forEach(([name, value], i) => {
    payload.writeUInt16BE(name, 6 * i);
    payload.writeUInt32BE(value, 6 * i + 2);
  });
  return frameOf(FrameType.settings, 0, 0, payload);
}
