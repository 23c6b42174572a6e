// Where a serial port may lead on the host besides the terminal: a file, a Unix-domain socket, a pseudo-terminal. And
// the one function that makes any of them from what the user wrote after --serial.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "devices/host/character_stream.hpp"
#include "devices/host/terminal.hpp"

namespace orrery {

// Output only, written as it comes.
class FileBackend final : public CharacterBackend {
public:
    static Result<std::unique_ptr<FileBackend>> create(std::string path);
    void write(std::span<const u8> characters) override;

private:
    FileBackend(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}

    std::string path_;
    Descriptor file_;
    bool failed_ = false;
};

// Listens at a path and serves one client at a time; another may connect when it has gone.
class UnixSocketBackend final : public StreamBackend {
public:
    static Result<std::unique_ptr<UnixSocketBackend>> create(std::string path, EventLoop& loop);
    ~UnixSocketBackend() override;

    void write(std::span<const u8> characters) override;
    void prepare(std::vector<pollfd>& descriptors, u64& timeout_ns) override;
    void dispatch(std::span<const pollfd> descriptors) override;
    [[nodiscard]] u64 dropped() const { return output_.dropped(); }

private:
    UnixSocketBackend(std::string path, Descriptor listener, EventLoop& loop)
        : StreamBackend(loop), path_(std::move(path)), listener_(std::move(listener)) {}
    void accept_client();
    void lose_client();

    std::string path_;
    Descriptor listener_;
    Descriptor client_; // the loop's thread only
    OutputQueue output_;
};

// A new pseudo-terminal, whose name the user is told.
class PtyBackend final : public StreamBackend {
public:
    static Result<std::unique_ptr<PtyBackend>> create(EventLoop& loop);

    [[nodiscard]] const std::string& path() const { return path_; }
    void write(std::span<const u8> characters) override;
    void prepare(std::vector<pollfd>& descriptors, u64& timeout_ns) override;
    void dispatch(std::span<const pollfd> descriptors) override;

private:
    PtyBackend(std::string path, Descriptor master, Descriptor slave, EventLoop& loop);

    std::string path_;
    Descriptor master_;
    Descriptor slave_; // kept open, or the master would report a hang-up until someone comes
    OutputQueue output_;
};

struct SerialOptions {
    Terminal::Escape escape; // what Ctrl-] does on the terminal
};

// `spec` is stdio, none (or null), file:PATH, unix:PATH or pty.
Result<std::unique_ptr<CharacterBackend>> open_serial(std::string_view spec, EventLoop& loop,
                                                      SerialOptions options = {});

} // namespace orrery
