// The monitor: one set of commands, whoever asks. Its doors are gdb's `monitor …`, the terminal's prompt and the socket
// for programs. Everything happens on the event loop's thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>

#include "accel/dbt/explain.hpp"
#include "app/debug/controller.hpp"
#include "app/monitor/command.hpp"
#include "machine/loader/symbols.hpp"

namespace orrery::app {
namespace trace {
class Control;
}
class Disassembler;
class ExplainWorkshop;
enum class Assembly : u8;
} // namespace orrery::app

namespace orrery::app::monitor {

// What a run knows beside its machine.
struct Surroundings {
    std::vector<std::string> programs{};                // files whose symbols give addresses names
    dbt::CodeInspector* inspector = nullptr;            // for `explain`; null: there is no translated code to explain
    std::function<trace::Control&()> tracing = nullptr; // for `tracefile`; null: nothing can be traced to a file
    bool may_write_files = true;                        // whether `snapshot` works
};

// What a stop is called: "breakpoint".
std::string_view reason_name(Stop::Reason reason);

class Monitor {
public:
    // The controller outlives it.
    Monitor(DebugController& controller, Surroundings surroundings);
    ~Monitor();
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    using Done = std::function<void(const Result<Answer>&)>;
    // Carries the words out and calls `done`, at once or soon, under the machine lock.
    void execute(Words typed, Door door, Done done);
    // At once; the machine must stand still.
    Result<Answer> answer(const Words& typed, Door door);
    // The same for gdb: errors are text, too.
    std::string answer_text(std::string_view line, Door door);
    // What the last word of the line, perhaps empty, may become; ascending.
    Words complete(std::string_view line);

    static Words split(std::string_view line);
    // A table's name, or its beginning, becomes the command that shows it.
    [[nodiscard]] Words with_tables(Words words);
    // A beginning that fits one command only is enough.
    Result<const Command*> find(const Words& words) const;
    [[nodiscard]] const std::vector<Command>& commands() const { return commands_; }

    // ---- for the commands
    [[nodiscard]] DebugController& controller() { return controller_; }
    [[nodiscard]] Machine& machine() { return controller_.machine(); }
    [[nodiscard]] const Surroundings& surroundings() const { return surroundings_; }
    const Symbols& symbols();
    // "0x80000000 (main+0x4)".
    std::string place(u64 address);
    // A number or a symbol's name.
    Result<u64> address(const std::string& word);
    // "1" or "hart1"; without the word the CPU that stopped last.
    Result<u32> cpu(const Words& words, std::size_t index);
    // For the code that the CPU runs in its present mode.
    Result<Assembly> assembly(u32 cpu);
    Result<const Disassembler*> disassembler(Assembly assembly);
    Result<ExplainWorkshop*> workshop();
    // What an event, or the answer about where the machine stands, tells of a stop.
    Answer stopped(const Stop& stop);

    struct Point {
        u32 number = 0;
        std::optional<Watchpoint> watch; // else it is a breakpoint at `address`
        u64 address = 0;
        bool once = false; // gone with the next stop
    };
    [[nodiscard]] const std::vector<Point>& points() const { return points_; }
    Result<u32> add(Point point);
    Status remove(u32 number);

    struct Sample {
        std::chrono::steady_clock::time_point at;
        u64 retired = 0;
    };
    Sample started, last_sample;

private:
    void place_points();
    void on_stop();

    DebugController& controller_;
    Surroundings surroundings_;
    std::vector<Command> commands_;
    std::optional<Symbols> symbols_; // read when first asked for
    std::map<Assembly, std::unique_ptr<Disassembler>> disassemblers_;
    std::unique_ptr<ExplainWorkshop> workshop_;
    std::vector<Point> points_;
    u32 next_point_ = 1;
    u32 listener_ = 0;
};

} // namespace orrery::app::monitor
