#!/bin/sh
# run_on_qemu.sh QEMU FIRMWARE GUEST HARTS CPU: boots the guest on QEMU's virt and succeeds if it says it passed.
# Exit code 77: skipped.
qemu=$1 firmware=$2 guest=$3 harts=$4 cpu=$5
if ! [ -x "$qemu" ]; then
    echo "skipped: qemu-system-riscv64 is not installed"
    exit 77
fi
output=$("$qemu" -M virt -cpu "$cpu" -m 256M -smp "$harts" -nographic -no-reboot \
    -bios "$firmware" -kernel "$guest" </dev/null)
code=$?
echo "$output"
[ $code -eq 0 ] || { echo "QEMU ended with code $code"; exit 1; }
case $output in
*"SBI-CHECK PASSED"*) exit 0 ;;
esac
exit 1
