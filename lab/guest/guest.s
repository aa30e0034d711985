/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest in one boot sector, small enough for emulation inside emulation.
 *
 * Ten times a second it counts, and
 *   - writes the count to the next sector of a ring on the disk it was booted from;
 *   - checks that each page of half a megabyte of memory still holds the last count, and stores the new one;
 * every 8 counts it writes the count to COM1 as well.
 *
 * Disk (512-byte sectors, little-endian):
 *   0                this program
 *   1                magic, number of the boot (the program increments it when it starts)
 *   2 ... 1 + RING   the ring; count c is in sector 2 + (c - 1) % RING:
 *                    8 bytes magic, u32 boot, u32 own sector, 124 times u32 count
 * Console: "boot 00000001", "c 00000008", "e 000000ss" when the BIOS reports status ss for a write (which is
 * then repeated), "m 00000000" when memory is not what it was.
 */

        .code16
        .globl  _start

        .set    RING, 2048              /* a power of two */
        .set    FIRST, 2
        .set    COM1, 0x3f8
        .set    TICKS, 59659            /* the PIT's 1193182 Hz / 20 Hz */
        .set    MEMORY, 0x1000          /* segments: 64 KiB … */
        .set    MEMORY_END, 0x9000      /* … to 576 KiB */
        .set    BUFFER, 0x1000          /* one sector, below the program */
        .set    BOOT, BUFFER + 8
        .set    SECTOR, BUFFER + 12
        .set    COUNTS, BUFFER + 16

_start:
        cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7c00, %sp
        cld
        movb    %dl, drive

        movb    $0x34, %al              /* PIT channel 0: rate generator */
        outb    %al, $0x43
        movb    $(TICKS & 0xff), %al
        outb    %al, $0x40
        movb    $(TICKS >> 8), %al
        outb    %al, $0x40
        movw    $tick, 8 * 4            /* IRQ 0 */
        movw    $0, 8 * 4 + 2
        sti

        movl    $1, lba                 /* number this boot */
        movb    $0x42, %ah
        call    disk
        incl    BOOT
        movl    BOOT, %edx
        call    write
        movb    $'b', %al
        call    report
        xorl    %ebx, %ebx              /* the count */

next:
        incl    %ebx
        movw    $COUNTS, %di
        movw    $124, %cx
        movl    %ebx, %eax
        rep stosl
        leal    -1(%ebx), %eax
        andl    $(RING - 1), %eax
        addl    $FIRST, %eax
        movl    %eax, lba
        call    write
        call    memory
        testb   $7, %bl
        jnz     1f
        movl    %ebx, %edx
        movb    $'c', %al
        call    report
1:      hlt
        hlt
        jmp     next

/* The BIOS would go to a stack of its own here, with far more time and stores in which QEMU 7.2 loses one when
 * the guest is stopped just then (lab/README.md). */
tick:
        pushw   %ax
        movb    $0x20, %al              /* end of interrupt */
        outb    %al, $0x20
        popw    %ax
        iret

/* Writes BUFFER to the sector in lba, until it is there. Destroys eax, edx, si. */
write:
        movl    lba, %eax
        movl    %eax, SECTOR
        movl    magic, %eax
        movl    %eax, BUFFER
        movl    magic + 4, %eax
        movl    %eax, BUFFER + 4
        movw    $0x4300, %ax
        call    disk
        jnc     1f
        movzbl  %ah, %edx
        movb    $'e', %al
        call    report
        hlt
        jmp     write
1:      ret

/* int 13h function ax for the sector in lba. The carry flag tells of an error, ah which. */
disk:
        pushl   %edx
        movb    drive, %dl
        movw    $packet, %si
        int     $0x13
        popl    %edx
        ret

/* Checks and renews the count in each page. Destroys eax, edx. */
memory:
        movw    $MEMORY, %ax
1:      movw    %ax, %es
        leal    -1(%ebx), %edx
        cmpl    $1, %ebx
        je      2f
        cmpl    %edx, %es:0
        je      2f
        pushw   %ax
        xorl    %edx, %edx
        movb    $'m', %al
        call    report
        popw    %ax
2:      movl    %ebx, %es:0
        addw    $0x100, %ax             /* a page on */
        cmpw    $MEMORY_END, %ax
        jne     1b
        xorw    %ax, %ax
        movw    %ax, %es
        ret

/* Prints the letter in al and the number in edx. Destroys eax, cx, edx. */
report:
        call    put
        movb    $' ', %al
        call    put
        movw    $8, %cx
1:      roll    $4, %edx
        movb    %dl, %al
        andb    $15, %al
        cmpb    $10, %al                /* 0-9, a-f without a branch: */
        sbbb    $0x69, %al
        das
        orb     $0x20, %al
        call    put
        loop    1b
        movb    $'\n', %al

/* Sends al to COM1. Destroys ah. */
put:
        pushl   %edx
        movb    %al, %ah
        movw    $(COM1 + 5), %dx
1:      inb     %dx, %al
        testb   $0x20, %al
        jz      1b
        movw    $COM1, %dx
        movb    %ah, %al
        outb    %al, %dx
        popl    %edx
        ret

magic:  .ascii  "NPIVLAB1"
drive:  .byte   0
        .balign 4
packet: .byte   16, 0                   /* disk address packet: its size, */
        .word   1                       /* sectors, */
        .word   BUFFER, 0               /* offset and segment, */
lba:    .long   0, 0                    /* sector */

        .org    510
        .word   0xaa55
