#include "app/monitor_client.hpp"

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>

#include <nlohmann/json.hpp>

#include "app/exit_codes.hpp"
#include "app/messages.hpp"
#include "app/socket/connection.hpp"

namespace orrery::app {
namespace {

using Json = nlohmann::json;

// One conversation.
class Client {
public:
    explicit Client(Connection connection) : connection_(std::move(connection)) {}

    // What it says to the command, for people; the error is the monitor's own sentence.
    Result<std::string> ask(Json request) {
        request["id"] = ++id_;
        TRY_STATUS(connection_.write(request.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"));
        for (;;) {
            const Json answer = Json::parse(TRY(connection_.read_line()), nullptr, false);
            if (!answer.is_object()) return error("what answers there isn't a monitor of orrery's");
            if (answer.value("id", Json()) != id_) continue; // an event
            if (answer.contains("error")) return error("{}", answer.value("error", std::string("the command failed")));
            return answer.value("text", std::string());
        }
    }

private:
    Connection connection_;
    u64 id_ = 0;
};

bool show(const Result<std::string>& answer) {
    if (answer)
        std::fputs(answer->c_str(), stdout);
    else
        complain("{}", answer.error().message());
    std::fflush(stdout);
    return answer.has_value();
}

std::optional<Client> connect(const std::string& place) {
    auto connection = Connection::create(place, "the monitor");
    if (connection) return Client(std::move(*connection));
    complain("{}; `orrery run --monitor {}` would listen there", connection.error().message(), place);
    return std::nullopt;
}

} // namespace

int ask_monitor(const MonitorArguments& arguments) {
    std::optional<Client> client = connect(arguments.place);
    if (!client) return exit_failure;
    bool all_done = true;
    if (!arguments.words.empty()) {
        const std::vector<std::string> rest(arguments.words.begin() + 1, arguments.words.end());
        all_done = show(client->ask({{"command", arguments.words.front()}, {"arguments", rest}}));
    }
    for (std::string line; arguments.words.empty() && std::getline(std::cin, line);)
        if (line.find_first_not_of(" \t") != std::string::npos) all_done &= show(client->ask({{"line", line}}));
    return all_done ? exit_powered_off : exit_failure;
}

int take_screenshot(const ScreenshotArguments& arguments) {
    std::error_code failure;
    const std::filesystem::path file = std::filesystem::absolute(arguments.file, failure);
    return ask_monitor({arguments.place, {"screenshot", failure ? arguments.file : file.string()}});
}

} // namespace orrery::app
