import { type Architecture, elfProgram } from './elf.ts';

/** Bits of SIGINT (2) and SIGTERM (15) in a kernel signal set. */
const STOP_SIGNALS = 0x4002n;

/**
 * A static ELF program of under 200 bytes that waits until SIGINT or SIGTERM and then exits with 0, as the Kubernetes
 * pause program does. The signals are blocked and waited for: as PID 1 of a sandbox it would not receive them otherwise.
 */
export function pauseProgram(architecture: Architecture): Buffer {
  return elfProgram(architecture, architecture === 'amd64' ? amd64Code() : arm64Code());
}

function signalSet(): Buffer {
  const set = Buffer.alloc(8);
  set.writeBigUInt64LE(STOP_SIGNALS);
  return set;
}

function amd64Code(): Buffer {
  const signalSetOffset = 64;
  // `lea` is relative to the end of its own 7 bytes.
  const leaSet = (opcode: number, at: number): number[] => [0x48, 0x8d, opcode, signalSetOffset - (at + 7), 0, 0, 0];
  const instructions = [
    ...[0xb8, 14, 0, 0, 0], //           mov eax, rt_sigprocmask
    ...[0x31, 0xff], //                  xor edi, edi (SIG_BLOCK)
    ...leaSet(0x35, 7), //               lea rsi, [set]
    ...[0x31, 0xd2], //                  xor edx, edx
    ...[0x41, 0xba, 8, 0, 0, 0], //      mov r10d, 8
    ...[0x0f, 0x05], //                  syscall
    ...[0xb8, 128, 0, 0, 0], //    @24   mov eax, rt_sigtimedwait
    ...leaSet(0x3d, 29), //              lea rdi, [set]
    ...[0x31, 0xf6], //                  xor esi, esi
    ...[0x31, 0xd2], //                  xor edx, edx
    ...[0x41, 0xba, 8, 0, 0, 0], //      mov r10d, 8
    ...[0x0f, 0x05], //                  syscall
    ...[0x85, 0xc0], //            @48   test eax, eax
    ...[0x78, 24 - 52], //               js @24 (interrupted: wait again)
    ...[0xb8, 60, 0, 0, 0], //     @52   mov eax, exit
    ...[0x31, 0xff], //                  xor edi, edi
    ...[0x0f, 0x05], //                  syscall
  ].map((byte) => byte & 0xff);
  const code = Buffer.alloc(signalSetOffset);
  code.set(instructions);
  return Buffer.concat([code, signalSet()]);
}

function arm64Code(): Buffer {
  const signalSetWord = 16;
  const movz = (register: number, value: number) => 0xd2800000 + value * 32 + register;
  const adrSet = (register: number, word: number) => 0x10000000 + (signalSetWord - word) * 32 + register;
  const svc = 0xd4000001;
  // tbnz x0, #63: the sign bit of the result says that the wait was interrupted.
  const waitAgainIfNegative = (word: number, target: number) => 0xb7f80000 + ((target - word) & 0x3fff) * 32;
  const words = [
    movz(0, 0),
    adrSet(1, 1),
    movz(2, 0),
    movz(3, 8),
    movz(8, 135), // rt_sigprocmask
    svc,
    adrSet(0, 6),
    movz(1, 0),
    movz(2, 0),
    movz(3, 8),
    movz(8, 137), // rt_sigtimedwait
    svc,
    waitAgainIfNegative(12, 6),
    movz(0, 0),
    movz(8, 93), // exit
    svc,
  ];
  const code = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => {
    code.writeUInt32LE(word, index * 4);
  });
  return Buffer.concat([code, signalSet()]);
}
