// The two ends of a stream of characters: a port of the guest (a UART, a virtio console) and where it leads on the host
// (a terminal, a socket, a file). Both are called under the machine lock.
#pragma once

#include <cstddef>
#include <span>

#include "machine/fabric/types.hpp"

namespace orrery {

// The guest's end of the input.
class CharacterReceiver {
public:
    virtual ~CharacterReceiver() = default;
    // Takes as many of `characters` as there is room for, from the front, and says how many. The back end keeps the
    // rest and offers it again after resume_input(), so that nothing pasted into a terminal is lost.
    virtual std::size_t receive(std::span<const u8> characters) = 0;
    // The line was held at 0 for longer than a character.
    virtual void receive_break() {}
};

// The host's end.
class CharacterBackend {
public:
    virtual ~CharacterBackend() = default;
    // Who gets the input from now on; a port calls it when it is built.
    void connect(CharacterReceiver& receiver) { receiver_ = &receiver; }
    // Must not keep the calling vCPU waiting for a slow peer: what the host can't take is dropped and counted.
    virtual void write(std::span<const u8> characters) = 0;
    // The guest holds the outgoing line at 0, or lets go of it.
    virtual void set_break(bool) {}
    // The receiver has room again. Must not call receive() from here.
    virtual void resume_input() {}

protected:
    [[nodiscard]] CharacterReceiver* receiver() const { return receiver_; }

private:
    CharacterReceiver* receiver_ = nullptr;
};

// Leads nowhere.
class NullCharacterBackend final : public CharacterBackend {
public:
    void write(std::span<const u8>) override {}
};

} // namespace orrery
