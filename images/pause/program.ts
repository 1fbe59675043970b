import type { Architecture } from '../recipe.ts';
import { executable, type MachineCode } from './elf.ts';

/**
 * The program of a pod's sandbox, as bytes of an executable; no compiler is needed. It holds the pod's namespaces and
 * does nothing:
 *
 *   block SIGINT and SIGTERM       a blocked signal waits even for process 1, which would not see it otherwise
 *   ignore SIGCHLD                 the kernel then buries orphans of the pod by itself (shared process namespace)
 *   wait for SIGINT or SIGTERM     again when something else woke us
 *   exit with 0
 */
export function pauseProgram(architecture: Architecture): Buffer {
  return executable(architecture === 'amd64' ? amd64 : arm64);
}

const amd64: MachineCode = {
  machine: 62,
  code: ({ signals, ignore }) => {
    const wait = [
      0xbf,
      ...word(signals), // mov edi, signals
      0x31,
      0xf6, // xor esi, esi               no details
      0x31,
      0xd2, // xor edx, edx               no timeout
      0x6a,
      0x08,
      0x41,
      0x5a, // push 8; pop r10
      0xb8,
      ...word(128), // mov eax, 128               rt_sigtimedwait
      0x0f,
      0x05, // syscall
      0x85,
      0xc0, // test eax, eax
    ];
    return Buffer.from([
      0x31,
      0xff, // xor edi, edi               SIG_BLOCK
      0xbe,
      ...word(signals), // mov esi, signals
      0x31,
      0xd2, // xor edx, edx               no old set
      0x6a,
      0x08,
      0x41,
      0x5a, // push 8; pop r10            size of a signal set
      0x6a,
      0x0e,
      0x58, // push 14; pop rax           rt_sigprocmask
      0x0f,
      0x05, // syscall
      0x6a,
      0x11,
      0x5f, // push 17; pop rdi           SIGCHLD
      0xbe,
      ...word(ignore), // mov esi, ignore
      0x31,
      0xd2, // xor edx, edx
      0x6a,
      0x08,
      0x41,
      0x5a, // push 8; pop r10
      0x6a,
      0x0d,
      0x58, // push 13; pop rax           rt_sigaction
      0x0f,
      0x05, // syscall
      ...wait,
      0x78,
      (-wait.length - 2) & 0xff, // js: back to the wait; 2 is the jump's own length
      0x31,
      0xff, // xor edi, edi
      0xb8,
      ...word(231), // mov eax, 231               exit_group
      0x0f,
      0x05, // syscall
    ]);
  },
};

const arm64: MachineCode = {
  machine: 183,
  code: ({ signals, ignore }) =>
    words([
      ...call(135, [0, signals, 0, 8]), // rt_sigprocmask(SIG_BLOCK, signals, none, 8)
      ...call(134, [17, ignore, 0, 8]), // rt_sigaction(SIGCHLD, ignore, none, 8)
      ...call(137, [signals, 0, 0, 8]), // rt_sigtimedwait(signals, no details, no timeout, 8)
      // tbnz w0, #31, back to the call: its instructions are all that this jumps over.
      (0x3700_0000 | (31 << 19) | ((-call(137, [signals, 0, 0, 8]).length & 0x3fff) << 5)) >>> 0,
      ...call(94, [0]), // exit_group(0)
    ]),
};

/** Arguments into x0, x1, ..., the number into x8, `svc #0`. */
function call(number: number, values: readonly number[]): readonly number[] {
  return [...values.flatMap((value, register) => load(register, value)), ...load(8, number), 0xd400_0001];
}

/** `movz`, and `movk` for the upper half where there is one. */
function load(register: number, value: number): readonly number[] {
  const low = (0xd280_0000 | ((value & 0xffff) << 5) | register) >>> 0;
  const high = (0xf2a0_0000 | ((value >>> 16) << 5) | register) >>> 0;
  return value > 0xffff ? [low, high] : [low];
}

function words(values: readonly number[]): Buffer {
  return Buffer.concat(values.map((value) => Buffer.from(word(value))));
}

function word(value: number): readonly number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
}
