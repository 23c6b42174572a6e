#include "accel/kvm/x86/small_guest.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <thread>

#include "accel/kvm/x86/msr_list.hpp"
#include "cpu/x86/control_bits.hpp"
#include "cpu/x86/flags.hpp"

namespace orrery::kvm {
namespace {

using namespace std::chrono_literals;

// Selectors of the descriptors that write_descriptors() makes, in the order that SYSCALL and SYSRET ask for.
constexpr u16 kernel_code = 0x08, kernel_data = 0x10, user_data = 0x20 | 3, user_code = 0x28 | 3, task_selector = 0x30;
constexpr u64 code_64 = 0x00af'9b00'0000'ffff, data_segment = 0x00cf'9300'0000'ffff;
constexpr u64 privilege_3 = u64{3} << 45;

constexpr u8 code_type = 11, data_type = 3, busy_task_type = 11;

kvm_segment flat(u16 selector, u8 type, bool wide) {
    kvm_segment segment{};
    segment.limit = 0xffff'ffff;
    segment.selector = selector;
    segment.type = type;
    segment.present = 1;
    segment.dpl = selector & 3;
    segment.s = 1;
    segment.g = 1;
    segment.l = wide && type == code_type;
    segment.db = !segment.l;
    return segment;
}

kvm_segment task_segment() {
    kvm_segment segment{};
    segment.base = SmallGuest::task;
    segment.limit = 0x67;
    segment.selector = task_selector;
    segment.type = busy_task_type;
    segment.present = 1;
    return segment;
}

void set_segments(kvm_sregs& registers, SmallGuest::Mode mode) {
    const bool user = mode == SmallGuest::Mode::user_64;
    const bool wide = mode != SmallGuest::Mode::paging_32;
    registers.cs = flat(user ? user_code : kernel_code, code_type, wide);
    const kvm_segment data = flat(user ? user_data : kernel_data, data_type, wide);
    for (kvm_segment* segment : {&registers.ss, &registers.ds, &registers.es, &registers.fs, &registers.gs})
        *segment = data;
    registers.tr = task_segment();
    registers.ldt = {};
    registers.ldt.unusable = 1;
    registers.gdt.base = SmallGuest::descriptors;
    registers.gdt.limit = 0x3f;
    registers.idt.base = SmallGuest::gates;
    registers.idt.limit = 0xfff;
}

void set_controls(kvm_sregs& registers, SmallGuest::Mode mode) {
    using namespace x86;
    registers.cr0 = cr0::pe | cr0::et | cr0::ne | cr0::mp | cr0::wp | cr0::pg;
    registers.cr3 = SmallGuest::tables;
    if (mode == SmallGuest::Mode::paging_32) {
        registers.cr4 = cr4::pse;
        registers.efer = 0;
    } else {
        registers.cr4 = cr4::pae | cr4::osfxsr | cr4::osxmmexcpt;
        registers.efer = efer::lme | efer::lma | efer::sce | efer::nxe;
    }
}

// Ends a run that takes too long: guests that are wrong for their host may never come back by themselves.
class Patience {
public:
    Patience(Vcpu& vcpu, std::chrono::milliseconds limit) : thread_([this, &vcpu, limit] { wait(vcpu, limit); }) {}
    ~Patience() {
        {
            const std::lock_guard guard(mutex_);
            over_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }

private:
    void wait(Vcpu& vcpu, std::chrono::milliseconds limit) {
        std::unique_lock guard(mutex_);
        if (changed_.wait_for(guard, limit, [this] { return over_; })) return;
        // A signal may have been taken for another purpose.
        do vcpu.kick();
        while (!changed_.wait_for(guard, 10ms, [this] { return over_; }));
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool over_ = false;
    std::thread thread_;
};

} // namespace

Result<std::unique_ptr<SmallGuest>> SmallGuest::create(SystemCalls& calls) {
    auto memory = TRY(Ram::create("small-guest", memory_bytes));
    auto machine = TRY(create_x86_machine(calls));
    TRY_STATUS(machine->set_slot({.slot = 0,
                                  .flags = 0,
                                  .guest_phys_addr = 0,
                                  .memory_size = memory_bytes,
                                  .userspace_addr = reinterpret_cast<u64>(memory->host())}));
    auto vcpu = TRY(machine->create_vcpu(0));
    return std::unique_ptr<SmallGuest>(new SmallGuest(std::move(memory), std::move(machine), std::move(vcpu)));
}

void SmallGuest::store(u64 address, u64 value) { std::memcpy(memory_->host() + address, &value, sizeof value); }

// The first 2 MiB in pages of 4 KiB, for everyone.
void SmallGuest::write_tables() {
    constexpr u64 all = 7; // present, writable, for users
    store(tables, (tables + 0x1000) | all);
    store(other_top_table, (tables + 0x1000) | all);
    store(tables + 0x1000, (tables + 0x2000) | all);
    store(tables + 0x2000, page_table | all);
    for (u64 page = 0; page < 512; ++page) store(page_table + 8 * page, page << page_shift | all);
}

// The first 4 MiB as one page.
void SmallGuest::write_tables_32() {
    constexpr u64 all = 7, large = 0x80;
    store(tables, all | large);
}

void SmallGuest::write_descriptors() {
    store(descriptors + kernel_code, code_64);
    store(descriptors + kernel_data, data_segment);
    store(descriptors + (user_data & ~3), data_segment | privilege_3);
    store(descriptors + (user_code & ~3), code_64 | privilege_3);
    store(descriptors + task_selector, 0x67 | task << 16 | u64{0x8b} << 40);
    store(task + 4, stack_end); // RSP0
    for (u64 vector = 0; vector < 256; ++vector) {
        constexpr u64 present_gate = u64{0x8e} << 40;
        store(gates + 16 * vector, (exception & 0xffff) | u64{kernel_code} << 16 | present_gate);
    }
    constexpr u8 halt = 0xf4;
    memory_->host()[exception] = halt;
}

Status SmallGuest::begin(Mode mode, std::span<const u8> bytes) {
    std::memset(memory_->host(), 0, memory_bytes);
    write_descriptors();
    mode == Mode::paging_32 ? write_tables_32() : write_tables();
    std::ranges::copy(bytes, memory_->host() + code);
    kvm_sregs system{};
    TRY_STATUS(vcpu_->file().ask(KVM_GET_SREGS, system, "KVM_GET_SREGS"));
    set_segments(system, mode);
    set_controls(system, mode);
    TRY_STATUS(vcpu_->file().ask(KVM_SET_SREGS, system, "KVM_SET_SREGS"));
    kvm_regs general{};
    general.rip = code;
    general.rsp = mode == Mode::user_64 ? user_stack_end : stack_end;
    general.rflags = x86::rflags_fixed;
    return vcpu_->file().ask(KVM_SET_REGS, general, "KVM_SET_REGS");
}

Result<kvm_regs> SmallGuest::registers() const {
    kvm_regs general{};
    TRY_STATUS(vcpu_->file().ask(KVM_GET_REGS, general, "KVM_GET_REGS"));
    return general;
}

Status SmallGuest::set_msr(u32 index, u64 value) {
    MsrList list;
    list.add(index, value);
    return list.write(*vcpu_);
}

bool SmallGuest::run(std::chrono::milliseconds patience) {
    vcpu_->arm();
    int failure = 0;
    {
        const Patience watch(*vcpu_, patience);
        failure = vcpu_->run();
    }
    vcpu_->disarm();
    return failure == 0;
}

} // namespace orrery::kvm
