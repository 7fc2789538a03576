// nearcall for C++20, over nearcall.h: handles that close themselves, results instead of error codes.
//
// Header-only; needs neither exceptions nor RTTI. The rules of nearcall.h hold, those on threads first of all: what waits
// says so, and must not be called from a callback; callbacks run on threads of the library and must not throw.
#ifndef NEARCALL_HPP
#define NEARCALL_HPP

#include <nearcall.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace nearcall {

using Bytes = std::span<const std::byte>;
using Milliseconds = std::chrono::milliseconds;

inline constexpr Milliseconds forever = Milliseconds::max();

// The gRPC status codes.
enum class Code : std::int32_t {
    ok = 0,
    cancelled = 1,
    unknown = 2,
    invalid_argument = 3,
    deadline_exceeded = 4,
    not_found = 5,
    already_exists = 6,
    permission_denied = 7,
    resource_exhausted = 8,
    failed_precondition = 9,
    aborted = 10,
    out_of_range = 11,
    unimplemented = 12,
    internal = 13,
    unavailable = 14,
    data_loss = 15,
    unauthenticated = 16,
};

// The code as gRPC spells it.
inline const char *name(Code code) {
    static constexpr const char *names[] = {
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
        "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"};
    const auto number = static_cast<std::size_t>(code);
    return number < std::size(names) ? names[number] : "UNKNOWN";
}

// The bytes of a text.
inline Bytes bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

namespace detail {

inline const std::uint8_t *data(Bytes bytes) { return reinterpret_cast<const std::uint8_t *>(bytes.data()); }

// 0 is the default in nearcall.h, so that a time of nothing becomes the shortest there is.
inline std::uint64_t time(std::optional<Milliseconds> time) {
    if (!time) return 0;
    if (*time == forever) return NEARCALL_FOREVER;
    return time->count() < 1 ? 1 : static_cast<std::uint64_t>(time->count());
}

// What a function writes into a buffer once it is large enough.
template <class Char, class Function>
nearcall_result copied(std::basic_string<Char> &to, bool text, Function function) {
    std::size_t needed = 0;
    nearcall_result result = function(nullptr, 0, &needed);
    // It may have grown in between.
    while (result == NEARCALL_ERROR_TOO_SMALL) {
        to.resize(needed);
        result = function(to.data(), to.size(), &needed);
    }
    if (result == NEARCALL_OK) to.resize(needed - (text && needed > 0 ? 1 : 0));
    return result;
}

inline std::string last_error() {
    std::string text;
    copied(text, true, [](char *to, std::size_t room, std::size_t *needed) {
        return nearcall_last_error(to, room, needed);
    });
    return text;
}

// A handle that is closed once.
template <nearcall_result (*Close)(std::uint64_t)>
class Handle {
public:
    Handle() = default;
    explicit Handle(std::uint64_t id) : id_(id) {}
    Handle(Handle &&other) noexcept : id_(std::exchange(other.id_, 0)) {}
    Handle &operator=(Handle &&other) noexcept {
        if (this != &other) {
            close();
            id_ = std::exchange(other.id_, 0);
        }
        return *this;
    }
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;
    ~Handle() { close(); }

    void close() {
        if (id_ != 0) Close(std::exchange(id_, 0));
    }
    // Leaves closing to somebody else.
    std::uint64_t release() { return std::exchange(id_, 0); }
    std::uint64_t id() const { return id_; }
    explicit operator bool() const { return id_ != 0; }

private:
    std::uint64_t id_ = 0;
};

} // namespace detail

// Bytes that the library allocated, given back in the end; those of an event in a callback are only lent.
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(nearcall_buffer buffer) : buffer_(buffer) {}
    Buffer(Buffer &&other) noexcept : buffer_(std::exchange(other.buffer_, {})) {}
    Buffer &operator=(Buffer &&other) noexcept {
        std::swap(buffer_, other.buffer_);
        return *this;
    }
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    ~Buffer() { nearcall_buffer_free(&buffer_); }

    Bytes bytes() const {
        return buffer_.len == 0 ? Bytes() : Bytes(reinterpret_cast<const std::byte *>(buffer_.data), buffer_.len);
    }
    std::size_t size() const { return buffer_.len; }
    std::string_view text() const {
        return {buffer_.len == 0 ? "" : reinterpret_cast<const char *>(buffer_.data), buffer_.len};
    }

