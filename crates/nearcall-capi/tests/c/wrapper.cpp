// The C++ wrapper, against an arith and a host of its own. Takes the address of an arith and one to listen at.
#include "check.h"
#include "system.h"
#include <nearcall.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <type_traits>

using namespace std::chrono_literals;
using nearcall::bytes;
using nearcall::Code;
using nearcall::EventKind;

static_assert(!std::is_copy_constructible_v<nearcall::Stream> && std::is_nothrow_move_constructible_v<nearcall::Stream>);
static_assert(!std::is_copy_constructible_v<nearcall::Buffer> && !std::is_copy_constructible_v<nearcall::Host>);

static nearcall::Bytes pair(std::uint8_t (&room)[22], std::int64_t a, std::int64_t b) {
    return std::as_bytes(std::span(room, put_pair(room, a, b)));
}

static std::int64_t number(const nearcall::Buffer &message) {
    return number_in(reinterpret_cast<const std::uint8_t *>(message.bytes().data()), message.size(), 1);
}

static void calls(nearcall::Channel &arith) {
    std::uint8_t room[22];
    nearcall::Metadata with{{"arith-tag", "hello"}};
    CHECK(!with.add("Not Allowed", {}));
    auto product = arith.unary("/arith.v1.Arith/Multiply", pair(room, 17, 8), {.metadata = &with});
    CHECK(product && number(product->message) == 136);
    CHECK(product->metadata().find("arith-tag") == "hello");
    CHECK(!product->metadata().find("nothing"));

    auto failed = arith.unary("/arith.v1.Arith/Divide", pair(room, 1, 0));
    CHECK(!failed && failed.error().result == NEARCALL_ERROR_STATUS);
    CHECK(failed.error().code() == Code::invalid_argument);
    CHECK(failed.error().status.message() == "b must not be zero");
    CHECK(!failed.error().status.details().empty() && failed.error().status.reason().empty());
    const auto violations = failed.error().status.violations();
    CHECK(violations.size() == 1 && violations[0].field == "b");
    CHECK(std::string_view(nearcall::name(failed.error().code())) == "INVALID_ARGUMENT");

    auto wrong = arith.unary("wrong", {});
    CHECK(!wrong && wrong.error().result == NEARCALL_ERROR_ARGUMENT && !wrong.error().text.empty());
    CHECK(!wrong.error().status);
    auto nobody = nearcall::Channel::connect(NOWHERE);
    CHECK(!nobody && nobody.error().result == NEARCALL_ERROR_CONNECT);
}

static void streams(nearcall::Channel &arith) {
    auto opened = arith.open("/arith.v1.Arith/RunningTotal");
    CHECK(opened);
    nearcall::Stream stream = *std::move(opened);
    std::uint8_t room[16];
    for (std::int64_t i = 1; i <= 3; ++i) {
        CHECK(stream.send(std::as_bytes(std::span(room, put_number(room, 1, i)))));
        auto event = stream.wait(20s);
        CHECK(event && event->kind == EventKind::message && number(event->message) == i * (i + 1) / 2);
    }
    auto nothing = stream.poll();
    CHECK(nothing && nothing->kind == EventKind::none);
    auto late = stream.wait(1ms);
    CHECK(!late && late.error().result == NEARCALL_ERROR_TIMEOUT);
    CHECK(stream.finish());
    auto end = stream.wait();
    CHECK(end && end->kind == EventKind::end && end->code == Code::ok);
    CHECK(stream.status().code() == Code::ok && stream.metadata().find("arith-version") == "v1");

    std::mutex lock;
    std::condition_variable changed;
    std::int64_t sum = 0;
    bool over = false;
    std::uint8_t request[22];
    auto told = arith.open("/arith.v1.Arith/Count", {}, [&](nearcall_stream, const nearcall::Event &event) {
        std::lock_guard guard(lock);
        if (event.kind == EventKind::message) sum += number(event.message);
        if (event.kind == EventKind::end) over = true;
        changed.notify_all();
    });
    CHECK(told && told->send(pair(request, 1, 100)) && told->finish());
    std::unique_lock guard(lock);
    CHECK(changed.wait_for(guard, 20s, [&] { return over; }));
    CHECK(sum == 5050);
    guard.unlock();

    // A stream that goes out of scope is given up, and its callback freed.
    auto abandoned = arith.open("/arith.v1.Arith/RunningTotal", {}, [](nearcall_stream, const nearcall::Event &) {});
    CHECK(abandoned);
}

