#include "machine/loader/linux_x86.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "machine/loader/byte_view.hpp"

namespace orrery {
namespace {

using namespace x86_boot;

// boot.rst, "The Real-Mode Kernel Header": offsets in the file and, from setup_sects on, in the boot parameters too.
namespace field {
constexpr u64 setup_sects = 0x1f1; // byte
constexpr u64 syssize = 0x1f4;     // word, in paragraphs of 16 bytes
constexpr u64 boot_flag = 0x1fe;   // half
constexpr u64 jump_length = 0x201; // byte: the header ends this far behind 0x202
constexpr u64 signature = 0x202;
constexpr u64 version = 0x206;            // half
constexpr u64 type_of_loader = 0x210;     // byte
constexpr u64 loadflags = 0x211;          // byte
constexpr u64 code32_start = 0x214;       // word
constexpr u64 ramdisk_image = 0x218;      // word
constexpr u64 ramdisk_size = 0x21c;       // word
constexpr u64 cmd_line_ptr = 0x228;       // word
constexpr u64 initrd_addr_max = 0x22c;    // word
constexpr u64 kernel_alignment = 0x230;   // word
constexpr u64 relocatable_kernel = 0x234; // byte
constexpr u64 xloadflags = 0x236;         // half, 2.12
constexpr u64 cmdline_size = 0x238;       // word
constexpr u64 setup_data = 0x250;         // dword, 2.09
constexpr u64 pref_address = 0x258;       // dword, 2.10
constexpr u64 init_size = 0x260;          // word, 2.10
} // namespace field

// Linux, Documentation/arch/x86/zero-page.rst: what else the boot parameters hold.
namespace parameter {
constexpr u64 video_mode = 0x006;    // byte; these are struct screen_info
constexpr u64 video_columns = 0x007; // byte
constexpr u64 video_ega_bx = 0x00a;  // half
constexpr u64 video_lines = 0x00e;   // byte
constexpr u64 video_is_vga = 0x00f;  // byte
constexpr u64 video_points = 0x010;  // half
constexpr u64 video_width = 0x012;   // half, as are height and depth
constexpr u64 video_height = 0x014;
constexpr u64 video_depth = 0x016;
constexpr u64 video_base = 0x018;        // word
constexpr u64 video_size = 0x01c;        // word, of 64 KiB
constexpr u64 video_line_length = 0x024; // half
constexpr u64 video_colors = 0x026;      // size and position of red, green, blue and nothing, a byte each
constexpr u64 video_attributes = 0x034;  // half
constexpr u8 video_linear = 0x23;        // in video_is_vga: VIDEO_TYPE_VLFB
constexpr u64 acpi_rsdp_addr = 0x070;    // dword
constexpr u64 ext_ramdisk_image = 0x0c0;
constexpr u64 ext_ramdisk_size = 0x0c4;
constexpr u64 e820_entries = 0x1e8; // byte
constexpr u64 e820_table = 0x2d0;
constexpr u64 e820_entry_bytes = 20;
constexpr u64 e820_most = 128;
constexpr u64 bytes = 4096;
} // namespace parameter

constexpr u64 sector_bytes = 512;
constexpr u64 smallest_file = 0x264;    // as far as the header reaches
constexpr u64 header_end_limit = 0x290; // what lies behind it in the boot parameters is not the header's
constexpr u16 oldest_version = 0x206;   // Linux 2.6.22
constexpr u8 flag_loaded_high = 1 << 0;
constexpr u16 xflag_kernel_64 = 1 << 0;
constexpr u16 xflag_above_4g = 1 << 1;
constexpr u64 entry_64_offset = 0x200;
constexpr u8 unknown_loader = 0xff;
constexpr u64 high_memory = MiB;
constexpr u32 setup_data_seed = 9;  // SETUP_RNG_SEED
constexpr u64 initrd_alignment = 4; // of each archive in the initrd: early-userspace/buffer-format.rst

class LinuxPlanner {
public:
    explicit LinuxPlanner(X86BootRequest request)
        : request_(std::move(request)), file_(request_.kernel), layout_(request_.memory) {}

    Result<X86BootPlan> plan() {
        TRY_STATUS(check_header());
        TRY_STATUS(place_kernel());
        TRY_STATUS(start_parameters());
        TRY_STATUS(place_command_line());
        TRY_STATUS(place_seed());
        TRY_STATUS(place_initrd());
        TRY_STATUS(list_memory());
        describe_screen();
        put(parameter::acpi_rsdp_addr, request_.rsdp_address);
        plan_.entry.rsi = TRY(place(plan_, layout_, std::move(parameters_), page_bytes, "its boot parameters"));
        TRY_STATUS(has_64_bit_entry() ? prepare_long_mode(plan_, layout_) : prepare_protected_mode(plan_, layout_));
        return std::move(plan_);
    }

private:
    [[nodiscard]] u16 version() const { return file_.half(field::version); }
    [[nodiscard]] bool is_relocatable() const { return file_.number<u8>(field::relocatable_kernel) != 0; }
    [[nodiscard]] u16 xloadflags() const { return version() >= 0x20c ? file_.half(field::xloadflags) : u16{0}; }
    [[nodiscard]] bool has_64_bit_entry() const { return (xloadflags() & xflag_kernel_64) != 0; }
    [[nodiscard]] u64 setup_bytes() const {
        const u8 sectors = file_.number<u8>(field::setup_sects);
        return (u64{sectors == 0 ? u8{4} : sectors} + 1) * sector_bytes;
    }