private:
    nearcall_buffer buffer_{};
};

// Key and value pairs that go along with a call.
class Metadata {
public:
    Metadata() { nearcall_metadata_new(&id_); }
    explicit Metadata(nearcall_metadata id) : id_(id) {}
    Metadata(std::initializer_list<std::pair<const char *, std::string_view>> pairs) : Metadata() {
        for (const auto &[key, value] : pairs) add(key, nearcall::bytes(value));
    }
    Metadata(Metadata &&other) noexcept : id_(std::exchange(other.id_, 0)) {}
    Metadata &operator=(Metadata &&other) noexcept {
        std::swap(id_, other.id_);
        return *this;
    }
    Metadata(const Metadata &) = delete;
    Metadata &operator=(const Metadata &) = delete;
    ~Metadata() {
        if (id_ != 0) nearcall_metadata_close(id_);
    }

    // Whether the pair may be sent: keys are lower-case ASCII, and the values of those that end in "-bin" any bytes.
    bool add(const char *key, Bytes value) {
        return nearcall_metadata_add(id_, key, detail::data(value), value.size()) == NEARCALL_OK;
    }
    // The first value of a key.
    std::optional<std::string> find(const char *key) const {
        std::string value;
        const auto result = detail::copied(value, false, [&](char *to, std::size_t room, std::size_t *needed) {
            return nearcall_metadata_find(id_, key, reinterpret_cast<std::uint8_t *>(to), room, needed);
        });
        return result == NEARCALL_OK ? std::optional(std::move(value)) : std::nullopt;
    }
    std::size_t size() const {
        std::size_t count = 0;
        nearcall_metadata_count(id_, &count);
        return count;
    }
    nearcall_metadata id() const { return id_; }

private:
    nearcall_metadata id_ = 0;
};

// A field of the request that was wrong.
struct Violation {
    std::string field;
    std::string description;
};

// How a call ended.
class Status {
public:
    Status() = default;
    explicit Status(nearcall_status id) : handle_(id) {}

    Code code() const {
        std::int32_t code = static_cast<std::int32_t>(Code::unknown);
        nearcall_status_code(handle_.id(), &code);
        return static_cast<Code>(code);
    }
    std::string message() const { return text<nearcall_status_message>(); }
    // From google.rpc.ErrorInfo; empty where there is none.
    std::string reason() const { return text<nearcall_status_reason>(); }
    std::string domain() const { return text<nearcall_status_domain>(); }
    // An encoded google.rpc.Status, or nothing.
    std::string details() const {
        std::string details;
        detail::copied(details, false, [&](char *to, std::size_t room, std::size_t *needed) {
            return nearcall_status_details(handle_.id(), reinterpret_cast<std::uint8_t *>(to), room, needed);
        });
        return details;
    }
    // From google.rpc.BadRequest.
    std::vector<Violation> violations() const {
        std::size_t count = 0;
        nearcall_status_violation_count(handle_.id(), &count);
        std::vector<Violation> all(count);
        for (std::size_t i = 0; i < count; ++i) {
            detail::copied(all[i].field, true, [&](char *to, std::size_t room, std::size_t *needed) {
                return nearcall_status_violation_field(handle_.id(), i, to, room, needed);
            });
            detail::copied(all[i].description, true, [&](char *to, std::size_t room, std::size_t *needed) {
                return nearcall_status_violation_description(handle_.id(), i, to, room, needed);
            });
        }
        return all;
    }
    Metadata metadata() const {
        nearcall_metadata id = 0;
        nearcall_status_metadata(handle_.id(), &id);
        return Metadata(id);
    }
    explicit operator bool() const { return static_cast<bool>(handle_); }

private:
    template <auto Function>
    std::string text() const {
        std::string text;
        detail::copied(text, true, [&](char *to, std::size_t room, std::size_t *needed) {
            return Function(handle_.id(), to, room, needed);
        });
        return text;
    }

