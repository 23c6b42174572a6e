#include "devices/host/character_backends.hpp"
#include "tests/support/catch.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

using namespace orrery;

namespace {

// A port with room for `room` characters.
struct Port final : CharacterReceiver {
    std::size_t receive(std::span<const u8> characters) override {
        const std::size_t taken = std::min(room, characters.size());
        input.append(characters.begin(), characters.begin() + static_cast<std::ptrdiff_t>(taken));
        room -= taken;
        return taken;
    }
    void receive_break() override { ++breaks; }
    std::string input;
    std::size_t room = 1'000'000;
    u32 breaks = 0;
};

struct Bench {
    Bench() {
        char name[] = "/tmp/orrery-test-XXXXXX";
        folder = ::mkdtemp(name);
    }
    ~Bench() {
        ::unlink((folder + "/out").c_str());
        ::rmdir(folder.c_str());
    }
    void run(int times = 5) {
        for (int i = 0; i < times; ++i) loop->run_once(1'000'000);
    }
    MachineLock lock;
    std::unique_ptr<EventLoop> loop = EventLoop::create(lock).value();
    Port port;
    std::string folder;
};

std::span<const u8> text(std::string_view characters) {
    return {reinterpret_cast<const u8*>(characters.data()), characters.size()};
}

Descriptor connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    Descriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    REQUIRE(::connect(client.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return client;
}

std::string read_some(const Descriptor& from) {
    char buffer[4096];
    const ssize_t got = ::read(from.number(), buffer, sizeof buffer);
    return {buffer, got > 0 ? static_cast<std::size_t>(got) : 0};
}

} // namespace

TEST_CASE("file: writes the guest's output to the file") {
    Bench bench;
    {
        const auto backend = open_serial("file:" + bench.folder + "/out", *bench.loop).value();
        backend->write(text("hello\n"));
    }
    std::ifstream file(bench.folder + "/out");
    REQUIRE(std::string(std::istreambuf_iterator<char>(file), {}) == "hello\n");
}

TEST_CASE("a back end that cannot be made is explained in one sentence") {
    Bench bench;
    const auto message = [&](std::string_view spec) { return open_serial(spec, *bench.loop).error().message(); };
    REQUIRE(message("tcp:1234") ==
            "'tcp:1234' is no place for a serial port; use stdio, none, file:PATH, unix:PATH or pty");
    REQUIRE(message("file:") == "'file:' is no place for a serial port; use stdio, none, file:PATH, unix:PATH or pty");
    REQUIRE(message("file:/no/such/folder/out") ==
            "cannot write the serial port's output to /no/such/folder/out: No such file or directory");
    std::ofstream(bench.folder + "/out") << "precious";
    REQUIRE(message("unix:" + bench.folder + "/out") ==
            "the serial port: " + bench.folder + "/out exists and is not a socket");
    REQUIRE(open_serial("none", *bench.loop).has_value());
}

TEST_CASE("unix: serves one client after another, in both directions") {
    Bench bench;
    const std::string path = bench.folder + "/socket";
    const auto backend = open_serial("unix:" + path, *bench.loop).value();
    backend->connect(bench.port);
    backend->write(text("no one hears this"));
    for (const std::string name : {"first", "second"}) {
        const Descriptor client = connect_to(path);
        bench.run();
        REQUIRE(::write(client.number(), name.data(), name.size()) == static_cast<ssize_t>(name.size()));
        backend->write(text("to " + name));
        bench.run();
        REQUIRE(read_some(client) == "to " + name);
    }
    bench.run();
    REQUIRE(bench.port.input == "firstsecond");
}

TEST_CASE("unix: a client that does not read costs output, never time or memory, and input goes on") {
    Bench bench;
    const std::string path = bench.folder + "/socket";
    auto backend = UnixSocketBackend::create(path, *bench.loop).value();
    backend->connect(bench.port);
    const Descriptor client = connect_to(path);
    bench.run();
    const std::string block(64 * KiB, 'x');
    for (int i = 0; i < 32; ++i) backend->write(text(block));
    REQUIRE(backend->dropped() > 0);
    REQUIRE(::write(client.number(), "in", 2) == 2);
    bench.run();
    REQUIRE(bench.port.input == "in");
    std::size_t got = 0;
    for (std::string part; !(part = read_some(client)).empty(); got += part.size()) bench.run(1);
    REQUIRE(got + backend->dropped() == 32 * block.size());
}

TEST_CASE("unix: the socket of a run that crashed is replaced, one that is in use is not") {
    Bench bench;
    const std::string path = bench.folder + "/socket";
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        const Descriptor stale(::socket(AF_UNIX, SOCK_STREAM, 0));
        REQUIRE(::bind(stale.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    }
    const auto backend = open_serial("unix:" + path, *bench.loop);
    REQUIRE(backend.has_value());
    REQUIRE(open_serial("unix:" + path, *bench.loop).error().message() ==
            "the serial port: another program listens at " + path);
}

TEST_CASE("input that finds no room waits for the guest, complete and in order") {
    Bench bench;
    const auto backend = PtyBackend::create(*bench.loop).value();
    backend->connect(bench.port);
    bench.port.room = 3;
    const Descriptor user(::open(backend->path().c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK));
    REQUIRE(::write(user.number(), "abcdefgh", 8) == 8);
    bench.run();
    REQUIRE(bench.port.input == "abc");
    bench.port.room = 100;
    backend->resume_input();
    bench.run();
    REQUIRE(bench.port.input == "abcdefgh");
    backend->write(text("output"));
    REQUIRE(read_some(user) == "output");
}

namespace {

// A pseudo-terminal in which `child` runs with standard input and output at the slave side, as a session of its own.
struct InTerminal {
    template <typename Child> explicit InTerminal(Child&& child) {
        master = Descriptor(::posix_openpt(O_RDWR | O_NOCTTY));
        ::grantpt(master.number());
        ::unlockpt(master.number());
        char name[128] = {};
        ::ptsname_r(master.number(), name, sizeof name);
        keep = Descriptor(::open(name, O_RDWR | O_NOCTTY));
        pid = ::fork();
        if (pid != 0) return;
        ::setsid();
        const int slave = ::open(name, O_RDWR); // becomes the controlling terminal
        ::dup2(slave, STDIN_FILENO);
        ::dup2(slave, STDOUT_FILENO);
        child();
        ::_exit(0);
    }
    [[nodiscard]] bool raw() const {
        termios now{};
        ::tcgetattr(keep.number(), &now);
        return (now.c_lflag & ICANON) == 0;
    }
    // Waits until the child has written `expected`.
    void expect(std::string_view expected) {
        while (seen.find(expected) == std::string::npos) {
            const std::string part = read_some(master);
            if (part.empty()) break;
            seen += part;
        }
        INFO(seen);
        REQUIRE(seen.find(expected) != std::string::npos);
    }
    void type(std::string_view keys) const {
        REQUIRE(::write(master.number(), keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
    }
    [[nodiscard]] int wait(int options = 0) const {
        int status = 0;
        ::waitpid(pid, &status, options);
        return status;
    }
    Descriptor master;
    Descriptor keep; // so that the settings outlive the child
    std::string seen;
    pid_t pid = -1;
};

// Echoes in brackets what the guest would get, `<key>` for an escape; `!` ends it.
void echo_until_end() {
    MachineLock lock;
    auto loop = EventLoop::create(lock).value();
    auto terminal =
        Terminal::create(*loop, {.key = [](u8 key) { std::printf("<%c>", key), std::fflush(stdout); }, .opened = {}})
            .value();
    Port port;
    terminal->connect(port);
    terminal->write(text("ready"));
    while (port.input.find('!') == std::string::npos) {
        loop->run_once(50'000'000);
        if (port.input.empty()) continue;
        terminal->write(text("[" + port.input + "]"));
        if (port.input.find('!') == std::string::npos) port.input.clear();
    }
}

} // namespace

TEST_CASE("the terminal is raw while the guest has it and as before afterwards") {
    InTerminal session(echo_until_end);
    session.expect("ready");
    REQUIRE(session.raw());
    session.type("\x03"); // Ctrl-C is the guest's
    session.expect("[\x03]");
    session.type("!");
    REQUIRE(session.wait() == 0);
    REQUIRE_FALSE(session.raw());
}

TEST_CASE("Ctrl-] and a key go to the callback, Ctrl-] twice goes to the guest once") {
    InTerminal session(echo_until_end);
    session.expect("ready");
    session.type("\x1dq");
    session.expect("<q>");
    session.type("\x1d\x1d");
    session.expect("[\x1d]");
    session.type("!");
    REQUIRE(session.wait() == 0);
}

TEST_CASE("the terminal is put back by whatever ends the process") {
    for (const int number : {SIGTERM, SIGINT, SIGABRT, SIGSEGV}) {
        InTerminal session([] {
            ::signal(SIGSEGV, SIG_DFL); // a sanitizer's or the test framework's report is not wanted here
            ::signal(SIGABRT, SIG_DFL);
            ::signal(SIGINT, SIG_DFL);
            ::signal(SIGTERM, SIG_DFL);
            echo_until_end();
        });
        session.expect("ready");
        REQUIRE(session.raw());
        ::kill(session.pid, number);
        const int status = session.wait();
        REQUIRE(WIFSIGNALED(status));
        REQUIRE(WTERMSIG(status) == number);
        REQUIRE_FALSE(session.raw());
    }
}

TEST_CASE("the terminal is put back by an exit that destroys nothing") {
    InTerminal session([] {
        MachineLock lock;
        auto loop = EventLoop::create(lock).value();
        auto* leaked = Terminal::create(*loop, {}).value().release();
        leaked->write(text("ready"));
        char byte = 0;
        (void)!::read(STDIN_FILENO, &byte, 1);
        std::exit(7);
    });
    session.expect("ready");
    REQUIRE(session.raw());
    session.type("x");
    const int status = session.wait();
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 7);
    REQUIRE_FALSE(session.raw());
}

TEST_CASE("the terminal is the user's while the process is stopped and raw again when it continues") {
    InTerminal session(echo_until_end);
    session.expect("ready");
    ::kill(session.pid, SIGTSTP);
    REQUIRE(WIFSTOPPED(session.wait(WUNTRACED)));
    REQUIRE_FALSE(session.raw());
    ::kill(session.pid, SIGCONT);
    session.type("a"); // answered only once it runs again
    session.expect("[a]");
    REQUIRE(session.raw());
    session.type("!");
    REQUIRE(session.wait() == 0);
}

TEST_CASE("standard input may be a pipe that ends, and Ctrl-] in it is a character like any other") {
    int in[2];
    int out[2];
    REQUIRE(::pipe(in) == 0);
    REQUIRE(::pipe(out) == 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(in[0], STDIN_FILENO);
        ::dup2(out[1], STDOUT_FILENO);
        ::close(in[1]);
        MachineLock lock;
        auto loop = EventLoop::create(lock).value();
        auto terminal = Terminal::create(*loop, {.key = [](u8) {}, .opened = {}}).value();
        Port port;
        terminal->connect(port);
        for (int i = 0; i < 20; ++i) loop->run_once(10'000'000);
        terminal->write(text(port.input));
        ::_exit(0);
    }
    REQUIRE(::write(in[1], "a\x1dz", 3) == 3);
    ::close(in[1]);
    ::close(out[1]);
    const Descriptor result(out[0]);
    REQUIRE(read_some(result) == "a\x1dz");
    int status = 0;
    ::waitpid(pid, &status, 0);
    REQUIRE(status == 0);
    ::close(in[0]);
}
