#include "app/run_options.hpp"

#include <limits>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "app/values.hpp"
#include "machine/fabric/log.hpp"

namespace orrery::app {
namespace {

constexpr std::string_view default_gdb_address = "127.0.0.1:1234";
constexpr u64 any_number = std::numeric_limits<u64>::max();

// The value, or its error with the option's name in front.
template <typename T> Result<T> at(std::string_view option, Result<T> value) {
    if (!value) return std::unexpected(value.error().in(option));
    return value;
}

std::optional<std::string> if_given(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

Result<EngineChoice> parse_engine(const std::string& text) {
    if (text == "auto") return EngineChoice::automatic;
    if (text == "jit") return EngineChoice::translator;
    if (text == "interp") return EngineChoice::interpreter;
    if (text == "kvm") return EngineChoice::kvm;
    return error("there is no engine '{}'; the engines are auto, kvm, jit and interp", text);
}

Result<kvm::Irqchip> parse_irqchip(const std::string& text) {
    if (text == "user") return kvm::Irqchip::user;
    if (text == "split") return kvm::Irqchip::split;
    return error("there is no '{}'; expected user or split", text);
}

Result<OnStuck> parse_on_stuck(const std::string& text) {
    if (text == "report") return OnStuck::report;
    if (text == "exit") return OnStuck::exit;
    if (text == "ignore") return OnStuck::ignore;
    return error("there is no '{}'; expected report, exit or ignore", text);
}

Result<u64> parse_memory(const std::string& text, const Board& board) {
    const u64 size = TRY(parse_size(text));
    if (size < board.least_memory || size > board.most_memory) {
        const bool unit_forgotten = size < MiB && text.find_first_not_of("0123456789") == std::string::npos;
        return error("{} is out of range; {} takes {} to {}{}", size_text(size), board.name,
                     size_text(board.least_memory), size_text(board.most_memory),
                     unit_forgotten && size != 0 ? fmt::format(" (was {}M meant?)", text) : "");
    }
    if (size % page_size != 0) return error("{} is no multiple of {}", size_text(size), size_text(page_size));
    return size;
}

Result<std::string> parse_serial(const std::string& text) {
    for (const std::string_view prefix : {"file:", "unix:"})
        if (text.starts_with(prefix)) {
            if (text.size() == prefix.size()) return error("'{}' needs a path after the colon", text);
            return text;
        }
    if (text == "stdio" || text == "none" || text == "pty") return text;
    return error("'{}' is no place for a serial port; expected stdio, none, file:PATH, unix:PATH or pty", text);
}

Result<VirtioTransportKind> parse_virtio(const std::string& text) {
    if (text == "pci") return VirtioTransportKind::pci;
    if (text == "mmio") return VirtioTransportKind::mmio;
    return error("'{}' is no transport; expected pci or mmio", text);
}

// [NAME][,+FEATURE], each part at most once.
Status parse_cpu(const std::string& text, BoardOptions& board) {
    constexpr std::string_view clock = "+kvmclock";
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view word = rest.substr(0, rest.find(','));
        if (word == clock && !board.paravirtual_clock)
            board.paravirtual_clock = true;
        else if (rest.size() == text.size() && !word.empty() && word[0] != '+')
            board.cpu_model = word;
        else
            return error("'{}' is no part of it; expected [NAME][,{}]", word, clock);
        rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    }
    return {};
}

// "none" or "sdl[,full-screen][,scale=N]".
Result<std::optional<WindowOptions>> parse_display(const std::string& text) {
    constexpr u64 largest_scale = 8;
    constexpr std::string_view scale = "scale=";
    if (text == "none") return std::nullopt;
    WindowOptions window;
    for (std::size_t at = 0, number = 0; at <= text.size(); ++number) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        const std::string word = text.substr(at, end - at);
        at = end + 1;
        if (number == 0 && word != "sdl") return error("there is no display '{}'; expected none or sdl", word);
        if (word == "full-screen")
            window.full_screen = true;
        else if (word.starts_with(scale))
            window.scale = static_cast<u32>(TRY(parse_number(word.substr(scale.size()), 1, largest_scale)));
        else if (number != 0)
            return error("'{}' is no part of it; expected sdl[,full-screen][,scale=N]", word);
    }
    return window;
}

// KIND…[,menu[=SECONDS]]
Result<BootOptions> parse_boot(const std::string& text) {
    constexpr std::pair<std::string_view, BootKind> kinds[] = {
        {"floppy", BootKind::floppy}, {"disk", BootKind::disk}, {"cdrom", BootKind::cdrom}, {"net", BootKind::net}};
    constexpr u64 menu_seconds = 5, most_menu_seconds = 60;
    BootOptions options;
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view word = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), word.size() + 1));
        const auto kind = std::ranges::find(kinds, word, &std::pair<std::string_view, BootKind>::first);
        if (kind != std::end(kinds)) {
            options.order.push_back(kind->second);
        } else if (word == "menu") {
            options.menu_wait_ms = menu_seconds * 1000;
        } else if (word.starts_with("menu=")) {
            const u64 seconds = TRY(parse_number(std::string(word.substr(5)), 0, most_menu_seconds));
            options.menu_wait_ms = static_cast<u16>(seconds * 1000);
        } else {
            return error("'{}' is nothing to boot from; expected floppy, disk, cdrom, net and menu[=SECONDS], with "
                         "commas between them",
                         word);
        }
    }
    return options;
}

