#include "machine/fabric/event_loop.hpp"

#include <chrono>
#include <thread>

#include <unistd.h>

#include <algorithm>

#include "tests/support/catch.hpp"

using namespace orrery;

namespace {

constexpr u64 long_ns = 60'000'000'000; // a test that waited this long has failed

struct Fixture {
    MachineLock lock;
    std::unique_ptr<EventLoop> loop = EventLoop::create(lock).value();
};

// One end of a pipe, read when there is something.
class Pipe final : public PollSource {
public:
    explicit Pipe(MachineLock& lock) : lock_(lock) { REQUIRE(::pipe(ends_) == 0); }
    ~Pipe() override {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    void prepare(std::vector<pollfd>& descriptors, u64& timeout_ns) override {
        descriptors.push_back({ends_[0], POLLIN, 0});
        timeout_ns = std::min(timeout_ns, longest_ns);
    }
    void dispatch(std::span<const pollfd> descriptors) override {
        ++dispatched;
        locked = lock_.held_by_this_thread();
        REQUIRE(descriptors.size() == 1);
        CHECK(descriptors[0].fd == ends_[0]);
        if ((descriptors[0].revents & POLLIN) != 0) CHECK(::read(ends_[0], &received, 1) == 1);
        if (on_dispatch) on_dispatch();
    }
    void send(char byte) { REQUIRE(::write(ends_[1], &byte, 1) == 1); }

    u64 longest_ns = long_ns;
    int dispatched = 0;
    char received = 0;
    bool locked = false;
    std::function<void()> on_dispatch;

private:
    MachineLock& lock_;
    int ends_[2] = {-1, -1};
};

} // namespace

TEST_CASE("posted work runs on the loop's thread, in order, under the machine lock") {
    Fixture f;
    std::string order;
    bool locked = false;
    std::thread other([&] {
        f.loop->post([&] { order += '1'; });
        f.loop->post([&] {
            order += '2';
            locked = f.lock.held_by_this_thread();
        });
    });
    other.join();
    CHECK(order.empty());
    f.loop->run_once(long_ns);
    CHECK(order == "12");
    CHECK(locked);
    CHECK_FALSE(f.lock.held_by_this_thread());
}

TEST_CASE("work that posts more work sees it done in the next round") {
    Fixture f;
    int done = 0;
    f.loop->post([&] {
        ++done;
        f.loop->post([&] { ++done; });
    });
    f.loop->run_once(long_ns);
    CHECK(done == 1);
    f.loop->run_once(long_ns);
    CHECK(done == 2);
}

TEST_CASE("a wake ends a wait that has begun, and one that comes before it") {
    Fixture f;
    f.loop->wake();
    f.loop->wake();
    f.loop->run_once(~u64{0});
    std::thread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        f.loop->wake();
    });
    f.loop->run_once(~u64{0});
    other.join();
    const auto start = std::chrono::steady_clock::now();
    f.loop->run_once(2'000'000); // no wake is left over
    CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(2));
}

TEST_CASE("sources get their own descriptors when something comes, and after a time-out that they asked for") {
    Fixture f;
    Pipe first(f.lock), second(f.lock);
    f.loop->add(first);
    f.loop->add(second);
    second.send('x');
    f.loop->run_once(long_ns);
    CHECK(first.received == 0);
    CHECK(second.received == 'x');
    CHECK(second.locked);
    first.longest_ns = 1'000'000;
    f.loop->run_once(long_ns);
    CHECK(first.dispatched == 2);
}

TEST_CASE("a source that is removed, even by another one's dispatch, is left alone") {
    Fixture f;
    Pipe first(f.lock), second(f.lock);
    f.loop->add(first);
    f.loop->add(second);
    first.on_dispatch = [&] { f.loop->remove(second); };
    first.send('x');
    f.loop->run_once(long_ns);
    f.loop->run_once(0);
    CHECK(first.dispatched == 2);
    CHECK(second.dispatched == 0);
}
