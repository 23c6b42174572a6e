// What both forms of an explanation show: blocks with their guest instructions decoded and their host code
// disassembled, every host instruction tied to its IR line and guest instruction.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "accel/dbt/explain.hpp"
#include "app/explain/decoded.hpp"
#include "app/explain/disassembler.hpp"

namespace orrery::app {

struct GuestLine {
    u64 pc;
    std::string bytes; // as one number, in hexadecimal
    std::string text;
    DecodedInstruction decoded;
};

struct HostLine {
    u32 offset;
    std::string bytes; // in the order of memory
    std::string text;
    std::string memory; // what lies in the memory it names; empty if that isn't known
    u32 line; // id of an IR line of the last stage, or Listing::entry
    u32 guest;
    bool cold;
};

struct BlockView {
    dbt::ExplainedBlock block;
    std::vector<GuestLine> guests;
    std::vector<HostLine> hosts;
    u64 executions = 0; // counted; 0 if they were not
    double share = 0;   // of all instructions of the run

    [[nodiscard]] std::string mode() const;                 // "S-mode, floating point on"
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
    Viewer();
    [[nodiscard]] BlockView view(dbt::ExplainedBlock block, const dbt::CodeBytes& code) const;
    [[nodiscard]] const std::string& missing() const { return missing_; }

private:
    void add_guests(const dbt::CodeBytes& code, BlockView& view) const;
    void add_hosts(BlockView& view) const;

    std::unique_ptr<Disassembler> guest_;
    std::unique_ptr<Disassembler> host_;
    std::string missing_;
};

} // namespace orrery::app