    detail::Handle<nearcall_status_close> handle_;
};

// Why something was not done. With NEARCALL_ERROR_STATUS there is a status.
struct Error {
    nearcall_result result = NEARCALL_OK;
    std::string text;
    Status status;

    Code code() const { return status ? status.code() : Code::unknown; }
};

// A value, or why there is none.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

    explicit operator bool() const { return held_.index() == 0; }
    T &operator*() & { return *std::get_if<0>(&held_); }
    T &&operator*() && { return std::move(*std::get_if<0>(&held_)); }
    T *operator->() { return std::get_if<0>(&held_); }
    // Only where there is no value.
    const Error &error() const { return *std::get_if<1>(&held_); }

private:
    std::variant<T, Error> held_;
};

using Done = Result<std::monostate>;

namespace detail {

inline Error error(nearcall_result result, nearcall_status status = 0) {
    return Error{result, last_error(), Status(status)};
}

inline Done done(nearcall_result result) {
    if (result == NEARCALL_OK) return std::monostate{};
    return error(result);
}

} // namespace detail

enum class EventKind : std::uint32_t {
    none = NEARCALL_EVENT_NONE,
    message = NEARCALL_EVENT_MESSAGE,
    end = NEARCALL_EVENT_END,
    open = NEARCALL_EVENT_OPEN,
    half_closed = NEARCALL_EVENT_HALF_CLOSED,
};

// What happened on a call.
struct Event {
    EventKind kind = EventKind::none;
    // With EventKind::end, on the caller's side.
    Code code = Code::ok;
    Buffer message;

    explicit Event(const nearcall_event &event)
        : kind(static_cast<EventKind>(event.kind)), code(static_cast<Code>(event.code)), message(event.message) {}
};

class Host;

struct ChannelOptions {
    bool wait_for_ready = false;
    std::optional<Milliseconds> connect_timeout = {};
    std::optional<Milliseconds> unary_deadline = {};
    // Not started: the channel hosts its methods on its own connection, for the server to call.
    const Host *host = nullptr;
};

struct CallOptions {
    bool wait_for_ready = false;
    std::optional<Milliseconds> deadline = {};
    std::size_t message_max = 0; // bytes; 0 is 4 MiB
    const Metadata *metadata = nullptr;
};

// A message, and what came along with it.
struct Reply {
    Buffer message;
    Status status;

    Bytes bytes() const { return message.bytes(); }
    Metadata metadata() const { return status.metadata(); }
};

// A call that this process makes.
class Stream {
public:
    using OnEvent = std::function<void(nearcall_stream, const Event &)>;

    Stream() = default;
    explicit Stream(nearcall_stream id) : handle_(id) {}

    // Never waits; NEARCALL_ERROR_FULL says to try again later.
    Done send(Bytes message) {
        return detail::done(nearcall_stream_send(id(), detail::data(message), message.size()));
    }
    // Waits for space.
    Done send_wait(Bytes message, Milliseconds limit) {
        return detail::done(
            nearcall_stream_send_wait(id(), detail::data(message), message.size(), detail::time(limit)));
    }
    Done finish() { return detail::done(nearcall_stream_finish(id())); }
    // Never waits: EventKind::none where nothing came.
    Result<Event> poll() {
        nearcall_event event{};
        event.size = sizeof event;
        if (auto result = nearcall_stream_poll(id(), &event); result != NEARCALL_OK) return detail::error(result);
        return Event(event);
    }
    // Waits until something comes.
    Result<Event> wait(Milliseconds limit = forever) {
        nearcall_event event{};
        event.size = sizeof event;
        const auto result = nearcall_stream_wait(id(), detail::time(limit), &event);
        if (result != NEARCALL_OK) return detail::error(result);
        return Event(event);
    }
    // From any thread.
    void cancel() { nearcall_stream_cancel(id()); }
    // How it ended; there with EventKind::end.
    Status status() const {
        nearcall_status status = 0;
        nearcall_stream_status(id(), &status);
        return Status(status);
    }
    // What came before the first message.
    Metadata metadata() const {
        nearcall_metadata metadata = 0;
        nearcall_stream_metadata(id(), &metadata);
        return Metadata(metadata);
    }
    nearcall_stream id() const { return handle_.id(); }
    // Lets the call go on without this object; its callback still hears of the end.
    nearcall_stream release() { return handle_.release(); }

private:
    detail::Handle<nearcall_stream_close> handle_;
};