Status parse_machine_options(const RunArguments& arguments, RunPlan& plan) {
    plan.machine = find_board(arguments.machine);
    if (!plan.machine)
        return error("--machine: there is no machine '{}'; `orrery list machines` shows them all", arguments.machine);
    BoardOptions& board = plan.board;
    plan.engine = TRY(at("--engine", parse_engine(arguments.engine)));
    plan.force_engine = arguments.force;
    if (plan.engine == EngineChoice::kvm && !plan.machine->runs_on_kvm)
        return error("--engine kvm: {} has CPUs of another kind than this host, which KVM can't run; use --engine jit",
                     plan.machine->name);
    if (plan.force_engine && plan.engine != EngineChoice::kvm)
        return error("--force has a meaning with --engine kvm only; leave it out");
    board.kvm_irqchip = TRY(at("--kvm-irqchip", parse_irqchip(arguments.kvm_irqchip)));
    if (board.kvm_irqchip == kvm::Irqchip::split && plan.engine != EngineChoice::kvm)
        return error("--kvm-irqchip split has a meaning with --engine kvm only; leave it out");
    board.kvm_ioeventfd = arguments.kvm_ioeventfd;
    if (board.kvm_ioeventfd && plan.engine != EngineChoice::kvm)
        return error("--kvm-ioeventfd has a meaning with --engine kvm only; leave it out");
    board.cpus = static_cast<u32>(TRY(at("--cpus", parse_number(arguments.cpus, 1, plan.machine->most_cpus))));
    board.memory_bytes = TRY(at("--memory", parse_memory(arguments.memory, *plan.machine)));
    for (const std::string& disk : arguments.disks) board.disks.push_back(TRY(at("--disk", parse_disk_options(disk))));
    TRY_STATUS(at("--cpu", parse_cpu(arguments.cpu, board)));
    board.cdroms = arguments.cdroms;
    board.floppies = arguments.floppies;
    board.boot = TRY(at("--boot", parse_boot(arguments.boot)));
    board.network = TRY(at("--net", parse_network_options(arguments.net)));
    board.serial = TRY(at("--serial", parse_serial(arguments.serial)));
    board.virtio = TRY(at("--virtio", parse_virtio(arguments.virtio)));
    if (!arguments.virtio_console.empty())
        board.virtio_console = TRY(at("--virtio-console", parse_serial(arguments.virtio_console)));
    if (board.virtio_console == "stdio" && board.serial == "stdio")
        return error("--virtio-console: stdio is taken by the serial port; give that another place with --serial");
    board.debug_console = TRY(at("--debug-console", parse_serial(arguments.debug_console)));
    if (board.debug_console == "stdio" && (board.serial == "stdio" || board.virtio_console == "stdio"))
        return error("--debug-console: stdio is taken by another console; give that another place");
    for (const std::string& flash : arguments.flash) {
        board.flash.push_back(TRY(at("--flash", parse_disk_options(flash))));
        if (board.flash.back().attachment != DiskAttachment::board)
            return error("--flash {}: a flash bank is no disk, and takes only ',readonly' and ',snapshot'", flash);
    }
    plan.window = TRY(at("--display", parse_display(arguments.display)));
    if (arguments.headless) plan.window.reset();
    board.deterministic = arguments.deterministic;
    if (!arguments.timeout.empty()) board.timeout_ns = TRY(at("--timeout", parse_seconds(arguments.timeout)));
    if (!arguments.seed.empty()) board.seed = TRY(at("--seed", parse_number(arguments.seed, 0, any_number)));
    return {};
}

