// The door for programs: lines in, lines out.
#include "app/monitor/json_session.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/monitor/guest.hpp"

namespace orrery::app::monitor {
namespace {

struct Client {
    test::Guest guest;
    JsonSession session{guest.monitor};

    Client() { take(); }
    void say(std::string_view text) { session.receive({reinterpret_cast<const u8*>(text.data()), text.size()}); }
    std::vector<Json> take() {
        std::vector<Json> lines;
        const std::string output(session.output());
        session.sent(output.size());
        for (std::size_t at = 0; at < output.size();) {
            const std::size_t end = output.find('\n', at);
            lines.push_back(Json::parse(output.substr(at, end - at), nullptr, false));
            at = end + 1;
        }
        return lines;
    }
    Json ask(const std::string& line) {
        say(line + "\n");
        const std::vector<Json> lines = take();
        return lines.size() == 1 ? lines[0] : Json(lines.size());
    }
    // For commands that the guest has to stand still for.
    void let_answer() {
        guest.hardware.machine().events().post([this] { guest.controller.kill(); });
        guest.controller.run();
    }
    std::string error(const std::string& line) { return ask(line).value("error", "no error"); }
};

} // namespace

TEST_CASE("a program is greeted, asks by words or by a line, and gets its id back") {
    test::Guest guest;
    JsonSession session(guest.monitor);
    CHECK(session.output() == "{\"event\":\"connected\",\"protocol\":1,\"running\":false}\n");
    Client client;
    const Json answer = client.ask(R"({"id":7,"command":"help","arguments":["walk"]})");
    CHECK(answer["id"] == 7);
    CHECK(answer["result"]["commands"][0]["name"] == "walk");
    CHECK(answer["text"].get<std::string>().starts_with("walk ADDRESS"));
    CHECK(client.ask(R"({"line":"help walk"})")["result"] == answer["result"]);
    CHECK(client.ask(R"({"id":"x","command":"wolk"})") ==
          Json({{"id", "x"}, {"error", "there is no command 'wolk' (was 'walk' meant?); `help` lists them"}}));
}

TEST_CASE("a line may come in pieces, and several at once") {
    Client client;
    client.say("{\"id\":1,\"line\":");
    CHECK(client.take().empty());
    client.say("\"map\"}\n\r\n{\"id\":2,\"line\":\"map\"}\n");
    const std::vector<Json> answers = client.take();
    REQUIRE(answers.size() == 2);
    CHECK(answers[1]["id"] == 2);
}

TEST_CASE("whatever is no request gets one error") {
    Client client;
    CHECK(client.error("hello") == "the line is not JSON in UTF-8");
    CHECK(client.error("{\"line\":\"\xff\"}") == "the line is not JSON in UTF-8");
    CHECK(client.error("{\"line\":\"map\"") == "the line is not JSON in UTF-8");
    CHECK(client.error("[]").starts_with("the line is no object"));
    CHECK(client.error("{}").starts_with("a request has either"));
    CHECK(client.error(R"({"line":"map","command":"map"})").starts_with("a request has either"));
    CHECK(client.error(R"({"line":" "})").starts_with("\"line\" is empty"));
    CHECK(client.error(R"({"command":5})").starts_with("a request has either"));
    CHECK(client.error(R"({"command":"map","arguments":{}})").starts_with("\"arguments\" is an array"));
    CHECK(client.error(R"({"command":"map","arguments":[[1]]})").starts_with("\"arguments\" is an array"));
    CHECK(client.error(R"({"id":[1],"command":"map"})") == "an \"id\" is a text or a number");
    const std::string deep(100'00, '[');
    CHECK(client.error(deep) == "the line is nested deeper than 8 levels");
    CHECK(client.ask(R"({"id":1,"line":"map"})")["id"] == 1);
}

TEST_CASE("a line that is too long gets one error, and the next is heard") {
    Client client;
    for (u32 i = 0; i < 10; ++i) client.say(std::string(JsonSession::line_limit_bytes, 'x'));
    CHECK(client.take().size() == 1);
    client.say("x\n{\"id\":1,\"line\":\"map\"}\n");
    CHECK(client.take().at(0)["id"] == 1);
}

TEST_CASE("a number as an argument is one word") {
    Client client;
    client.say("{\"command\":\"memory\",\"arguments\":[2147483648,4]}\n");
    client.let_answer();
    CHECK(client.take().at(0)["result"]["bytes"].size() == 4);
}

TEST_CASE("requests are answered in their order, also when one has to wait for the guest") {
    Client client;
    client.guest.controller.resume({});
    client.say("{\"id\":1,\"line\":\"registers\"}\n{\"id\":2,\"line\":\"map\"}\n");
    CHECK(client.session.busy());
    CHECK_FALSE(client.session.wants_input());
    CHECK(client.take().empty());
    client.let_answer();
    const std::vector<Json> answers = client.take();
    REQUIRE(answers.size() == 2);
    CHECK(answers[0]["id"] == 1);
    CHECK(answers[1]["id"] == 2);
}

TEST_CASE("stops are events with the place and, for watchpoints, the values") {
    Client client;
    client.session.tell_running();
    CHECK(client.take().at(0)["event"] == "running");
    client.session.tell_stopped({.reason = Stop::Reason::watchpoint, .accessed = 16, .old_value = 1, .new_value = 2});
    const Json stopped = client.take().at(0);
    CHECK(stopped["event"] == "stopped");
    CHECK(stopped["reason"] == "watchpoint");
    CHECK(stopped["pc"] == test::Guest::base);
    CHECK(stopped["new"] == 2);
    client.session.tell_stopped({.reason = Stop::Reason::ended, .exit_code = 3});
    CHECK(client.take().at(0) == Json({{"event", "ended"}, {"code", 3}}));
}

TEST_CASE("a client that takes nothing costs a bounded buffer; it is told how many events it lost") {
    Client client;
    for (u32 i = 0; i < 100'000; ++i) client.session.tell_running();
    CHECK(client.session.output().size() < JsonSession::output_limit_bytes + 100);
    for (u32 i = 0; i < 100; ++i) client.say("{\"line\":\"help\"}\n");
    CHECK(client.session.output().size() < JsonSession::output_limit_bytes + 100);
    CHECK_FALSE(client.session.wants_input());
    const std::size_t told = client.take().size();
    const std::vector<Json> rest = client.take();
    REQUIRE(rest.size() >= 2);
    CHECK(rest[0] == Json({{"event", "dropped"}, {"count", 100'000 - told}}));
    CHECK(rest[1].contains("result")); // what it asked meanwhile
}

TEST_CASE("a session whose client went away while a command waits is finished afterwards") {
    Client client;
    client.guest.controller.resume({});
    client.say("{\"id\":1,\"line\":\"registers\"}\n");
    client.session.end();
    CHECK(client.session.busy());
    client.let_answer();
    CHECK_FALSE(client.session.busy());
    CHECK(client.session.output().empty());
}

TEST_CASE("a client that says no more is answered still") {
    Client client;
    client.say("{\"id\":1,\"line\":\"map\"}\n");
    client.session.input_ended();
    CHECK_FALSE(client.session.finished());
    CHECK(client.take().size() == 1);
    CHECK(client.session.finished());
}

} // namespace orrery::app::monitor
