// Keys in, lines and characters for the screen out.
#include "app/monitor/line_editor.hpp"
#include "tests/support/catch.hpp"

namespace orrery::app::monitor {
namespace {

struct Typing {
    LineEditor editor{"> ", [](std::string_view line) -> std::vector<std::string> {
                          if (line == "re") return {"registers", "reset"};
                          if (line == "reg" || line == "x reg") return {"registers"};
                          if (line == "r") return {"registers", "reset"};
                          return {};
                      }};
    std::vector<std::string> lines;
    u32 leaves = 0;

    std::string type(std::string_view keys) {
        for (const char key : keys) {
            const LineEditor::Event event = editor.key(static_cast<u8>(key));
            if (event.kind == LineEditor::Event::Kind::line) lines.push_back(event.line);
            leaves += event.kind == LineEditor::Event::Kind::leave;
        }
        return editor.take_output();
    }
};

} // namespace

TEST_CASE("a line is what was typed until Enter, and shown meanwhile") {
    Typing t;
    CHECK(t.type("help\r") == "help\n");
    CHECK(t.lines == std::vector<std::string>{"help"});
    t.type("\n");
    CHECK(t.lines.back().empty());
}

TEST_CASE("backspace, Ctrl-W and Ctrl-U take away a character, a word and all") {
    Typing t;
    t.type("walk 0x12\x7f\x08");
    CHECK(t.editor.shown() == "> walk 0x");
    t.type("\x17");
    CHECK(t.editor.shown() == "> walk ");
    t.type("\x17");
    CHECK(t.editor.shown() == "> ");
    t.type("\x7f\x17");
    t.type("caf\xc3\xa9\x7f");
    CHECK(t.editor.shown() == "> caf");
    CHECK(t.type("\x15") == "\r\x1b[K> ");
}

TEST_CASE("Ctrl-C and Ctrl-D leave, and give the line up") {
    Typing t;
    t.type("abc\x03");
    CHECK(t.leaves == 1);
    CHECK(t.editor.shown() == "> ");
    t.type("\x04");
    CHECK(t.leaves == 2);
    CHECK(t.lines.empty());
}

TEST_CASE("Tab completes as far as it is clear, then lists") {
    Typing t;
    CHECK(t.type("r\t") == "re");
    CHECK(t.type("\t") == "\nregisters  reset\n> re");
    CHECK(t.type("g\t") == "gisters ");
    CHECK(t.editor.shown() == "> registers ");
    CHECK(t.type("\t").empty());
    t.type("\x15x reg\t");
    CHECK(t.editor.shown() == "> x registers ");
}

TEST_CASE("the arrows bring lines back, and the line that was begun") {
    Typing t;
    t.type("one\rtwo\rtwo\rthr");
    t.type("\x1b[A");
    CHECK(t.editor.shown() == "> two");
    t.type("\x1bOA");
    CHECK(t.editor.shown() == "> one");
    t.type("\x1b[A");
    CHECK(t.editor.shown() == "> one");
    t.type("\x1b[B\x1b[B");
    CHECK(t.editor.shown() == "> thr");
    t.type("\x1b[B\x1b[C\x1b[1;5D\x1bq");
    CHECK(t.editor.shown() == "> thr");
}

TEST_CASE("a line has its limit") {
    Typing t;
    t.type(std::string(LineEditor::longest_line + 100, 'a') + "\r");
    CHECK(t.lines[0].size() == LineEditor::longest_line);
}

} // namespace orrery::app::monitor