void take_files(const RunArguments& arguments, RunPlan& plan) {
    BoardOptions& board = plan.board;
    board.bios_none = arguments.bios == "none";
    if (!board.bios_none) board.bios = if_given(arguments.bios);
    board.kernel = if_given(arguments.kernel);
    board.initrd = if_given(arguments.initrd);
    board.device_tree = if_given(arguments.device_tree);
    board.kernel_arguments = arguments.append;
    plan.image = if_given(arguments.image);
    plan.save = if_given(arguments.save);
    plan.restore = if_given(arguments.restore);
}

Status parse_snapshot_options(const RunArguments& arguments, RunPlan& plan) {
    if (!arguments.save_at.empty()) plan.save_at = TRY(at("--save-at", parse_number(arguments.save_at, 1, any_number)));
    if (!arguments.hash_every.empty())
        plan.hash_every = TRY(at("--hash-every", parse_number(arguments.hash_every, 1, any_number)));
    if (plan.save_at && !plan.save) return error("--save-at: also needs --save FILE, where to save");
    if (plan.save_at && !arguments.deterministic)
        return error(
            "--save-at: an exact instruction needs --deterministic; without it --save FILE saves when you quit");
    if (plan.hash_every && !arguments.deterministic)
        return error("--hash-every: an exact instruction needs --deterministic");
    if (!arguments.seed.empty() && !arguments.deterministic)
        return error("--seed: has a meaning only with --deterministic");
    return {};
}

Status parse_debug_options(const RunArguments& arguments, RunPlan& plan) {
    plan.gdb = if_given(arguments.gdb);
    constexpr std::string_view any_architecture = ",architecture=any";
    if (plan.gdb && plan.gdb->ends_with(any_architecture)) {
        plan.gdb_any_architecture = true;
        plan.gdb->resize(plan.gdb->size() - any_architecture.size());
    }
    plan.on_stuck = TRY(at("--on-stuck", parse_on_stuck(arguments.on_stuck)));
    // A debugger's user looks himself, and may mend it.
    plan.board.stop_when_stuck = plan.on_stuck != OnStuck::ignore && !plan.gdb;
    plan.board.record_transfers = arguments.record_transfers;
    plan.monitor = if_given(arguments.monitor);
    plan.paused = arguments.paused;
    const bool has_prompt = plan.board.serial == "stdio" && ::isatty(STDIN_FILENO) == 1;
    if (plan.paused && !plan.gdb && !plan.monitor && !has_prompt)
        return error("--paused: also needs --gdb, --monitor or a terminal, or nobody could make the guest go on");
    if (plan.gdb && (plan.save_at || plan.hash_every))
        return error(
            "--gdb: a debugger stops the guest where it likes, so --save-at and --hash-every can't be had with it");
    return {};
}

Status parse_trace_options(const RunArguments& arguments, RunPlan& plan) {
    plan.trace_file = if_given(arguments.trace_file);
    plan.trace = arguments.trace;
    const trace::Arguments& trace = plan.trace;
    const trace::OptionNames options;
    for (const auto& [option, given] :
         {std::pair{options.what, &trace.what}, std::pair{options.code, &trace.code},
          std::pair{options.data, &trace.data}, std::pair{options.privileges, &trace.privileges},
          std::pair{options.devices, &trace.devices}})
        if (!given->empty() && !plan.trace_file)
            return error("{}: also needs --trace-file FILE, where the trace goes", option);
    if (const auto request = trace::parse_request(trace, options); !request) return std::unexpected(request.error());
    return {};
}