// How frames come; or-ed together, the ways that they may.
enum class Tier : std::uint32_t {
    none = NEARCALL_TIER_NONE,
    broker = NEARCALL_TIER_BROKER,
    proc = NEARCALL_TIER_PROC,
    inlined = NEARCALL_TIER_INLINE,
    file = NEARCALL_TIER_FILE,
    handle = NEARCALL_TIER_HANDLE,
};

constexpr Tier operator|(Tier one, Tier other) {
    return static_cast<Tier>(static_cast<std::uint32_t>(one) | static_cast<std::uint32_t>(other));
}

// Which frames come.
struct Policy {
    nearcall_frames_policy kind = NEARCALL_FRAMES_LATEST;
    std::uint32_t number = 0; // the depth, or how often in a second
    Milliseconds max_wait = {};
    nearcall_frames_then then = NEARCALL_THEN_DROP_NEW;

    // The newest one.
    static Policy latest() { return {}; }
    // Every one in turn, at most `depth` behind the newest.
    static Policy drop_oldest(std::uint32_t depth) { return {NEARCALL_FRAMES_DROP_OLDEST, depth, {}, {}}; }
    // Every one in turn: the writer waits for this reader.
    static Policy block(Milliseconds max_wait, nearcall_frames_then then) {
        return {NEARCALL_FRAMES_BLOCK, 0, max_wait, then};
    }
    // The newest one, at most so many times in a second.
    static Policy sample(std::uint32_t hz) { return {NEARCALL_FRAMES_SAMPLE, hz, {}, {}}; }
};

struct FrameOptions {
    Policy policy = {};
    std::uint32_t pins = 0;         // frames that may be held at once; 0 is 2
    Tier tiers = Tier::none;        // none stands for all but files
    std::uint64_t inline_below = 0; // bytes; 0 is 64 KiB
};

