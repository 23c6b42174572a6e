#include "jit/baseline/baseline.hpp"

#include <atomic>

#include "jit/baseline/block_emitter.hpp"

namespace orrery::jit {

using baseline::BlockEmitter;
using baseline::Layout;
using baseline::ThunkEmitter;
using baseline::Thunks;

struct Baseline::Implementation {
    Implementation(const ir::GuestDescription& guest, u32 state_offset_bytes, CodeBuffer& code)
        : layout(guest, state_offset_bytes), buffer(code) {}

    void write_displacement(const CompiledBlock& block, const LinkSite& site, i32 value) {
        auto* place = reinterpret_cast<i32*>(buffer.writable(block.code + site.displacement_offset));
        std::atomic_ref(*place).store(value, std::memory_order_release);
    }

    const Layout layout;
    CodeBuffer& buffer;
    Thunks thunks;
    u64 thunk_bytes = 0;
    std::unique_ptr<BlockEmitter> emitter;
};

Baseline::Baseline(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Baseline::~Baseline() = default;

Result<std::unique_ptr<Baseline>> Baseline::create(const ir::GuestDescription& guest, u32 state_offset_bytes,
                                                   CodeBuffer& buffer, bool counting) {
#if !defined(__x86_64__)
    return error("translated code needs an x86-64 host; use --engine interp");
#endif
    ORRERY_ASSERT(guest.slots.size() <= baseline::slot_limit, "guests have no more slots");
    auto made = std::make_unique<Implementation>(guest, state_offset_bytes, buffer);
    u8* const begin = buffer.writable();
    x64::Assembler assembler(begin, begin + buffer.left_bytes());
    made->thunks = ThunkEmitter(made->layout, guest, assembler).emit();
    if (assembler.failed()) return error("{} bytes are too few for translated code", buffer.left_bytes());
    u8* const code = buffer.commit(assembler.size());
    made->thunks.enter = reinterpret_cast<void (*)(Context*, const u8*)>(reinterpret_cast<std::uintptr_t>(code));
    made->thunk_bytes = buffer.used_bytes();
    made->emitter = std::make_unique<BlockEmitter>(made->layout, made->thunks, guest, counting);
    return std::unique_ptr<Baseline>(new Baseline(std::move(made)));
}

std::unique_ptr<CompiledBlock> Baseline::compile(const ir::Block& block, Listing* listing) {
    CodeBuffer& buffer = implementation_->buffer;
    auto compiled = std::make_unique<CompiledBlock>();
    u8* const begin = buffer.writable();
    implementation_->emitter->emit(block, begin, begin + buffer.left_bytes(), *compiled, listing);
    if (compiled->code_size == 0) return nullptr;
    compiled->code = buffer.commit(compiled->code_size);
    return compiled;
}

void Baseline::reset() { implementation_->buffer.rewind(implementation_->thunk_bytes); }

#if defined(__clang__)
// The sanitizer would read the function's type from the bytes before its code.
[[clang::no_sanitize("function")]]
#endif
void Baseline::enter(Context& context, const u8* code) const {
    implementation_->thunks.enter(&context, code);
}

void Baseline::link(CompiledBlock& from, LinkSite& site, CompiledBlock& target) {
    const i64 distance = target.code - (from.code + site.displacement_offset + 4);
    implementation_->write_displacement(from, site, static_cast<i32>(distance));
    site.target = &target;
}

void Baseline::unlink(CompiledBlock& from, LinkSite& site) {
    implementation_->write_displacement(from, site, static_cast<i32>(site.unlinked_displacement));
    site.target = nullptr;
}

} // namespace orrery::jit
