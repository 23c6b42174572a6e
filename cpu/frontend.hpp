// A guest architecture as the translator sees it: how its instructions become IR, how its addresses are translated and
// how it takes exceptions and interrupts. One Frontend per vCPU; it runs on that vCPU's thread. It owns the meaning of
// the guest's state struct, the engine (accel/dbt) owns the memory it lies in.
#pragma once

#include <array>
#include <expected>
#include <functional>
#include <optional>
#include <span>

#include "cpu/debug.hpp"
#include "cpu/environment.hpp"
#include "cpu/stuck.hpp"
#include "cpu/watch.hpp"
#include "jit/ir/builder.hpp"
#include "jit/ir/ir.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

enum class MemoryAction : u8 { read, write, execute };

// An architectural exception as a value: the meaning of both is the frontend's.
struct Fault {
    u64 code = 0;
    u64 value = 0;
};

// The answer of an address translation. Valid for the whole page of `page_size_bytes` around the address, for the
// permissions named, until the engine is told to flush.
struct Translation {
    GuestPhysical address;
    u64 page_size_bytes = page_size; // as the guest mapped it: 4 KiB, 2 MiB, …
    bool writable = false;           // a write needs no further translation (permission and dirty bit are there)
    bool cacheable = true;           // false: valid for this one access only
    u64 bytes = page_size;           // an access that reaches further than this from `address` is a bus_fault()
};

// The translation context that memory accesses and fetches use now. Translations are remembered per context, so going
// back to an earlier one costs nothing.
struct AddressContext {
    u64 space = 0;              // the address space (an ASID with its root, or a constant while paging is off)
    u32 data_view = 0;          // what else changes data permissions (privilege, MXR …); small numbers
    u64 execute_mode = 0;       // what else changes execute permission
    bool data_cacheable = true; // false: every access goes through translate()
    bool operator==(const AddressContext&) const = default;
};

// What a frontend may ask of the engine that runs it, on its own thread.
class EngineServices {
public:
    virtual ~EngineServices() = default;
    // Forget remembered translations.
    virtual void flush_all() = 0;
    virtual void flush_space(u64 space) = 0;
    virtual void flush_page(GuestVirtual address) = 0; // in every space
    virtual void flush_page_in_space(GuestVirtual address, u64 space) = 0;
    // address_context() has changed.
    virtual void context_changed() = 0;
    // The guest ordered instruction fetches after stores (fence.i, isb): stores by others are visible after it.
    virtual void synchronize_code() = 0;
    // From inside a helper: interrupts are to be looked at before the next instruction. The instruction must end its
    // block with ir::Leave, which does that; a helper can't leave before its result has been put.
    virtual void leave_after() = 0;
    // From inside a helper: see jit::LeaveRequest.
    virtual void leave_with_pc_in_state() = 0;
    // From inside a helper: the instruction at `from` has set the state's pc, and address_context() may be another. The
    // block must end with ir::Indirect to that pc, of ir::JumpKind::system.
    virtual void transferred(u64 from) = 0;
    virtual void leave_raising(Fault fault) = 0;
    // From inside a helper with `needs_count`, or outside of translated code: exact retired instructions.
    [[nodiscard]] virtual u64 retired() const = 0;
    // From inside a helper: the address of the guest instruction it belongs to.
    [[nodiscard]] virtual u64 current_pc() const = 0;
    // Guest memory as data, like a load or store instruction of this CPU, by helpers and while an exception is
    // delivered. `mmu_index` as in ir::MemoryAccess: 0 is the current context; others are translated anew each time. A
    // block has to end behind an instruction whose helper stores, since it may have written the code that follows.
    virtual std::expected<u64, Fault> load(GuestVirtual address, Width width, u8 mmu_index) = 0;
    virtual std::expected<void, Fault> store(GuestVirtual address, u64 value, Width width, u8 mmu_index) = 0;
    // The host bytes of guest memory from `address` on, for operations on whole blocks of it: at most `size_bytes`, and
    // not beyond the page. Read or written directly, before the helper returns. Empty: only load() and store() will do.
    virtual std::expected<std::span<u8>, Fault> direct(GuestVirtual /*address*/, u64 /*size_bytes*/, MemoryAction) {
        return std::span<u8>{};
    }
    // Reads, computes and writes as one, whatever the other CPUs do: what was there before. `next` may be called again.
    virtual std::expected<u64, Fault> update(GuestVirtual address, Width width,
                                             const std::function<u64(u64 old)>& next) = 0;
    // Writes `replacement` to 16 aligned bytes if they hold `expected`; what was there before.
    using Pair = std::array<u64, 2>;
    virtual std::expected<Pair, Fault> compare_exchange_pair(GuestVirtual address, const Pair& expected,
                                                             const Pair& replacement) = 0;
    // The port bus. Where nothing answers, reads give all ones and writes are lost. A block ends behind a write.
    virtual u64 read_port(u16 port, Width width) = 0;
    virtual void write_port(u16 port, u64 value, Width width) = 0;
    // For cache-block operations: writes zeroes over whole, aligned bytes of one page.
    virtual std::expected<void, Fault> zero(GuestVirtual address, u64 size_bytes) = 0;
    // Calls `work`, which may wait for a lock, such as that of the machine.
    virtual void run_waiting(const std::function<void()>& work) = 0;
    // Ends a halt, or makes translated code look at interrupts soon. Any thread.
    virtual void notice_interrupt() = 0;

