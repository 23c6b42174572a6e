// What both forms of an explanation show: blocks with their guest instructions decoded and their host code
// disassembled, every host instruction tied to its IR line and guest instruction.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "accel/dbt/explain.hpp"
#include "app/explain/decoded.hpp"
#include "app/explain/disassembler.hpp"
#include "app/explain/guest.hpp"

namespace orrery::app {

struct GuestLine {
    u64 pc;
    std::string bytes; // in hexadecimal, in the order of memory or as one number, as the architecture's manual has it
    std::string text;
    DecodedInstruction decoded;
};

struct HostLine {
    u32 offset;
    std::string bytes; // in the order of memory
    std::string text;
    std::string memory; // what lies in the memory it names; empty if that isn't known
    u32 line;           // id of an IR line of the last stage, or Listing::entry
    u32 guest;
    bool cold;
};

struct BlockView {
    dbt::ExplainedBlock block;
    std::vector<GuestLine> guests;
    std::vector<HostLine> hosts;
    std::string mode;   // "S-mode, floating point on"
    u64 executions = 0; // counted; 0 if they were not
    double share = 0;   // of all instructions of the run

    [[nodiscard]] std::string counts() const;               // how many of what, and executed how often
    [[nodiscard]] std::string_view text_of(u32 line) const; // of the last stage
    // Names of the guest's registers in host registers, "rbx = x15"; those that the block's IR names.
    [[nodiscard]] std::string registers() const;
};

struct Explanation {
    std::string title;
    std::vector<std::string> notes;
    std::vector<BlockView> blocks;
};

// Makes views. Without LLVM's library there is hexadecimal text in place of disassembly, and missing() says why.
class Viewer {
public:
    // `guest` outlives it.
    explicit Viewer(const ExplainedGuest& guest);
    [[nodiscard]] BlockView view(dbt::ExplainedBlock block, const dbt::CodeBytes& code);
    [[nodiscard]] const std::string& missing() const { return missing_; }

private:
    void add_guests(const dbt::CodeBytes& code, BlockView& view);
    const Disassembler* disassembler(Assembly assembly);
    void add_hosts(BlockView& view) const;

    const ExplainedGuest& guest_;
    std::map<Assembly, std::unique_ptr<Disassembler>> disassemblers_; // null: there is none
    std::string missing_;
};

} // namespace orrery::app