Status check_together(const RunPlan& plan) {
    const BoardOptions& board = plan.board;
    const bool kernel_possible = board.kernel || plan.image;
    if (board.bios_none && !kernel_possible) return error("--bios none: also needs a program, with --kernel FILE");
    const bool disk_possible = !board.disks.empty() || !board.cdroms.empty() || !board.floppies.empty();
    if (plan.machine->starts_disks && !board.bios && board.flash.empty() && !kernel_possible && !disk_possible)
        return error("there is nothing to start: name a disk (--disk FILE), a CD (--cdrom FILE), a kernel (--kernel "
                     "FILE) or firmware (--bios FILE); `orrery run --help` has examples");
    if (!plan.machine->starts_disks && !board.bios && !kernel_possible && board.flash.empty())
        return error("there is nothing to run: name a kernel (--kernel FILE) or firmware (--bios FILE, --flash FILE); "
                     "`orrery run --help` has examples");
    if (board.initrd && !kernel_possible) return error("--initrd: also needs --kernel FILE");
    return {};
}

Status enable_traces(const std::vector<std::string>& patterns) {
    for (const std::string& pattern : patterns)
        if (log::enable_traces(pattern, true) == 0)
            return error("--trace: no trace point matches '{}'; `orrery list traces` shows them all", pattern);
    return {};
}

} // namespace

