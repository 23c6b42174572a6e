// One client's session with gdb's remote protocol: its bytes in, ours out. Knows no sockets. Everything happens on the
// event loop's thread. Begin with process() and handle() in session.cpp.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/debug/target.hpp"
#include "app/gdb/hex.hpp"
#include "app/gdb/packet.hpp"
#include "app/gdb/target_description.hpp"

namespace orrery::app::gdb {

class Session {
public:
    // What the client is told that a packet may have.
    static constexpr std::size_t packet_bytes = 1 * MiB;
    // Beyond it nothing is read or answered until the client has taken what there is.
    static constexpr std::size_t output_limit_bytes = 4 * MiB;
    static constexpr std::size_t input_limit_bytes = 4 * MiB;

    // Pauses the machine.
    explicit Session(DebugTarget& target, ArchitectureBy architecture_by = ArchitectureBy::machine);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    [[nodiscard]] bool wants_input() const;
    void receive(std::span<const u8> bytes);
    [[nodiscard]] std::string_view output() const { return writer_.waiting(); }
    void sent(std::size_t bytes);
    // The client has said good-bye: hang up when it has its output.
    [[nodiscard]] bool closing() const { return closing_; }

    // The client has gone: takes out its breakpoints and lets the guest go on. over() when both are done.
    void end();
    [[nodiscard]] bool over() const { return over_; }

private:
    enum class ErrorCode : u8 { syntax = 0x01, no_such_cpu = 0x02, memory = 0x0e, refused = 0x16, too_many = 0x1c };
    enum class Exit : u8 { resume, stay, kill };
    struct Handler {
        std::string_view name;
        void (Session::*handle)(Scanner arguments);
    };
    struct Breakpoint {
        bool software = false;
        bool hardware = false;
        std::size_t condition_bytes = 0;
    };
    using Conditions = std::vector<std::vector<u8>>;

    // ---- session.cpp
    void process();
    bool process_next();
    [[nodiscard]] bool says_good_bye();
    void on_stop(const Stop& stop);
    [[nodiscard]] bool must_wait() const { return waiting_ || target_.running(); }
    void handle(std::span<char> packet);
    void handle_letter(char letter, Scanner arguments);
    bool handle_named(std::span<const Handler> handlers, std::string_view packet);
    void clean_up();
    void reply(std::string_view payload) { writer_.packet(payload); }
    void reply_ok() { reply("OK"); }
    void reply_error(ErrorCode code, std::string_view message);
    void reply_console(std::string_view text);

    // ---- session_general.cpp
    static std::span<const Handler> general_handlers();
    void supported(Scanner arguments);
    void start_no_ack_mode(Scanner arguments);
    void answer_ok(Scanner arguments);
    void answer_nothing(Scanner arguments);
    void attached(Scanner arguments);
    void current_thread(Scanner arguments);
    void first_threads(Scanner arguments);
    void further_threads(Scanner arguments);
    void thread_extra_info(Scanner arguments);
    void transfer(Scanner arguments);
    void monitor_command(Scanner arguments);
    void physical_mode(Scanner arguments);
    void set_physical_mode(Scanner arguments);
    void emulator_features(Scanner arguments);
    void select_cpu(Scanner arguments);
    void thread_alive(Scanner arguments);
    void detach(Scanner arguments);
    void kill(Scanner arguments);
    void restart(Scanner arguments);
    [[nodiscard]] std::optional<u32> parse_cpu(Scanner& scanner) const;

    // ---- session_lldb.cpp: what only lldb asks
    static std::span<const Handler> lldb_handlers();
    void thread_suffixes(Scanner arguments);
    void threads_in_stop_reply(Scanner arguments);
    void host_info(Scanner arguments);
    void process_info(Scanner arguments);
    void server_version(Scanner arguments);
    void memory_region_info(Scanner arguments);
    void threads_info(Scanner arguments);
    void error_strings(Scanner arguments);
    void append_json_stop(std::string& out, const Stop& stop) const;

