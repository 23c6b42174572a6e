#include "accel/dbt/code_inspector.hpp"

#include <algorithm>
#include <tuple>

#include "accel/dbt/dbt_cpu.hpp"

namespace orrery::dbt {

std::vector<CodeBytes> CodeInspector::executed() const {
    std::vector<CodeBytes> blocks = translator_->executed_blocks();
    // One that was translated more than once stands there as often.
    std::ranges::sort(blocks, {}, [](const CodeBytes& b) { return std::tie(b.key.pc, b.key.mode, b.bytes); });
    std::vector<CodeBytes> merged;
    for (CodeBytes& block : blocks) {
        if (!merged.empty() && merged.back().key == block.key && merged.back().bytes == block.bytes)
            merged.back().executions += block.executions;
        else
            merged.push_back(std::move(block));
    }
    std::ranges::sort(merged, [](const CodeBytes& a, const CodeBytes& b) {
        return std::tuple(b.executions * b.limit, a.key.pc, a.key.mode) <
               std::tuple(a.executions * a.limit, b.key.pc, b.key.mode);
    });
    return merged;
}

std::expected<CodeBytes, Fault> CodeInspector::at(u64 address) const {
    CodeBytes code{.key = {.pc = address, .mode = frontend_->key().mode}, .bytes = {}};
    const u64 offset = address & (page_size - 1);
    const auto page = cpu_->code_page(address);
    if (!page) return std::unexpected(page.error());
    code.bytes.assign(page->host_page + offset, page->host_page + page_size);
    // A first instruction may reach into the next page.
    constexpr u64 longest_instruction = 16;
    if (page_size - offset < longest_instruction) {
        if (const auto next = cpu_->code_page(address - offset + page_size))
            code.bytes.insert(code.bytes.end(), next->host_page, next->host_page + longest_instruction);
    }
    return code;
}

} // namespace orrery::dbt