    // ---- the guest's own debug registers; none until these are called
    // Addresses of instructions, in any order: before each of them the frontend is asked for breakpoint_fault().
    virtual void set_guest_breakpoints(std::span<const u64> /*addresses*/) {}
    // Bytes of which the frontend is told, by note_access(), when an instruction is executed that accesses them.
    virtual void set_guest_watches(std::span<const Watch> /*watches*/) {}
    // Whether the instruction is executed alone, so that a stop comes right behind it; note_access() is called in such
    // ones only. Else, from inside a helper that has done nothing yet: execute_alone() leaves, and has it done.
    [[nodiscard]] virtual bool executes_alone() const { return true; }
    virtual void execute_alone() {}
};

// A load-reserved whose store-conditional may still succeed: the physical address and the value that was read. The
// store compares and swaps with that value. Lies in the guest's state.
struct Reservation {
    u64 valid = 0;
    u64 address = 0;
    u64 value = 0;
    static constexpr void fields(auto& s, auto&& f) {
        f("valid", s.valid);
        f("address", s.address);
        f("value", s.value);
    }
};

// Guest code bytes for the translator. Nothing beyond a page is touched before the bytes up to its end are used.
class CodeReader {
public:
    virtual ~CodeReader() = default;
    // Two bytes at `pc` (an even address), or the fault that fetching them gives.
    virtual std::expected<u16, Fault> fetch16(u64 pc) = 0;
    // The byte at `pc`, for guests whose instructions have no alignment.
    virtual std::expected<u8, Fault> fetch8(u64 pc) = 0;
};

// The last return from an exception's handler (mret, iret), and how many there were.
struct HandlerReturn {
    u64 count = 0;
    u64 pc = 0;
};

class Frontend {
public:
    virtual ~Frontend() = default;

    // ---- once
    virtual void attach(EngineServices& services) = 0;
    [[nodiscard]] virtual const ir::GuestDescription& description() const = 0;
    [[nodiscard]] virtual std::string_view type() const = 0;

    // ---- state
    virtual void reset() = 0;
    virtual void state(StateVisitor& visitor) = 0;
    virtual void restored() = 0; // also after any outside change of the state
    virtual void set_entry(u64 pc, std::span<const u64> arguments) = 0;

