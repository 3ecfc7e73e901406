; A boot sector that says it lives: one line on the first serial port (COM1) and on the screen, then it halts.
; It shows that a disk made by `vmdk create --boot-sector` is taken by a machine's firmware as a real one.
;
; Assemble:  nasm -f bin -o hello.bin hello.asm
; The machine starts it in 16-bit real mode at 0000:7C00 (or 07C0:0000), with interrupts in any state.

bits 16
org 0x7C00

SERIAL_DATA         equ 0x3F8           ; COM1
SERIAL_LINE_CONTROL equ SERIAL_DATA + 3
SERIAL_LINE_STATUS  equ SERIAL_DATA + 5
DIVISOR_ACCESS      equ 0x80            ; line control: the first two ports are the clock divisor
EIGHT_BITS          equ 0x03            ; line control: 8 data bits, no parity, 1 stop bit
CAN_SEND            equ 0x20            ; line status: the holding register is empty

start:
    cli                                 ; FA
    xor ax, ax                          ; 31 C0
    mov ds, ax                          ; 8E D8: labels are offsets from segment 0
    mov es, ax
    mov ss, ax
    mov sp, start                       ; the stack grows down from here, away from this code
    jmp 0:segment_is_zero               ; some firmware enters with another code segment
segment_is_zero:
    sti
    cld

    mov dx, SERIAL_LINE_CONTROL         ; 115200 baud: clock divisor 1
    mov al, DIVISOR_ACCESS | EIGHT_BITS
    out dx, al
    mov dx, SERIAL_DATA
    mov al, 1
    out dx, al
    inc dx
    dec al
    out dx, al
    mov dx, SERIAL_LINE_CONTROL
    mov al, EIGHT_BITS
    out dx, al

    mov si, message
next_character:
    lodsb
    test al, al
    jz done
    call send
    mov ah, 0x0E                        ; int 10h: teletype output, page 0, light grey
    mov bx, 0x0007
    int 0x10
    jmp next_character

done:
    cli
halt:
    hlt
    jmp halt

; Sends AL. Gives up waiting after 65536 looks: a machine without the port must not hang before the screen.
send:
    mov ah, al
    mov dx, SERIAL_LINE_STATUS
    xor cx, cx
wait_until_empty:
    in al, dx
    test al, CAN_SEND
    loopz wait_until_empty
    mov al, ah
    mov dx, SERIAL_DATA
    out dx, al
    ret

message:
    db "Palimpsest: this flat file is alive", 13, 10, 0

    times 440 - ($ - start) db 0        ; 440..509: disk signature and partition table, the disk's own
    times 510 - ($ - start) db 0
    dw 0xAA55                           ; the firmware's mark of a boot sector
