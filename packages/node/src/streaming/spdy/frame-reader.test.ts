import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDeflate, constants } from 'node:zlib';
import fc from 'fast-check';
import { dictionary } from './dictionary.ts';
import { dataHead, encodeControl, type Frame, SpdyError } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { HeaderDecoder, HeaderEncoder } from './header-block.ts';

const streamId = fc.integer({ min: 1, max: 0x7fffffff });
const word = fc.integer({ min: 0, max: 0xffffffff });
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const anyFrame: fc.Arbitrary<Frame> = fc
  .oneof(
    fc.record({ type: fc.constant('data' as const), streamId, bytes, isLast: fc.boolean() }),
    fc.record({
      type: fc.constant('open' as const),
      streamId,
      block: bytes,
      isLast: fc.boolean(),
      isOneWay: fc.boolean(),
    }),
    fc.record({
      type: fc.constantFrom('reply' as const, 'headers' as const),
      streamId,
      block: bytes,
      isLast: fc.boolean(),
    }),
    fc.record({ type: fc.constant('reset' as const), streamId, status: word }),
    fc.record({ type: fc.constant('ping' as const), id: word }),
    fc.record({
      type: fc.constant('goAway' as const),
      lastStreamId: fc.integer({ min: 0, max: 0x7fffffff }),
      status: word,
    }),
  )
  .map((frame) => ({ ...frame }));

const encode = (frame: Frame): Buffer => {
  if (frame.type === 'data')
    return Buffer.concat([dataHead(frame.streamId, frame.bytes.length, frame.isLast), frame.bytes]);
  assert.ok(frame.type !== 'ignored');
  return encodeControl(frame);
};

function readAll(whole: Buffer, sizes: readonly number[]): readonly Frame[] {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  let at = 0;
  for (let i = 0; at < whole.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    frames.push(...reader.read(whole.subarray(at, at + size)));
    at += size;
  }
  return frames;
}

/** Pieces of one data frame become one again, as far as they can be told apart from frames that were sent so. */
function flat(frames: readonly Frame[]): readonly unknown[] {
  const result: unknown[] = [];
  let text = '';
  frames.forEach((frame, i) => {
    if (frame.type !== 'data') return void result.push(frame);
    text += frame.bytes.toString('hex');
    const next = frames[i + 1];
    if (!frame.isLast && next?.type === 'data' && next.streamId === frame.streamId) return;
    result.push({ streamId: frame.streamId, text, isLast: frame.isLast });
    text = '';
  });
  return result;
}

test('FrameReader.read() gives back what was encoded, however the bytes are cut', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 12 }), sizes, (frames, cuts) => {
      assert.deepEqual(flat(readAll(Buffer.concat(frames.map(encode)), cuts)), flat(frames));
    }),
  );
});

test('FrameReader.read() answers any bytes with frames or an SpdyError, and holds no more than one control frame', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (chunks) => {
      const reader = new FrameReader();
      try {
        for (const chunk of chunks) for (const frame of reader.read(Buffer.from(chunk))) assert.ok(frame.type);
      } catch (error) {
        assert.ok(error instanceof SpdyError, String(error));
      }
    }),
  );
});

test('FrameReader.read() refuses another version, a long control frame, a short one, and stream 0', () => {
  const read = (hex: string): readonly Frame[] => [...new FrameReader().read(Buffer.from(hex, 'hex'))];
  assert.throws(() => read('8002000600000004'), /version 2 of SPDY/);
  assert.throws(() => read('8003000100100001'), /a control frame of 1048577 bytes/);
  assert.throws(() => read('800300030000000400000001'), /RST_STREAM frame of 4 bytes/);
  assert.throws(() => read('000000000000000100'), /stream 0/);
  assert.throws(() => read('80030003000000080000000000000001'), /stream 0/);
  assert.deepEqual(read('485454502f312e31'), []); // "HTTP/1.1" looks like the head of a data frame.
  assert.deepEqual(read('800300040000000400000000'), [{ type: 'ignored', kind: 4 }]);
});

