// Frames by the C++ wrapper. Takes the render program and an address for it to listen at.
#include "check.h"
#include "system.h"
#include <nearcall.hpp>

#include <thread>
#include <type_traits>

using namespace std::chrono_literals;
using nearcall::Frame;
using nearcall::Tier;

static_assert(!std::is_copy_constructible_v<Frame> && std::is_nothrow_move_constructible_v<Frame>);
static_assert(!std::is_copy_constructible_v<nearcall::Frames> && std::is_nothrow_move_assignable_v<nearcall::Frames>);

// The way that this system has without a call for a frame, and the one to try beside bytes.
#ifdef _WIN32
constexpr Tier best = Tier::handle, shared = Tier::handle;
#else
constexpr Tier best = Tier::broker, shared = Tier::proc;
#endif

static Child server;
static bool runs = false;

static void stop() {
    if (runs) kill_program(server);
    runs = false;
}

static void start(const char *program, const char *address) {
    CHECK(start_program(program, address, "160x120@60", &server));
    runs = true;
}

static std::uint64_t sum_of(nearcall::Bytes bytes) {
    std::uint64_t sum = 14695981039346656037u;
    for (const auto byte : bytes) sum = (sum ^ static_cast<std::uint64_t>(byte)) * 1099511628211u;
    return sum;
}

static void is_picture(const Frame &frame) {
    CHECK(frame && frame.video() != nullptr);
    CHECK(frame.audio() == nullptr && frame.state() == nullptr && !frame.opaque());
    CHECK(frame.video()->width == 160 && frame.video()->height == 120);
    CHECK(frame.bytes().size() == 160 * 120 * 4 && frame.row(119).size() == 640 && frame.row(120).empty());
    CHECK(frame.row(119).data() + 640 == frame.bytes().data() + frame.bytes().size());
    CHECK(frame.captured_ns() && *frame.captured_ns() <= frame.published_ns() && !frame.crc());
}

static void game_loop(nearcall::Channel &render) {
    auto frames = render.frames("render.main");
    CHECK(frames);
    CHECK(frames->info().state == NEARCALL_FRAMES_OPENING);
    std::uint64_t last = 0;
    for (int came = 0; came < 10; std::this_thread::sleep_for(1ms)) {
        auto frame = frames->poll();
        CHECK(frame);
        if (!*frame) continue;
        is_picture(*frame);
        CHECK(frame->seq() > last && frame->tier() == best && frame->lost() == 0);
        last = frame->seq();
        ++came;
    }
    CHECK(frames->info().taken == 10 && frames->info().held == 0);
}

static void leases(nearcall::Channel &render) {
    auto frames = render.frames("render.main", {.tiers = shared | Tier::inlined, .inline_below = 1});
    CHECK(frames);
    auto came = frames->wait(30s);
    CHECK(came);
    Frame held = *std::move(came);
    is_picture(held);
    CHECK(held.tier() == shared);
    const auto sum = sum_of(held.bytes());
    // What is moved away is empty, and what was there before is let go of.
    Frame other = std::move(held);
    CHECK(!held && held.bytes().empty() && held.video() == nullptr);
    {
        auto next = frames->wait(30s);
        CHECK(next && next->seq() > other.seq() && frames->info().held == 2);
        auto third = frames->wait(30s);
        CHECK(!third && third.error().result == NEARCALL_ERROR_HELD && third.error().text.find("drop one") != std::string::npos);
    }
    CHECK(frames->info().held == 1);
    *frames = nearcall::Frames();
    CHECK(sum_of(other.bytes()) == sum);
    std::thread([frame = std::move(other), sum] { CHECK(sum_of(frame.bytes()) == sum); }).join();
}

static void policies(nearcall::Channel &render) {
    auto frames = render.frames("render.main", {.policy = nearcall::Policy::drop_oldest(2)});
    CHECK(frames);
    std::uint64_t last = 0;
    for (int i = 0; i < 10; ++i) {
        auto frame = frames->wait(30s);
        CHECK(frame && (last == 0 || frame->seq() == last + frame->lost() + 1));
        last = frame->seq();
    }
    auto blocked = render.frames("render.main", {.policy = nearcall::Policy::block(1s, NEARCALL_THEN_EVICT)});
    CHECK(blocked && blocked->wait(30s));
    // It lags on purpose, and is told once.
    nearcall_result result = NEARCALL_OK;
    while (result == NEARCALL_OK) {
        std::this_thread::sleep_for(2s);
        auto frame = blocked->wait(30s);
        if (!frame) result = frame.error().result;
    }
    CHECK(result == NEARCALL_ERROR_EVICTED);
    auto over = blocked->poll();
    CHECK(!over && over.error().result == NEARCALL_ERROR_ENDED);
    auto sampled = render.frames("render.main", {.policy = nearcall::Policy::sample(1000)});
    CHECK(sampled && sampled->wait(30s));
}

static void refused(nearcall::Channel &render) {
    auto nothing = render.frames("render.nothing");
    CHECK(nothing);
    auto frame = nothing->wait(30s);
    CHECK(!frame && frame.error().result == NEARCALL_ERROR_NOT_FOUND);
    CHECK(frame.error().text.find("render.nothing") != std::string::npos);
    auto pins = render.frames("render.main", {.pins = 17});
    CHECK(!pins && pins.error().result == NEARCALL_ERROR_ARGUMENT);
    auto closed = nearcall::Frames().poll();
    CHECK(!closed && closed.error().result == NEARCALL_ERROR_HANDLE);
}

static void server_dies(nearcall::Channel &render) {
    auto frames = render.frames("render.main");
    CHECK(frames);
    auto held = frames->wait(30s);
    CHECK(held);
    const auto sum = sum_of(held->bytes());
    stop();
    // What was published before may still come, and that the server is gone is heard a moment later.
    nearcall_result result = NEARCALL_OK;
    for (int looks = 0; (result == NEARCALL_OK || result == NEARCALL_ERROR_TIMEOUT) && looks < 1000; ++looks) {
        auto frame = frames->wait(100ms);
        result = frame ? NEARCALL_OK : frame.error().result;
    }
    CHECK(result == NEARCALL_ERROR_CONNECT && frames->info().state == NEARCALL_FRAMES_GONE);
    is_picture(*held);
    CHECK(sum_of(held->bytes()) == sum);
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    CHECK(std::atexit(stop) == 0);
    start(argv[1], argv[2]);
    {
        auto render = nearcall::Channel::connect(argv[2], {.wait_for_ready = true, .connect_timeout = 30s});
        CHECK(render);
        game_loop(*render);
        leases(*render);
        policies(*render);
        refused(*render);
        server_dies(*render);
    }
    return all_held("frames++");
}