    Status check_header() {
        if (!file_.has(0, smallest_file) || !file_.holds(field::signature, "HdrS"))
            return error("is cut short within its header; fetch or copy it again");
        if (file_.half(field::boot_flag) != 0xaa55)
            return error("is damaged: its header has no boot sector's mark; fetch or copy it again");
        if (version() < oldest_version)
            return error("is too old to be started directly (boot protocol {}.{:02}, at least 2.06 is needed); start "
                         "it from a disk with its boot loader",
                         version() >> 8, version() & 0xff);
        if ((file_.number<u8>(field::loadflags) & flag_loaded_high) == 0)
            return error("is a zImage, which is loaded below 1 MiB; start it from a disk with its boot loader");
        return check_size();
    }

    // The image ends where syssize says; what follows, such as a signature, is not loaded.
    Status check_size() {
        const u64 paragraphs = file_.word(field::syssize);
        const u64 setup = setup_bytes();
        // The last paragraph may be incomplete.
        if (setup >= file_.size() || paragraphs * 16 >= file_.size() - setup + 16)
            return error("is cut short: {} bytes of {}; fetch or copy it again", file_.size(), setup + paragraphs * 16);
        if (paragraphs * 16 <= entry_64_offset) return error("is damaged: it has no code; fetch or copy it again");
        image_bytes_ = std::min(paragraphs * 16, file_.size() - setup);
        memory_bytes_ = std::max<u64>(image_bytes_, version() >= 0x20a ? file_.word(field::init_size) : 0);
        return {};
    }

    // Where the kernel likes best to lie, or, if that isn't free and the kernel doesn't insist, somewhere else.
    Status place_kernel() {
        const u64 preferred = version() >= 0x20a ? file_.dword(field::pref_address) : file_.word(field::code32_start);
        std::optional<u64> address;
        if (preferred <= four_gib && memory_bytes_ <= four_gib - preferred && layout_.claim(preferred, memory_bytes_))
            address = preferred;
        if (!address && is_relocatable()) {
            const u32 alignment = file_.word(field::kernel_alignment);
            if (!std::has_single_bit(alignment))
                return error("is damaged: it asks for an alignment of {:#x}, which is no power of two; fetch or copy "
                             "it again",
                             alignment);
            address = layout_.claim_lowest(memory_bytes_, alignment, high_memory, four_gib);
        }
        if (!address)
            return error("needs {} bytes of memory {}{:#x}, which the guest has not; give it more with --memory",
                         memory_bytes_, is_relocatable() ? "above " : "at ",
                         is_relocatable() ? high_memory : preferred);
        const auto image = file_.part(setup_bytes(), image_bytes_);
        plan_.segments.push_back({*address, {image.begin(), image.end()}, memory_bytes_});
        plan_.entry.rip = *address + (has_64_bit_entry() ? entry_64_offset : 0);
        return {};
    }

    // The kernel's own header, and what a loader says of itself.
    Status start_parameters() {
        const u64 end = field::signature + file_.number<u8>(field::jump_length);
        if (end < smallest_file && version() >= 0x20a)
            return error("is damaged: its header ends at {:#x}, too early for its version; fetch or copy it again",
                         end);
        const auto header = file_.part(field::setup_sects, std::min(end, header_end_limit) - field::setup_sects);
        if (header.empty()) return error("is cut short within its header; fetch or copy it again");
        std::memcpy(parameters_.data() + field::setup_sects, header.data(), header.size());
        put(field::type_of_loader, unknown_loader);
        put(field::code32_start, static_cast<u32>(plan_.segments.front().address));
        return {};
    }

    Status place_command_line() {
        const std::string& line = request_.command_line;
        if (const u32 most = file_.word(field::cmdline_size); line.size() > most)
            return error("takes a command line of at most {} characters, and was given {}; shorten it", most,
                         line.size());
        put(field::cmd_line_ptr, static_cast<u32>(TRY(place_text(plan_, layout_, line))));
        return {};
    }

