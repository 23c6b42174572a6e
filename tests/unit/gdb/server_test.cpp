#include <chrono>
#include <filesystem>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/gdb/server.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/gdb/client.hpp"

using namespace orrery;
using namespace orrery::app;
using namespace orrery::app::gdb;
using test::FakeTarget;
using test::framed;

namespace {

struct Fixture {
    explicit Fixture(std::string_view place = "0") {
        loop = *EventLoop::create(lock);
        auto made = Server::create(place, target, *loop);
        REQUIRE(made);
        server = *std::move(made);
    }
    Socket connect() const {
        const std::string& address = server->address();
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<u16>(std::stoi(address.substr(address.rfind(':') + 1))));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::connect(socket.number(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
        return socket;
    }
    void turn(int count = 4) const {
        for (int at = 0; at < count; ++at) loop->run_once(1'000'000);
    }
    // What has come when the loop has turned a few times.
    std::string answers(const Socket& socket) const {
        turn();
        std::array<char, 4096> bytes{};
        const ssize_t count = ::recv(socket.number(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (count == 0) return "(hung up)";
        return count < 0 ? "" : std::string(bytes.data(), static_cast<std::size_t>(count));
    }
    static void send(const Socket& socket, std::string_view bytes) {
        REQUIRE(::send(socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()));
    }

    FakeTarget target;
    MachineLock lock;
    std::unique_ptr<EventLoop> loop;
    std::unique_ptr<Server> server;
};

std::string error_at(std::string_view place) {
    FakeTarget target;
    MachineLock lock;
    const auto loop = *EventLoop::create(lock);
    const auto made = Server::create(place, target, *loop);
    return made ? "" : made.error().message();
}

} // namespace

TEST_CASE("a debugger that connects stops the machine, and when it goes the machine goes on") {
    Fixture fixture;
    fixture.target.is_running = true;
    fixture.turn();
    CHECK(fixture.target.running());
    Socket client = fixture.connect();
    fixture.turn();
    CHECK_FALSE(fixture.target.running());
    Fixture::send(client, framed("qC"));
    CHECK(fixture.answers(client) == "+" + framed("QC1"));
    client.close();
    fixture.turn();
    CHECK(fixture.target.running());
    CHECK_FALSE(fixture.server->connected());
}

TEST_CASE("debuggers come one after another, and a second one meanwhile is refused") {
    Fixture fixture;
    Socket first = fixture.connect();
    fixture.turn();
    const Socket second = fixture.connect();
    CHECK(fixture.answers(second) == "(hung up)");
    Fixture::send(first, framed("qC"));
    CHECK(fixture.answers(first) == "+" + framed("QC1"));
    first.close();
    const Socket third = fixture.connect();
    fixture.turn();
    Fixture::send(third, framed("qC"));
    CHECK(fixture.answers(third) == "+" + framed("QC1"));
}

TEST_CASE("whoever comes while breakpoints are taken out waits until they are") {
    Fixture fixture;
    Socket first = fixture.connect();
    Fixture::send(first, framed("Z0,80000010,4") + framed("c"));
    fixture.turn();
    REQUIRE(fixture.target.running());
    fixture.target.pauses_at_once = false;
    first.close();
    fixture.turn();
    const Socket second = fixture.connect();
    Fixture::send(second, framed("qC"));
    CHECK(fixture.answers(second).empty());
    CHECK(fixture.target.breakpoints.size() == 1);
    fixture.target.pauses_at_once = true;
    fixture.target.stop_now({});
    CHECK(fixture.target.breakpoints.empty());
    CHECK(fixture.answers(second) == "+" + framed("QC1"));
}

TEST_CASE("a detached client is hung up on after its answer, and a kill ends the run") {
    Fixture fixture;
    const Socket first = fixture.connect();
    Fixture::send(first, framed("D"));
    CHECK(fixture.answers(first) == "+" + framed("OK"));
    CHECK(fixture.answers(first) == "(hung up)");
    CHECK(fixture.target.running());
    const Socket second = fixture.connect();
    Fixture::send(second, framed("k"));
    fixture.turn();
    CHECK(fixture.target.killed);
}

TEST_CASE("a client that reads nothing blocks no one and takes a bounded amount of memory") {
    Fixture fixture;
    const Socket client = fixture.connect();
    const std::string request = framed("m80000000,80000");
    ::fcntl(client.number(), F_SETFL, O_NONBLOCK);
    const auto start = std::chrono::steady_clock::now();
    for (int count = 0; count < 2000; ++count) {
        static_cast<void>(::send(client.number(), request.data(), request.size(), MSG_NOSIGNAL));
        fixture.loop->run_once(0);
    }
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
    CHECK(fixture.server->connected());
}

TEST_CASE("a Unix-domain socket serves as well, and its file goes with the server") {
    const std::string path = std::filesystem::temp_directory_path() / ("orrery-gdb-test-" + std::to_string(::getpid()));
    {
        const Fixture fixture("unix:" + path);
        CHECK(fixture.server->address() == path);
        CHECK(std::filesystem::is_socket(path));
        CHECK(error_at("unix:" + path).find("another program") != std::string::npos);
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        path.copy(to.sun_path, path.size());
        const Socket client(::socket(AF_UNIX, SOCK_STREAM, 0));
        REQUIRE(::connect(client.number(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
        fixture.turn();
        Fixture::send(client, framed("qC"));
        CHECK(fixture.answers(client) == "+" + framed("QC1"));
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a port alone is one of the loopback interface") {
    CHECK(Fixture("0").server->address().starts_with("127.0.0.1:"));
    CHECK(Fixture(":0").server->address().starts_with("127.0.0.1:"));
    CHECK(Fixture("localhost:0").server->address().find(':') != std::string::npos);
}

TEST_CASE("a place that can't be listened at is named with the reason") {
    CHECK(error_at("nonsense").starts_with("'nonsense' is no place for gdb; use unix:PATH"));
    CHECK(error_at("127.0.0.1:65536").starts_with("'127.0.0.1:65536' is no place"));
    CHECK(error_at("unix:").find("1 to 106 bytes") != std::string::npos);
    CHECK(error_at("unix:/nowhere/at/all").find("No such file") != std::string::npos);
    const Fixture fixture;
    const std::string taken = error_at(fixture.server->address());
    CHECK(taken.find("in use") != std::string::npos);
    CHECK(taken.find("name another port") != std::string::npos);
}
