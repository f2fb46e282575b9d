import { type Architecture, elfProgram } from '../image/elf.ts';

/**
 * A static ELF program that runs a script as its only child, with its own arguments and environment, and ends as the child
 * ends. A stand-in that is a script needs it: `/proc/PID/exe` of a script is its interpreter. The child ends with the program.
 */
export function launcherOf(architecture: Architecture, script: string): Buffer {
  const code = architecture === 'amd64' ? amd64Code() : arm64Code();
  return elfProgram(architecture, Buffer.concat([code, Buffer.from(`${script}\0`)]));
}

function amd64Code(): Buffer {
  const instructions = [
    ...[0x4c, 0x8b, 0x24, 0x24], //                    mov r12, [rsp] (argc)
    ...[0x4c, 0x8d, 0x6c, 0x24, 0x08], //              lea r13, [rsp + 8] (argv)
    ...[0x4e, 0x8d, 0x74, 0xe4, 0x10], //              lea r14, [rsp + r12 * 8 + 16] (envp)
    ...[0xb8, 57, 0, 0, 0], //                         mov eax, fork
    ...[0x0f, 0x05], //                                syscall
    ...[0x85, 0xc0], //                                test eax, eax
    ...[0x74, 87 - 25], //                             jz @87
    ...[0xb8, 61, 0, 0, 0], //                    @25  mov eax, wait4
    ...[0x83, 0xcf, 0xff], //                          or edi, -1
    ...[0x48, 0x8d, 0x74, 0x24, 0xf0], //              lea rsi, [rsp - 16]
    ...[0x31, 0xd2], //                                xor edx, edx
    ...[0x45, 0x31, 0xd2], //                          xor r10d, r10d
    ...[0x0f, 0x05], //                                syscall
    ...[0x83, 0xf8, 0xfc], //                          cmp eax, -EINTR
    ...[0x74, 25 - 50], //                             je @25
    ...[0x8b, 0x7c, 0x24, 0xf0], //                    mov edi, [rsp - 16]
    ...[0x89, 0xfe], //                                mov esi, edi
    ...[0x83, 0xe6, 0x7f], //                          and esi, 127 (the signal that ended the child)
    ...[0x74, 77 - 61], //                             jz @77
    ...[0xb8, 39, 0, 0, 0], //                         mov eax, getpid
    ...[0x0f, 0x05], //                                syscall
    ...[0x89, 0xc7], //                                mov edi, eax
    ...[0xb8, 62, 0, 0, 0], //                         mov eax, kill
    ...[0x0f, 0x05], //                                syscall
    ...[0xc1, 0xef, 0x08], //                     @77  shr edi, 8 (its exit code)
    ...[0xb8, 231, 0, 0, 0], //                        mov eax, exit_group
    ...[0x0f, 0x05], //                                syscall
    ...[0xb8, 157, 0, 0, 0], //                   @87  mov eax, prctl
    ...[0xbf, 1, 0, 0, 0], //                          mov edi, PR_SET_PDEATHSIG
    ...[0xbe, 9, 0, 0, 0], //                          mov esi, SIGKILL
    ...[0x0f, 0x05], //                                syscall
    ...[0x48, 0x8d, 0x3d, 136 - 111, 0, 0, 0], //      lea rdi, [script]
    ...[0x4c, 0x89, 0xee], //                          mov rsi, r13
    ...[0x4c, 0x89, 0xf2], //                          mov rdx, r14
    ...[0xb8, 59, 0, 0, 0], //                         mov eax, execve
    ...[0x0f, 0x05], //                                syscall
    ...[0xbf, 127, 0, 0, 0], //                        mov edi, 127
    ...[0xb8, 231, 0, 0, 0], //                        mov eax, exit_group
    ...[0x0f, 0x05], //                                syscall
  ];
  return Buffer.from(instructions.map((byte) => byte & 0xff));
}

function arm64Code(): Buffer {
  const [waiting, ended, child, script] = [13, 30, 33, 45];
  const movz = (register: number, value: number) => 0xd2800000 + value * 32 + register;
  const svc = 0xd4000001;
  const words = [
    0x910003f3, //                           mov x19, sp
    0xf9400274, //                           ldr x20, [x19] (argc)
    0x91002275, //                           add x21, x19, 8 (argv)
    0x8b140eb6, //                           add x22, x21, x20, lsl 3
    0x910022d6, //                           add x22, x22, 8 (envp)
    movz(0, 17), //                          SIGCHLD
    movz(1, 0),
    movz(2, 0),
    movz(3, 0),
    movz(4, 0),
    movz(8, 220), //                         clone
    svc,
    0xb4000000 + (child - 12) * 32, //       cbz x0, child
    0x92800000, //                  waiting: mov x0, -1
    0xd10043e1, //                           sub x1, sp, 16
    movz(2, 0),
    movz(3, 0),
    movz(8, 260), //                         wait4
    svc,
    0xb100101f, //                           cmn x0, EINTR
    0x54000000 + ((waiting - 20) & 0x7ffff) * 32, // b.eq waiting
    0xb85f03e0, //                           ldur w0, [sp, -16]
    0x12001801, //                           and w1, w0, 127 (the signal that ended the child)
    0x34000001 + (ended - 23) * 32, //       cbz w1, ended
    0xaa0003f4, //                           mov x20, x0
    movz(8, 172), //                         getpid
    svc,
    movz(8, 129), //                         kill
    svc,
    0xaa1403e0, //                           mov x0, x20
    0x53083c00, //                    ended: ubfx w0, w0, 8, 8 (its exit code)
    movz(8, 94), //                          exit_group
    svc,
    movz(0, 1), //                    child: PR_SET_PDEATHSIG
    movz(1, 9), //                           SIGKILL
    movz(8, 167), //                         prctl
    svc,
    0x10000000 + (script - 37) * 32, //      adr x0, script
    0xaa1503e1, //                           mov x1, x21
    0xaa1603e2, //                           mov x2, x22
    movz(8, 221), //                         execve
    svc,
    movz(0, 127),
    movz(8, 94), //                          exit_group
    svc,
  ];
  const code = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => {
    code.writeUInt32LE(word, index * 4);
  });
  return code;
}