// A frame that is held: its writer leaves it alone until this is gone. It may go to another thread, and may outlive the
// Frames that it is of.
class Frame {
public:
    Frame() = default;
    explicit Frame(const nearcall_frame &frame) : frame_(frame) {}
    Frame(Frame &&other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    Frame &operator=(Frame &&other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    Frame(const Frame &) = delete;
    Frame &operator=(const Frame &) = delete;
    ~Frame() { release(); }

    void release() {
        if (frame_.lease != 0) nearcall_frame_release(&frame_);
    }
    explicit operator bool() const { return frame_.lease != 0; }

    // In place; not to be looked at once the frame is released.
    Bytes bytes() const {
        return frame_.len == 0 ? Bytes() : Bytes(reinterpret_cast<const std::byte *>(frame_.data), frame_.len);
    }
    std::uint64_t seq() const { return frame_.seq; }
    std::uint64_t epoch() const { return frame_.epoch; }
    std::uint64_t lost() const { return frame_.lost; }
    // Nanoseconds since 1970; none where the writer did not say when what it shows was so.
    std::optional<std::uint64_t> captured_ns() const {
        return frame_.captured_ns == 0 ? std::nullopt : std::optional(frame_.captured_ns);
    }
    std::uint64_t published_ns() const { return frame_.published_ns; }
    Tier tier() const { return static_cast<Tier>(frame_.tier); }
    std::optional<std::uint32_t> crc() const {
        return frame_.has_crc == 0 ? std::nullopt : std::optional(frame_.crc);
    }
    std::span<const std::uint8_t, 24> user() const { return std::span<const std::uint8_t, 24>(frame_.user); }

    // What the bytes are: none of these where it is of another kind.
    const nearcall_video *video() const { return is(NEARCALL_META_VIDEO) ? &frame_.meta.video : nullptr; }
    const nearcall_audio *audio() const { return is(NEARCALL_META_AUDIO) ? &frame_.meta.audio : nullptr; }
    const nearcall_state *state() const { return is(NEARCALL_META_STATE) ? &frame_.meta.state : nullptr; }
    std::optional<Bytes> opaque() const {
        if (!is(NEARCALL_META_OPAQUE)) return std::nullopt;
        return std::as_bytes(std::span(frame_.meta.opaque.bytes, frame_.meta.opaque.len));
    }
    // Row `y` of a picture; empty where there is none, or the frame has fewer bytes than its writer says.
    Bytes row(std::uint32_t y) const {
        const auto *picture = video();
        if (picture == nullptr || y >= picture->height) return {};
        const std::uint64_t at = std::uint64_t{picture->stride} * y;
        if (at + picture->stride > frame_.len) return {};
        return bytes().subspan(static_cast<std::size_t>(at), picture->stride);
    }
    const nearcall_frame &raw() const { return frame_; }

private:
    bool is(nearcall_meta_kind kind) const { return *this && frame_.meta_kind == static_cast<std::uint32_t>(kind); }

    nearcall_frame frame_{};
};

// Frames of one channel, as they come. Opened by Channel::frames.
class Frames {
public:
    Frames() = default;
    explicit Frames(nearcall_frames id) : handle_(id) {}

    // Never waits: an empty frame where none came. See nearcall_frames_poll for what it may fail by.
    Result<Frame> poll() {
        return take([&](nearcall_frame *frame) { return nearcall_frames_poll(id(), frame); });
    }
    // Waits until one comes. NEARCALL_ERROR_CONNECT says that the server is gone; wait again, and they go on.
    Result<Frame> wait(Milliseconds limit = forever) {
        return take([&](nearcall_frame *frame) { return nearcall_frames_wait(id(), detail::time(limit), frame); });
    }
    nearcall_frames_info info() const {
        nearcall_frames_info info{};
        info.size = sizeof info;
        nearcall_frames_get_info(id(), &info);
        return info;
    }
    nearcall_frames id() const { return handle_.id(); }

private:
    template <class Function>
    static Result<Frame> take(Function function) {
        nearcall_frame frame{};
        frame.size = sizeof frame;
        if (auto result = function(&frame); result != NEARCALL_OK) return detail::error(result);
        return Frame(frame);
    }

    detail::Handle<nearcall_frames_close> handle_;
};

// A connection to a server that comes back by itself.
class Channel {
public:
    Channel() = default;

    // Waits until it is connected.
    static Result<Channel> connect(const char *target, const ChannelOptions &options = {}) {
        return make(nearcall_channel_connect, target, options);
    }
    // The first call connects.
    static Result<Channel> lazy(const char *target, const ChannelOptions &options = {}) {
        return make(nearcall_channel_lazy, target, options);
    }
    // Waits for the answer.
    Result<Reply> unary(const char *path, Bytes request, const CallOptions &options = {}) {
        const nearcall_call_options with = raw(options);
        nearcall_buffer reply{};
        nearcall_status status = 0;
        const auto result =
            nearcall_unary(id(), path, detail::data(request), request.size(), &with, &reply, &status);
        if (result != NEARCALL_OK) return detail::error(result, status);
        return Reply{Buffer(reply), Status(status)};
    }
    // Does not wait: the answer is found on the stream.
    Result<Stream> unary_start(const char *path, Bytes request, const CallOptions &options = {},
                               Stream::OnEvent on_event = nullptr) {
        return begin(options, std::move(on_event), [&](const nearcall_call_options *with, nearcall_stream *stream) {
            return nearcall_unary_start(id(), path, detail::data(request), request.size(), with, stream);
        });
    }
    // A call that streams in either direction, or both. Without a callback it is polled.
    Result<Stream> open(const char *path, const CallOptions &options = {}, Stream::OnEvent on_event = nullptr) {
        return begin(options, std::move(on_event), [&](const nearcall_call_options *with, nearcall_stream *stream) {
            return nearcall_stream_open(id(), path, with, stream);
        });
    }
    // Frames by a channel's name, such as "render.main". Never waits: poll and wait say whether it is there.
    Result<Frames> frames(const char *name, const FrameOptions &options = {}) {
        nearcall_frames_options with{};
        with.size = sizeof with;
        with.policy = options.policy.kind;
        with.depth = options.policy.kind == NEARCALL_FRAMES_DROP_OLDEST ? options.policy.number : 0;
        with.hz = options.policy.kind == NEARCALL_FRAMES_SAMPLE ? options.policy.number : 0;
        with.max_wait_ms = static_cast<std::uint32_t>(options.policy.max_wait.count());
        with.then = options.policy.then;
        with.pins = options.pins;
        with.tiers = static_cast<std::uint32_t>(options.tiers);
        with.inline_below = options.inline_below;
        nearcall_frames frames = 0;
        if (auto result = nearcall_frames_open(id(), name, &with, &frames); result != NEARCALL_OK)
            return detail::error(result);
        return Frames(frames);
    }
    nearcall_channel id() const { return handle_.id(); }

private:
    template <class Function>
    static Result<Channel> make(Function function, const char *target, const ChannelOptions &options) {
        nearcall_channel_options with{};
        with.size = sizeof with;
        with.flags = options.wait_for_ready ? NEARCALL_WAIT_FOR_READY : 0;
        with.connect_timeout_ms = detail::time(options.connect_timeout);
        with.unary_deadline_ms = detail::time(options.unary_deadline);
        with.host = hosted(options);
        Channel channel;
        nearcall_channel id = 0;
        if (auto result = function(target, &with, &id); result != NEARCALL_OK) return detail::error(result);
        channel.handle_ = detail::Handle<nearcall_channel_close>(id);
        return channel;
    }

    static nearcall_host hosted(const ChannelOptions &options);

    static nearcall_call_options raw(const CallOptions &options) {
        nearcall_call_options with{};
        with.size = sizeof with;
        with.flags = options.wait_for_ready ? NEARCALL_WAIT_FOR_READY : 0;
        with.deadline_ms = detail::time(options.deadline);
        with.message_max = options.message_max;
        with.metadata = options.metadata ? options.metadata->id() : 0;
        return with;
    }

    template <class Function>
    Result<Stream> begin(const CallOptions &options, Stream::OnEvent on_event, Function function) {
        nearcall_call_options with = raw(options);
        std::unique_ptr<Stream::OnEvent> kept;
        if (on_event) {
            kept = std::make_unique<Stream::OnEvent>(std::move(on_event));
            with.on_event = &Channel::tell;
            with.context = kept.get();
        }
        nearcall_stream stream = 0;
        if (auto result = function(&with, &stream); result != NEARCALL_OK) return detail::error(result);
        // The end frees it: there is exactly one.
        (void)kept.release();
        return Stream(stream);
    }

    static void tell(void *context, nearcall_stream stream, const nearcall_event *event) noexcept {
        auto *on_event = static_cast<Stream::OnEvent *>(context);
        (*on_event)(stream, Event(*event));
        if (event->kind == NEARCALL_EVENT_END) delete on_event;
    }

    detail::Handle<nearcall_channel_close> handle_;
};

// A call that this process answers. Copies are the same call; reply, finish and close end it, and so does its last event.
class Call {
public:
    explicit Call(nearcall_served id) : id_(id) {}

    // A unary call's one answer, at once or any time later, from any thread.
    Done reply(Bytes message, const Metadata *metadata = nullptr) const {
        return detail::done(
            nearcall_served_reply(id_, metadata ? metadata->id() : 0, detail::data(message), message.size()));
    }
    // The end of a stream, or the failure of a unary call.
    Done finish(Code code = Code::ok, const char *message = nullptr, Bytes details = {},
                const Metadata *metadata = nullptr) const {
        return detail::done(nearcall_served_finish(id_, static_cast<std::int32_t>(code), message,
                                                   detail::data(details), details.size(),
                                                   metadata ? metadata->id() : 0));
    }
    // Never waits.
    Done send(Bytes message) const {
        return detail::done(nearcall_served_send(id_, detail::data(message), message.size()));
    }
    Done send_wait(Bytes message, Milliseconds limit) const {
        return detail::done(
            nearcall_served_send_wait(id_, detail::data(message), message.size(), detail::time(limit)));
    }
    Done send_metadata(const Metadata &metadata) const {
        return detail::done(nearcall_served_send_metadata(id_, metadata.id()));
    }
    Metadata metadata() const {
        nearcall_metadata metadata = 0;
        nearcall_served_metadata(id_, &metadata);
        return Metadata(metadata);
    }
    void close() const { nearcall_served_close(id_); }
    nearcall_served id() const { return id_; }

private:
    nearcall_served id_;
};

struct HostOptions {
    std::optional<Milliseconds> drain_timeout = {};
    std::optional<Milliseconds> unary_deadline = {};
};

// What happened on a call to a host that is polled.
struct Arrival {
    Call call;
    Event event;
    // What the method was added with.
    void *context;
};

// A server in this process. When it is closed, or gone, none of its callbacks runs.
class Host {
public:
    using OnCall = std::function<void(Call, const Event &)>;

    Host() = default;
    Host(Host &&) = default;
    Host &operator=(Host &&other) noexcept {
        // First the old host, then the functions that it calls.
        handle_ = std::move(other.handle_);
        methods_ = std::move(other.methods_);
        return *this;
    }
    ~Host() { handle_.close(); }

    static Result<Host> create(const char *target, const HostOptions &options = {}) {
        nearcall_host_options with{};
        with.size = sizeof with;
        with.drain_timeout_ms = detail::time(options.drain_timeout);
        with.unary_deadline_ms = detail::time(options.unary_deadline);
        nearcall_host id = 0;
        if (auto result = nearcall_host_new(target, &with, &id); result != NEARCALL_OK) return detail::error(result);
        Host host;
        host.handle_ = detail::Handle<nearcall_host_close>(id);
        return host;
    }
    Done unary(const char *path, OnCall on_call) { return add(path, NEARCALL_METHOD_UNARY, std::move(on_call)); }
    Done stream(const char *path, OnCall on_call) { return add(path, NEARCALL_METHOD_STREAM, std::move(on_call)); }
    // Methods that are found by poll; `context` tells them apart.
    Done polled(const char *path, nearcall_method_kind kind, void *context) {
        return detail::done(nearcall_host_method(id(), path, kind, nullptr, context));
    }
    // Lets reflection know a service: an encoded google.protobuf.FileDescriptorSet, imports included.
    Done describe(const char *service, Bytes descriptors) {
        return detail::done(
            nearcall_host_describe(id(), service, detail::data(descriptors), descriptors.size()));
    }
    // Waits until the host listens.
    Done start() { return detail::done(nearcall_host_start(id())); }
    // Never waits: EventKind::none where nothing came.
    Result<Arrival> poll() {
        nearcall_event event{};
        event.size = sizeof event;
        nearcall_served call = 0;
        void *context = nullptr;
        const auto result = nearcall_host_poll(id(), &event, &call, &context);
        if (result != NEARCALL_OK) return detail::error(result);
        return Arrival{Call(call), Event(event), context};
    }
    std::string address() const {
        std::string address;
        detail::copied(address, true, [&](char *to, std::size_t room, std::size_t *needed) {
            return nearcall_host_address(id(), to, room, needed);
        });
        return address;
    }
    Done health(const char *service, bool serving) {
        return detail::done(nearcall_host_health(id(), service, serving ? 1 : 0));
    }
    void close() { handle_.close(); }
    nearcall_host id() const { return handle_.id(); }

private:
    Done add(const char *path, nearcall_method_kind kind, OnCall on_call) {
        methods_.push_back(std::make_unique<OnCall>(std::move(on_call)));
        return detail::done(nearcall_host_method(id(), path, kind, &Host::tell, methods_.back().get()));
    }

    static void tell(void *context, nearcall_served call, const nearcall_event *event) noexcept {
        (*static_cast<OnCall *>(context))(Call(call), Event(*event));
    }

    std::vector<std::unique_ptr<OnCall>> methods_;
    detail::Handle<nearcall_host_close> handle_;
};

inline nearcall_host Channel::hosted(const ChannelOptions &options) { return options.host ? options.host->id() : 0; }

} // namespace nearcall

#endif
