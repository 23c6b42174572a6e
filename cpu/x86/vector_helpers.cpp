// What translated code calls for vectors: runs the kernels of vector.hpp on registers, and MMX's side of the x87 unit.
#include "cpu/x86/floating_environment.hpp"
#include "cpu/x86/helper_call.hpp"
#include "cpu/x86/helpers.hpp"
#include "cpu/x86/saved_state.hpp"
#include "cpu/x86/vector_places.hpp"

namespace orrery::x86 {
namespace {

struct Sources {
    Vector a, b, c;
    Sources(const State& state, const VectorRequest& request)
        : a(read_place(state, request.a)), b(read_place(state, request.b)), c(read_place(state, request.c)) {}
    [[nodiscard]] KernelOperands with(u64 immediate) const {
        return {.a = a, .b = b, .c = c, .immediate = static_cast<u32>(immediate)};
    }
};

bool has_mmx(const VectorRequest& request) {
    return vector_place::is_mmx(request.destination) || vector_place::is_mmx(request.a) ||
           vector_place::is_mmx(request.b);
}

// Bits 127:0 of what a vector instruction yields, and those above where it has them.
struct Result {
    Vector lower{};
    Vector upper{};
};

// A kernel with its operands, for both halves where there are two.
class Computation {
public:
    Computation(Kernel kernel, const State& state, const VectorRequest& request, u64 immediate)
        : kernel_(kernel), shape_(request.shape), lower_(state, request), immediate_(immediate) {
        if (shape_ == Shape::single) return;
        VectorRequest upper = request;
        for (u8* place : {&upper.a, &upper.b, &upper.c}) *place = vector_place::upper(*place);
        upper_.emplace(state, upper);
        if (shape_ == Shape::widening) upper_->b = {lower_.b[1], 0};
    }
    [[nodiscard]] Result run(u64 more = 0) const {
        Result result{.lower = kernel_(lower_.with(immediate_ | more))};
        if (shape_ == Shape::single) return result;
        result.upper = kernel_(upper_->with(immediate_ | more));
        if (shape_ == Shape::narrowing) result = {.lower = {result.lower[0], result.upper[0]}};
        return result;
    }

private:
    Kernel kernel_;
    Shape shape_;
    Sources lower_;
    std::optional<Sources> upper_;
    u64 immediate_;
};

// What a computation gives, and the flags of MXCSR that it raises, with all of them masked.
struct Computed {
    Result result;
    u32 raised;
};
Computed compute(const Computation& computation, u32 control, u64 more = 0) {
    // Loading MXCSR is slow.
    const u32 wanted = (control & ~mxcsr::flags) | mxcsr::masks;
    if (x86::read_mxcsr() != wanted) write_mxcsr(wanted);
    const Result result = computation.run(more);
    const u32 after = x86::read_mxcsr();
    if (after != mxcsr::host_default) write_mxcsr(mxcsr::host_default);
    return {result, after & mxcsr::flags};
}

// SDM 1, 11.5.2 and 11.5.3. What would be an unmasked exception raises it and has no result; one that is found before
// computing keeps those from being found that computing shows.
// Where overflow or underflow is unmasked, whether it was inexact besides is what the masked result shows, too.
constexpr u32 before_computing = mxcsr::invalid | mxcsr::denormal | mxcsr::divide_by_zero;
u32 unmasked_of(u32 raised, u32 control) { return raised & ~(control >> mxcsr::mask_shift); }

// Unmasked, underflow is any tiny result, also an exact one (SDM 1, 4.9.1.5): flushing shows them.
u32 underflow_of(const Computation& computation, u32 control) {
    if ((control & mxcsr::underflow << mxcsr::mask_shift) != 0) return 0;
    return compute(computation, control | mxcsr::flush_to_zero, shows_exact_underflow).raised & mxcsr::underflow;
}

} // namespace

namespace helper {

u64 packed(void* self, u64 packed, u64 immediate, u64) {
    State& state = core_of(self).state();
    const VectorRequest request = VectorRequest::unpack(packed);
    const FoundKernel& found = kernel_of(request.op);
    const bool mmx = has_mmx(request);
    const Vector result = (mmx ? found.mmx : found.kernel)(Sources(state, request).with(immediate));
    if (mmx) enter_mmx(state.x87);
    write_place(state, request.destination, result);
    return result[0];
}

u64 packed_value(void* self, u64 request, u64 immediate, u64) { return packed(self, request, immediate, 0); }

u64 floating(void* self, u64 packed, u64 immediate, u64) {
    Core& core = core_of(self);
    State& state = core.state();
    const VectorRequest request = VectorRequest::unpack(packed);
    const Kernel kernel = kernel_of(request.op).kernel;
    const auto control = static_cast<u32>(state.mxcsr);
    // Flushing goes with masked underflow only (SDM 1, 10.2.3.3).
    const bool flushes = (control & mxcsr::underflow << mxcsr::mask_shift) != 0;
    const u32 used = flushes ? control : control & ~mxcsr::flush_to_zero;
    const Computation computation(kernel, state, request, immediate);
    // Processors leave x87 mode before they find an exception.
    if (has_mmx(request)) enter_mmx(state.x87);
    auto [result, raised] = compute(computation, used);
    raised |= underflow_of(computation, control);
    if (unmasked_of(raised, control) != 0) {
        if (unmasked_of(raised & before_computing, control) != 0) raised &= before_computing;
        state.mxcsr |= raised;
        return raise(core, exception((state.cr4 & cr4::osxmmexcpt) != 0 ? vector::xm : vector::ud));
    }
    state.mxcsr |= raised;
    write_place(state, request.destination, result.lower);
    if (request.shape == Shape::both || request.shape == Shape::widening)
        write_place(state, vector_place::upper(request.destination), result.upper);
    return result.lower[0];
}

u64 check_vector_alignment(void* self, u64 linear, u64 size, u64) {
    return linear % size == 0 ? 0 : raise(core_of(self), general_protection());
}

// Stores of one instruction to two pages: nothing is written unless all can be.
u64 check_store(void* self, u64 linear, u64 size, u64) {
    if ((linear ^ (linear + size - 1)) < page_size) return 0;
    Core& core = core_of(self);
    const auto writable = core.check_writable(linear, size);
    return writable ? 0 : raise(core, writable.error());
}

u64 read_mmx(void* self, u64 number, u64, u64) { return core_of(self).state().x87.registers[number].significand; }
u64 write_mmx(void* self, u64 number, u64 value, u64) {
    X87& x87 = core_of(self).state().x87;
    enter_mmx(x87);
    x86::write_mmx(x87, number, value);
    return 0;
}
u64 enter_mmx(void* self, u64, u64, u64) {
    x86::enter_mmx(core_of(self).state().x87);
    return 0;
}
u64 leave_mmx(void* self, u64, u64, u64) {
    x86::leave_mmx(core_of(self).state().x87);
    return 0;
}

u64 load_mxcsr(void* self, u64 value, u64, u64) {
    Core& core = core_of(self);
    if ((value & ~u64{mxcsr::known}) != 0) return raise(core, general_protection());
    core.state().mxcsr = value;
    return 0;
}

u64 read_mxcsr(void* self, u64, u64, u64) { return core_of(self).state().mxcsr; }

// SDM 2, CRC32: Castagnoli's polynomial, bits reflected.
u64 crc32(void*, u64 checksum, u64 data, u64 size) {
    constexpr auto table = [] {
        constexpr u32 polynomial = 0x82f6'3b78;
        std::array<u32, 256> remainders{};
        for (u32 i = 0; i < remainders.size(); ++i) {
            u32 value = i;
            for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
            remainders[i] = value;
        }
        return remainders;
    }();
    auto sum = static_cast<u32>(checksum);
    for (u64 i = 0; i < size; ++i) sum = sum >> 8 ^ table[(sum ^ data >> (8 * i)) & 0xff];
    return sum;
}

namespace {

// `packed`: see helpers.def.
u64 save(void* self, Faulting<void> (*function)(Core&, const SaveRequest&), u64 linear, u64 packed) {
    Core& core = core_of(self);
    const auto& r = core.state().r;
    const SaveRequest request{.linear = linear,
                              .wide = (packed & 1) != 0,
                              .code64 = core.code64(),
                              .optimised = (packed & 2) != 0,
                              .components = (r[gpr::rax] & mask(Size::dword)) | r[gpr::rdx] << 32};
    const auto done = function(core, request);
    return done ? 0 : raise(core, done.error());
}

} // namespace

u64 fxsave(void* self, u64 linear, u64 packed, u64) { return save(self, x86::fxsave, linear, packed); }
u64 fxrstor(void* self, u64 linear, u64 packed, u64) { return save(self, x86::fxrstor, linear, packed); }
u64 xsave(void* self, u64 linear, u64 packed, u64) { return save(self, x86::xsave, linear, packed); }
u64 xrstor(void* self, u64 linear, u64 packed, u64) { return save(self, x86::xrstor, linear, packed); }

} // namespace helper

} // namespace orrery::x86