void RunArguments::add_to(CLI::App& command) {
    command.add_option("--machine", machine, "the board, of those that `orrery list machines` shows (riscv-virt)")
        ->type_name("NAME");
    command
        .add_option("--cpu", cpu,
                    "the model of a PC's CPUs: x86-64-v2 or x86-64-v3 (x86-64-v2); +kvmclock: with KVM's paravirtual "
                    "clock, on every engine")
        ->type_name("[NAME][,+kvmclock]");
    command.add_option("--engine", engine, "auto, kvm, jit (translator) or interp (auto)")->type_name("NAME");
    command.add_flag("--force", force, "use --engine kvm though `orrery doctor` calls this host's KVM limited");
    command
        .add_option("--kvm-irqchip", kvm_irqchip,
                    "where KVM's guests have their local APICs: user, with the devices, or split, in KVM (user)")
        ->type_name("user|split");
    command.add_flag("--kvm-ioeventfd", kvm_ioeventfd,
                     "let KVM's guests notify virtio devices without waiting for what these do then");
    command.add_option("--cpus", cpus, "number of CPUs, 1 to 8 (1)")->type_name("N");
    command.add_option("--memory", memory, "memory, like 512M or 8G (1G)")->type_name("SIZE");
    command.add_option("--bios", bios, "firmware instead of our own; none: enter the kernel in machine mode")
        ->type_name("FILE|none");
    command
        .add_option(
            "--kernel", kernel,
            "kernel: Image, ELF or EFI zboot, plain or packed with gzip, xz or zstd; PCs: bzImage, PVH, multiboot")
        ->type_name("FILE");
    command.add_option("--initrd", initrd, "initial RAM disk")->type_name("FILE");
    command.add_option("--append", append, "the kernel's command line")->type_name("TEXT");
    command.add_option("--dtb", device_tree, "device tree instead of the board's own")->type_name("FILE");
    command.add_option("--disk", disks, "a disk in a raw image; may be repeated")
        ->type_name("FILE[,readonly][,snapshot][,virtio|ide|sata]")
        ->allow_extra_args(false);
    command.add_option("--cdrom", cdroms, "a CD-ROM drive of a PC, with an ISO image in it; may be repeated")
        ->type_name("FILE")
        ->allow_extra_args(false);
    command.add_option("--floppy", floppies, "a floppy drive of a PC, with a raw image in it; may be given twice")
        ->type_name("FILE[,readonly][,snapshot]")
        ->allow_extra_args(false);
    command
        .add_option("--boot", boot,
                    "what a PC's firmware tries first, of floppy, disk, cdrom and net; menu: it waits for a key that "
                    "opens its menu (disk,cdrom,floppy,net)")
        ->type_name("KIND,…[,menu[=SECONDS]]");
    command.add_option("--net", net, "a virtio network card on a private network with access to this host's (none)")
        ->type_name("user[,forward=tcp:HOSTPORT:GUESTPORT]|none");
    command.add_option("--serial", serial, "where the serial port leads (stdio)")
        ->type_name("stdio|none|file:PATH|unix:PATH|pty");
    command.add_option("--virtio", virtio, "how virtio devices are attached: pci or mmio (pci)")->type_name("NAME");
    command.add_option("--virtio-console", virtio_console, "adds a virtio console that leads there, like --serial")
        ->type_name("PLACE");
    command.add_option("--debug-console", debug_console, "where a PC's port 402h leads, like --serial (none)")
        ->type_name("PLACE");
    command
        .add_option("--flash", flash, "what a flash bank holds: firmware (unless --bios has it), then its variables")
        ->type_name("FILE[,readonly][,snapshot]")
        ->allow_extra_args(false);
    command
        .add_option("--display", display, "sdl: shows the screen of a PC in a window, at so many times its size (none)")
        ->type_name("none|sdl[,full-screen][,scale=N]");
    command.add_flag("--headless", headless, "no window, whatever --display says");
    command.add_option("--timeout", timeout, "end after this much guest time")->type_name("SECONDS");
    command.add_flag("--deterministic", deterministic,
                     "the same inputs give the same run; time is counted in instructions");
    command.add_option("--seed", seed, "of the guest's random numbers, with --deterministic (1)")->type_name("N");
    command
        .add_option("--trace", traces, "write what matching trace points see to stderr, like 'uart*'; may be repeated")
        ->type_name("PATTERN")
        ->allow_extra_args(false);
    command.add_option("--trace-file", trace_file, "trace what the guest does to a file, for `orrery trace show`")
        ->type_name("FILE");
    const auto add_list = [&](const char* name, std::vector<std::string>& list, const char* help, const char* type) {
        command.add_option(name, list, help)->type_name(type)->allow_extra_args(false);
    };
    add_list("--trace-what", trace.what,
             "with --trace-file: instructions, branches, memory, devices, exceptions; several with commas (all)",
             "KIND[,KIND…]");
    add_list("--trace-range", trace.code,
             "only what instructions at these addresses do: A..B, A+SIZE, A, or a symbol; may be repeated (all)",
             "RANGE");
    add_list("--trace-data", trace.data, "of memory only accesses to these addresses, likewise (all)", "RANGE");
    add_list("--trace-privilege", trace.privileges, "only in these privileges: M, S, U; several with commas (all)",
             "NAME[,NAME…]");
    add_list("--trace-device", trace.devices, "of devices only those that match, like 'uart*'; may be repeated (all)",
             "PATTERN");
    command
        .add_option(
            "--on-stuck", on_stuck,
            "when the guest will never get anywhere again: report why and end, end with one sentence (exit), or "
            "ignore it (report)")
        ->type_name("report|exit|ignore");
    command.add_flag("--record-transfers", record_transfers,
                     "have the report of a guest that is stuck show every jump that led there; about ten times slower");
    command
        .add_option("--gdb", gdb,
                    "let gdb or lldb connect here (127.0.0.1:1234); with `architecture=any` gdb isn't told "
                    "the architecture but takes that of its file")
        ->type_name("[unix:PATH|HOST:PORT][,architecture=any]")
        ->expected(0, 1)
        ->default_str(std::string(default_gdb_address));
    command.add_option("--monitor", monitor, "let programs use the monitor here, in lines of JSON")
        ->type_name("unix:PATH|HOST:PORT");
    command.add_flag("--paused", paused, "wait for gdb or the monitor's `continue` before the first instruction");
    command.add_option("--save", save, "save the machine's state when the run is ended from here")->type_name("FILE");
    command.add_option("--save-at", save_at, "with --deterministic: save and end after so many instructions")
        ->type_name("N");
    command
        .add_option("--hash-every", hash_every, "with --deterministic: write a hash of all state every N instructions")
        ->type_name("N");
    command.add_option("--restore", restore, "go on from a saved state; the other options must be as they were")
        ->type_name("FILE");
    command.add_option("IMAGE", image, "a kernel or a disk image, told apart by its contents")->type_name("");
}

Result<RunPlan> plan_run(const RunArguments& arguments) {
    RunPlan plan;
    TRY_STATUS(parse_machine_options(arguments, plan));
    take_files(arguments, plan);
    TRY_STATUS(parse_snapshot_options(arguments, plan));
    TRY_STATUS(parse_debug_options(arguments, plan));
    TRY_STATUS(parse_trace_options(arguments, plan));
    TRY_STATUS(check_together(plan));
    TRY_STATUS(enable_traces(arguments.traces));
    return plan;
}

} // namespace orrery::app