test('FrameReader.read() passes data on before its frame is whole', () => {
  const reader = new FrameReader();
  const head = dataHead(7, 16_000_000, true);
  const [first] = [...reader.read(Buffer.concat([head, Buffer.from('abc')]))];
  assert.deepEqual(first, { type: 'data', streamId: 7, bytes: Buffer.from('abc'), isLast: false });
});

const headers = fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), fc.string({ maxLength: 60 }), {
  maxKeys: 12,
  noNullPrototype: true,
});

test('HeaderDecoder.decode() reads what HeaderEncoder wrote, block after block', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(headers, { maxLength: 5 }), async (blocks) => {
      const [encoder, decoder] = [new HeaderEncoder(), new HeaderDecoder()];
      for (const block of blocks) assert.deepEqual(await decoder.decode(encoder.encode(block)), block);
      decoder.close();
    }),
    { numRuns: 50 },
  );
});

test('HeaderEncoder.encode() ends every block as zlib flushes: other inflaters give nothing out before', () => {
  const encoder = new HeaderEncoder();
  for (const block of [{ streamtype: 'error' }, {}, { a: 'x'.repeat(70_000) }])
    assert.equal(encoder.encode(block).subarray(-4).toString('hex'), '0000ffff');
});

test('HeaderDecoder.decode() reads blocks that a compressor with the dictionary wrote', async () => {
  const deflate = createDeflate({ dictionary, flush: constants.Z_SYNC_FLUSH });
  const compressed = (plain: Buffer): Promise<Buffer> =>
    new Promise((resolve) => {
      const parts: Buffer[] = [];
      deflate.on('data', (part: Buffer) => parts.push(part));
      deflate.write(plain, () => {
        deflate.removeAllListeners('data');
        resolve(Buffer.concat(parts));
      });
    });
  const plain = (name: string, value: string): Buffer => {
    const texts = [name, value].flatMap((text) => [Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
    return Buffer.concat([Buffer.from([0, 0, 0, 1]), ...texts]);
  };
  const decoder = new HeaderDecoder();
  for (const value of ['stdin', 'stdout', 'stdout']) {
    assert.deepEqual(await decoder.decode(await compressed(plain('Streamtype', value))), { streamtype: value });
  }
  deflate.close();
  decoder.close();
});

test('HeaderDecoder.decode() refuses what is no header block', async () => {
  const encoded = (plain: Buffer): Buffer => {
    const whole = new HeaderEncoder().encode({});
    const head = Buffer.alloc(5);
    head.writeUInt16LE(plain.length, 1);
    head.writeUInt16LE(~plain.length & 0xffff, 3);
    return Buffer.concat([whole.subarray(0, 6), head, plain]);
  };
  const refuse = async (block: Buffer, why: RegExp): Promise<void> => {
    const decoder = new HeaderDecoder();
    await assert.rejects(decoder.decode(block), (error) => error instanceof SpdyError && why.test(error.message));
    decoder.close();
  };
  await refuse(Buffer.from('not deflated at all'), /cannot be inflated/);
  await refuse(encoded(Buffer.from('00000001', 'hex')), /end too early/);
  await refuse(encoded(Buffer.from('0000000100000001', 'hex')), /end too early/);
  await refuse(encoded(Buffer.from('00ffffff', 'hex')), /headers: at most/);
  await refuse(encoded(Buffer.from('0000000100000000', 'hex')), /without a name/);
  await refuse(encoded(Buffer.from('00000002000000016100000000000000016100000000', 'hex')), /"a" twice/);
  const bomb = createDeflate({ dictionary, finishFlush: constants.Z_SYNC_FLUSH });
  const parts: Buffer[] = [];
  bomb.on('data', (part: Buffer) => parts.push(part));
  await new Promise<void>((resolve) => bomb.end(Buffer.alloc(8 * 1024 * 1024), () => resolve()));
  await new Promise<void>((resolve) => bomb.once('close', resolve));
  await refuse(Buffer.concat(parts), /more than 262144 bytes/);
});