    // ---- translating
    // Where execution continues.
    [[nodiscard]] virtual ir::BlockKey key() const = 0;
    // The key's pc alone: asked for far more often.
    [[nodiscard]] virtual u64 pc() const = 0;
    // Translates a straight line from key.pc: at most `limit` instructions, none beyond the 4 KiB page of key.pc except
    // a first instruction that itself crosses it. A fetch fault on the first instruction becomes a Raise block of one
    // instruction of length 0, one further on ends the block before it.
    virtual void translate(ir::BlockKey key, CodeReader& code, u32 limit, ir::Builder& builder) = 0;
    // Which privilege a BlockKey::mode runs with: a small number, named by CpuWords.
    [[nodiscard]] virtual u32 privilege(u64 mode) const = 0;
    // Which kind of code a BlockKey::mode has, where the same bytes mean one thing or another: from 0 to 3, named by
    // CpuWords.
    [[nodiscard]] virtual u32 code_kind(u64 /*mode*/) const { return 0; }

    // ---- memory
    [[nodiscard]] virtual AddressContext address_context() const = 0;
    // Walks the guest's tables, setting accessed and dirty bits. `mmu_index` as in ir::MemoryAccess.
    virtual std::expected<Translation, Fault> translate_address(GuestVirtual address, MemoryAction action,
                                                                u8 mmu_index) = 0;
    // The fault for a translated address where nothing answers, or a misaligned device or atomic access.
    [[nodiscard]] virtual Fault bus_fault(GuestVirtual address, MemoryAction action) const = 0;
    [[nodiscard]] virtual Fault alignment_fault(GuestVirtual address, MemoryAction action) const = 0;

    // Whether reads give all ones where nothing answers and writes are lost there, and accesses to devices that aren't
    // aligned come as single bytes; else those are bus_fault().
    [[nodiscard]] virtual bool bus_is_open() const { return false; }

    // A page of physical addresses that are registers of this CPU alone, such as an x86 CPU's local APIC: its data
    // accesses there never reach the bus. Whoever moves it tells the engine to flush.
    [[nodiscard]] virtual std::optional<GuestPhysical> local_page() const { return std::nullopt; }
    virtual u64 read_local(u64 /*offset*/, Width /*width*/) { return ~u64{0}; }
    virtual void write_local(u64 /*offset*/, u64 /*value*/, Width /*width*/) {}

    [[nodiscard]] virtual Reservation& reservation() = 0;

    // ---- exceptions and interrupts
    // Delivers an exception of the instruction at the state's pc.
    virtual void raise(Fault fault) = 0;
    // Takes the most urgent enabled interrupt, if there is one; true if it did.
    virtual bool take_interrupt() = 0;
    // The code of the interrupt that was taken last.
    [[nodiscard]] virtual u64 last_interrupt() const = 0;
    // Whether the CPU waits for an interrupt (wfi, hlt); take_interrupt() or wakes() ends it.
    [[nodiscard]] virtual bool halted() const = 0;
    [[nodiscard]] virtual bool wakes() const = 0;
    virtual void set_irq(u32 pin, bool level) = 0; // any thread

    // ---- the guest's own debug registers
    // The exception that comes behind an instruction, before the next; take_interrupt() raises it, too.
    [[nodiscard]] virtual std::optional<Fault> pending_trap() const { return std::nullopt; }
    // At the state's pc: the exception of a breakpoint there, unless it isn't to be heeded now.
    [[nodiscard]] virtual std::optional<Fault> breakpoint_fault() const { return std::nullopt; }
    // Whether the guest watches accesses of this kind, `mmu_index` as in ir::MemoryAccess.
    [[nodiscard]] virtual bool watches_accesses(u8 /*mmu_index*/) const { return true; }
    // The instruction has accessed bytes that are watched. It may still fault, and then it hasn't.
    virtual void note_access(u64 /*address*/, u64 /*size_bytes*/, bool /*write*/) {}

    // ---- guests that get nowhere: see cpu/cpu.hpp
    [[nodiscard]] virtual HandlerReturn last_return() const = 0;
    [[nodiscard]] virtual Standstill standstill() const = 0;
    [[nodiscard]] virtual bool shut_down() const { return false; }
    [[nodiscard]] virtual StuckAnswer explain_stuck(const StuckQuestion& question) = 0;

    // ---- debugging
    // Outside of translated code only. After a write the engine must look at the state anew, as after restored().
    [[nodiscard]] virtual DebugView& debug_view() = 0;
};

} // namespace orrery
