#include "app/monitor/json_session.hpp"

#include <algorithm>

namespace orrery::app::monitor {
namespace {

constexpr std::size_t most_words = 64;

// What a line asks for.
struct Request {
    Json id; // null: none was given
    Words words;
};

Result<Json> parse(std::string_view line) {
    bool too_deep = false;
    const Json::parser_callback_t limit = [&](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > JsonSession::deepest_nesting;
        return !too_deep;
    };
    Json parsed = Json::parse(line, limit, false);
    if (too_deep) return error("the line is nested deeper than {} levels", JsonSession::deepest_nesting);
    if (parsed.is_discarded()) return error("the line is not JSON in UTF-8");
    if (!parsed.is_object()) return error("the line is no object; ask like {{\"id\":1,\"command\":\"help\"}}");
    return parsed;
}

Result<Words> arguments_of(const Json& list) {
    Words words;
    if (!list.is_array() || list.size() > most_words)
        return error("\"arguments\" is an array of at most {} texts and whole numbers", most_words);
    for (const Json& one : list) {
        if (one.is_string())
            words.push_back(one.get<std::string>());
        else if (one.is_number_unsigned())
            words.push_back(std::to_string(one.get<u64>()));
        else
            return error("\"arguments\" is an array of texts and whole numbers");
    }
    return words;
}

Result<Words> words_of(const Json& request) {
    const auto command = request.find("command");
    const auto line = request.find("line");
    const auto arguments = request.find("arguments");
    if (line != request.end() && line->is_string() && command == request.end()) {
        Words words = Monitor::split(line->get_ref<const std::string&>());
        if (words.empty()) return error("\"line\" is empty; ask like {{\"id\":1,\"line\":\"help\"}}");
        return words;
    }
    if (command == request.end() || !command->is_string() || line != request.end())
        return error("a request has either a \"command\" or a \"line\", which is a text");
    Words words{command->get<std::string>()};
    if (arguments == request.end()) return words;
    const Words more = TRY(arguments_of(*arguments));
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

} // namespace

JsonSession::JsonSession(Monitor& monitor) : monitor_(monitor) {
    tell({{"event", "connected"}, {"protocol", 1}, {"running", monitor.controller().running()}});
}

bool JsonSession::wants_input() const {
    return !input_ended_ && !ended_ && !busy_ && output().size() < output_limit_bytes;
}

void JsonSession::receive(std::span<const u8> bytes) {
    if (ended_) return;
    input_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    process();
}

void JsonSession::sent(std::size_t bytes) {
    sent_ += bytes;
    if (sent_ == output_.size()) {
        output_.clear();
        sent_ = 0;
    }
    if (dropped_events_ != 0 && output().size() < output_limit_bytes / 2)
        write({{"event", "dropped"}, {"count", std::exchange(dropped_events_, 0)}});
    process();
}

// Whole lines, one after another, as far as their answers find room. A command that answers at once comes back here
// from within.
void JsonSession::process() {
    if (processing_) return;
    processing_ = true;
    std::size_t at = 0;
    while (!busy_ && !ended_ && output().size() < output_limit_bytes) {
        const std::size_t end = input_.find('\n', at);
        const std::size_t length = std::min(end, input_.size()) - at;
        if (length > line_limit_bytes && !skipping_) {
            skipping_ = true;
            answer_error(nullptr, fmt::format("the line is longer than {} bytes", line_limit_bytes));
        }
        if (end == std::string::npos) {
            if (skipping_) at = input_.size();
            break;
        }
        const std::string line = input_.substr(at, length);
        at = end + 1;
        if (!std::exchange(skipping_, false)) carry_out(line);
    }
    input_.erase(0, at);
    processing_ = false;
}

void JsonSession::carry_out(std::string_view line) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    const Result<Json> request = parse(line);
    if (!request) return answer_error(nullptr, request.error().message());
    const auto given = request->find("id");
    const Json id = given == request->end() ? Json() : *given;
    if (id.is_structured()) return answer_error(nullptr, "an \"id\" is a text or a number");
    Result<Words> words = words_of(*request);
    if (!words) return answer_error(id, words.error().message());
    busy_ = true;
    monitor_.execute(std::move(*words), Door::socket, [this, id](const Result<Answer>& result) {
        busy_ = false;
        answer(id, result);
        process();
    });
}

void JsonSession::answer(const Json& id, const Result<Answer>& answer) {
    if (!answer) return answer_error(id, answer.error().message());
    Json message = Json::object();
    if (!id.is_null()) message["id"] = id;
    message["result"] = answer->data;
    message["text"] = answer->text;
    write(message);
}

void JsonSession::answer_error(const Json& id, std::string_view sentence) {
    Json message = Json::object();
    if (!id.is_null()) message["id"] = id;
    message["error"] = sentence;
    write(message);
}

void JsonSession::tell_stopped(const Stop& stop) {
    if (stop.reason == Stop::Reason::ended) return tell({{"event", "ended"}, {"code", stop.exit_code}});
    Json event = Json::object();
    event["event"] = "stopped";
    event.update(monitor_.stopped(stop).data);
    tell(event);
}

void JsonSession::tell_running() { tell({{"event", "running"}}); }

void JsonSession::tell(const Json& event) {
    if (output().size() >= output_limit_bytes)
        ++dropped_events_;
    else
        write(event);
}

// Text that came from the guest needn't be UTF-8.
void JsonSession::write(const Json& message) {
    if (ended_) return;
    output_ += message.dump(-1, ' ', false, Json::error_handler_t::replace);
    output_ += '\n';
}

void JsonSession::end() {
    ended_ = true;
    output_.clear();
    sent_ = 0;
    input_.clear();
}

} // namespace orrery::app::monitor