static void hosts(const char *address) {
    std::atomic<int> ended = 0;
    auto made = nearcall::Host::create(address, {.drain_timeout = 100ms});
    CHECK(made);
    nearcall::Host host = *std::move(made);
    CHECK(host.unary("/test.v1.Test/Echo", [](nearcall::Call call, const nearcall::Event &event) {
        CHECK(call.reply(event.message.bytes()));
        CHECK(!call.reply({}));
    }));
    CHECK(host.unary("/test.v1.Test/Later", [](nearcall::Call call, const nearcall::Event &) {
        std::thread([call] { CHECK(call.finish(Code::not_found, "nothing here")); }).detach();
    }));
    CHECK(host.stream("/test.v1.Test/Stream", [&](nearcall::Call call, const nearcall::Event &event) {
        if (event.kind == EventKind::message) CHECK(call.send(event.message.bytes()));
        if (event.kind == EventKind::half_closed) CHECK(call.finish());
        if (event.kind == EventKind::end) ++ended;
    }));
    CHECK(host.polled("/test.v1.Test/Polled", NEARCALL_METHOD_UNARY, &ended));
    CHECK(!host.polled("nothing", NEARCALL_METHOD_UNARY, nullptr));
    CHECK(host.start() && host.health("test.v1.Test", true));

    auto channel = nearcall::Channel::connect(host.address().c_str());
    CHECK(channel);
    auto echo = channel->unary("/test.v1.Test/Echo", bytes("hello"));
    CHECK(echo && echo->message.text() == "hello");
    auto later = channel->unary("/test.v1.Test/Later", {});
    CHECK(!later && later.error().code() == Code::not_found);
    auto stream = channel->open("/test.v1.Test/Stream");
    CHECK(stream && stream->send(bytes("one")) && stream->finish());
    CHECK(stream->wait(20s)->message.text() == "one");
    CHECK(stream->wait(20s)->kind == EventKind::end);
    auto polled = channel->unary_start("/test.v1.Test/Polled", bytes("hi"));
    CHECK(polled);
    for (;;) {
        auto arrival = host.poll();
        CHECK(arrival);
        if (arrival->event.kind == EventKind::message) {
            CHECK(arrival->context == &ended && arrival->event.message.text() == "hi");
            CHECK(arrival->call.reply(bytes("there")));
            break;
        }
        std::this_thread::yield();
    }
    CHECK(polled->wait(20s)->message.text() == "there");
    host.close();
    CHECK(ended == 1);
    CHECK(!host.poll());
}

/* A host that a channel hosts on its own connection listens nowhere. */
static void lends(const char *address) {
    auto made = nearcall::Host::create("");
    CHECK(made);
    nearcall::Host host = *std::move(made);
    CHECK(!nearcall::Channel::connect(address, {.host = &host}));
    CHECK(host.unary("/test.v1.Test/Echo", [](nearcall::Call call, const nearcall::Event &event) {
        CHECK(call.reply(event.message.bytes()));
    }));
    auto channel = nearcall::Channel::connect(address, {.host = &host});
    CHECK(channel);
    CHECK(!host.start());
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    {
        auto arith = nearcall::Channel::connect(argv[1], {.connect_timeout = 5s});
        CHECK(arith);
        calls(*arith);
        streams(*arith);
        hosts(argv[2]);
        lends(argv[1]);
    }
    return all_held("wrapper");
}