    // A list of one: struct setup_data {u64 next; u32 type; u32 len; u8 data[];}. It is put before what the kernel's
    // file names there, which is nothing.
    Status place_seed() {
        if (request_.random_seed.empty() || version() < 0x209) return {};
        const u64 next = 0;
        const u32 length = static_cast<u32>(request_.random_seed.size());
        std::vector<u8> bytes(16);
        std::memcpy(bytes.data(), &next, 8);
        std::memcpy(bytes.data() + 8, &setup_data_seed, 4);
        std::memcpy(bytes.data() + 12, &length, 4);
        bytes.insert(bytes.end(), request_.random_seed.begin(), request_.random_seed.end());
        put(field::setup_data, TRY(place(plan_, layout_, std::move(bytes), page_bytes, "its random seed")));
        return {};
    }

    Status place_initrd() {
        std::vector<u8> initrd = join_modules();
        if (initrd.empty()) return {};
        const u64 size = initrd.size();
        const u64 ceiling = u64{file_.word(field::initrd_addr_max)} + 1;
        auto address = layout_.claim_highest(size, page_bytes, high_memory, ceiling);
        if (!address && (xloadflags() & xflag_above_4g) != 0)
            address = layout_.claim_highest(size, page_bytes, high_memory, ~u64{0});
        if (!address)
            return error("leaves no room for the initrd: it has {} bytes; give the guest more with --memory", size);
        plan_.segments.push_back({*address, std::move(initrd), size});
        put(field::ramdisk_image, static_cast<u32>(*address));
        put(field::ramdisk_size, static_cast<u32>(size));
        put(parameter::ext_ramdisk_image, static_cast<u32>(*address >> 32));
        put(parameter::ext_ramdisk_size, static_cast<u32>(size >> 32));
        return {};
    }

    std::vector<u8> join_modules() {
        if (request_.modules.size() == 1) return std::move(request_.modules.front().bytes);
        std::vector<u8> initrd;
        for (const X86BootModule& module : request_.modules) {
            initrd.resize((initrd.size() + initrd_alignment - 1) / initrd_alignment * initrd_alignment);
            initrd.insert(initrd.end(), module.bytes.begin(), module.bytes.end());
        }
        return initrd;
    }

    Status list_memory() {
        if (request_.memory.size() > parameter::e820_most)
            return error("can be told of {} ranges of memory, and this machine has {}; give the machine fewer",
                         parameter::e820_most, request_.memory.size());
        u64 at = parameter::e820_table;
        for (const MemoryRange& range : request_.memory) {
            put(at, range.first);
            put(at + 8, range.size_bytes);
            put(at + 16, static_cast<u32>(range.type));
            at += parameter::e820_entry_bytes;
        }
        put(parameter::e820_entries, static_cast<u8>(request_.memory.size()));
        return {};
    }

    // What setup code would have found out by int 10h in mode 3.
    void describe_screen() {
        if (request_.screen && !wants_text()) return describe_frame_buffer(*request_.screen);
        if (!request_.vga_text) return;
        put(parameter::video_mode, u8{3});
        put(parameter::video_columns, u8{80});
        put(parameter::video_ega_bx, u16{3}); // 256 KiB of video memory
        put(parameter::video_lines, u8{25});
        put(parameter::video_is_vga, u8{1});
        put(parameter::video_points, u16{16});
    }

    // Linux, Documentation/fb/vesafb.rst: text is what a boot loader gives to those who ask it for this.
    [[nodiscard]] bool wants_text() const {
        const std::string line = " " + request_.command_line + " ";
        return line.find(" vga=normal ") != std::string::npos;
    }

    void describe_frame_buffer(const X86Screen& screen) {
        constexpr u16 color_graphics_mode = 0x9b; // VBE 3.0, mode attributes: has a linear frame buffer, isn't a VGA's
        put(parameter::video_is_vga, parameter::video_linear);
        put(parameter::video_width, screen.columns);
        put(parameter::video_height, screen.rows);
        put(parameter::video_depth, u16{32});
        put(parameter::video_base, static_cast<u32>(screen.address));
        put(parameter::video_size, screen.memory_bytes / (64 * static_cast<u32>(KiB)));
        put(parameter::video_line_length, static_cast<u16>(4 * screen.columns));
        put(parameter::video_colors, u64{0x1808'0008'0808'1008}); // 8 bits each, red from bit 16 on
        put(parameter::video_attributes, color_graphics_mode);
        plan_.entry.frame_buffer_shown = true;
    }

    template <typename T> void put(u64 at, T value) { std::memcpy(parameters_.data() + at, &value, sizeof value); }

    X86BootRequest request_;
    ByteView file_;
    MemoryLayout layout_;
    X86BootPlan plan_;
    std::vector<u8> parameters_ = std::vector<u8>(parameter::bytes);
    u64 image_bytes_ = 0;
    u64 memory_bytes_ = 0;
};

} // namespace

Result<X86BootPlan> plan_linux_x86(X86BootRequest request) { return LinuxPlanner(std::move(request)).plan(); }

} // namespace orrery
