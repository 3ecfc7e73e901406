# shellcheck shell=bash
# Birth: a flat disk with a boot sector.
chapter "1. Birth: a flat disk for an LSI Logic adapter, with a boot sector"
cp "$BUILD/boot/hello.bin" hello.bin
show 'vmdk create web01.vmdk --size 64M --adapter lsilogic --boot-sector hello.bin'
show 'cat web01.vmdk'
say "The flat file is the disk, byte for byte; its first bytes are the boot sector's."
show 'od -A d -t x1 -N 16 web01-flat.vmdk'

if command -v qemu-system-x86_64 > /dev/null; then
    say "A machine's firmware takes it for a disk: this line comes from its serial port."
    # The machine halts after its line and would wait for ever: it is ended then, and its lock on the disk with it.
    show 'mkfifo serial; timeout 60 qemu-system-x86_64 -machine pc,accel=tcg -m 32 -nodefaults -display none \
  -no-reboot -drive file=web01.vmdk,format=vmdk,if=none,id=disk -device mptsas1068,id=scsi \
  -device scsi-hd,bus=scsi.0,drive=disk -serial stdio < /dev/null > serial 2> qemu.log & head -n 1 serial; kill $!; wait $! || :'
fi