    // ---- session_memory.cpp
    void read_memory_hex(Scanner arguments);
    void read_memory_binary(Scanner arguments);
    void write_memory_hex(Scanner arguments);
    void write_memory_binary(std::span<char> packet);
    void write_memory(u64 address, std::span<const u8> bytes);
    [[nodiscard]] std::span<const u8> fetch(const Scanner::Range& range);

    // ---- session_registers.cpp
    void read_registers(Scanner arguments);
    void write_registers(Scanner arguments);
    void read_register(Scanner arguments);
    void write_register(Scanner arguments);
    [[nodiscard]] std::optional<u32> cpu_of_suffix(std::string_view suffix) const;
    [[nodiscard]] std::optional<std::size_t> register_index(u32 cpu, u64 number) const;
    // How many registers, from the first, are in a "g" packet.
    [[nodiscard]] static std::size_t registers_at_once(const DebugView& view);
    [[nodiscard]] static std::optional<std::size_t> program_counter(const DebugView& view);

    // ---- session_resume.cpp
    static std::span<const Handler> resume_handlers();
    void resume_actions(Scanner arguments);
    void go_on(Scanner arguments, bool with_signal);
    void step(Scanner arguments, bool with_signal);
    void resume_one(Resume how, Scanner arguments, bool with_signal);
    void resume(const Resume& how);

    // ---- stop_reply.cpp
    // gdb's numbers of signals.
    static constexpr u32 signal_interrupt = 2;
    static constexpr u32 signal_trap = 5;
    void send_stop_reply();
    void report_watched_values(const Stop& stop);
    void append_stop_reason(std::string& out, const Stop& stop);
    void append_expedited_registers(std::string& out, u32 cpu) const;
    void append_lldb_stop(std::string& out, const Stop& stop);
    [[nodiscard]] static std::string_view lldb_reason(Stop::Reason reason);
    [[nodiscard]] std::string describe_stop(const Stop& stop) const;
    [[nodiscard]] const Breakpoint* breakpoint_at_stop(const Stop& stop) const;

    // ---- session_breakpoints.cpp
    void insert(Scanner arguments);
    void remove(Scanner arguments);
    void insert_breakpoint(u64 address, bool hardware, Conditions conditions);
    void remove_breakpoint(u64 address, bool hardware);
    void insert_watchpoint(const Watchpoint& watchpoint);
    void remove_watchpoint(const Watchpoint& watchpoint);
    [[nodiscard]] bool condition_holds(u32 cpu, const Conditions& conditions);
    [[nodiscard]] static std::optional<Conditions> parse_conditions(Scanner arguments);

    DebugTarget& target_;
    const ArchitectureBy architecture_by_;
    u32 listener_ = 0;
    PacketReader reader_;
    PacketWriter writer_;

    bool waiting_ = false; // for the stop that the client resumed to
    bool processing_ = false;
    bool closing_ = false;
    bool leaving_ = false;
    bool over_ = false;
    Exit exit_ = Exit::resume;

    u32 cpu_ = 0;          // "Hg"
    u32 continue_cpu_ = 0; // "Hc"
    MemorySpace space_ = MemorySpace::of_cpu;

    bool acknowledges_ = true;
    bool tells_software_breakpoints_ = false; // the client's "swbreak+"
    bool tells_hardware_breakpoints_ = false;
    bool error_messages_ = false;       // gdb 16: "E.text"
    bool error_strings_ = false;        // lldb: "E01;hex"
    bool lldb_ = false;                 // asked for something only lldb asks for
    bool prefixed_binary_reads_ = true; // gdb 16's "x" and later lldb's, not lldb 19's

    std::map<u64, Breakpoint> breakpoints_;
    std::vector<Watchpoint> watchpoints_;
    std::size_t condition_bytes_ = 0;
    bool condition_failure_told_ = false;

    std::vector<u8> memory_; // scratch, so that a big read needs no new memory
    std::string target_xml_;
};

} // namespace orrery::app::gdb
