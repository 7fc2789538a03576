// The layout of a frame channel's memory, read without libnearcall: docs/frames.md, in C++20.
//
// For memory that is at rest, such as a region that was saved to a file. While its writer is at work a frame has to be
// held, or it is overwritten as it is read: nearcall.hpp does that, and has the frames of a live channel.
//
// What stands in the memory is the writer's word. No offset, length or index of it is followed: places follow from what
// the server granted, a slot's number is held against the number of slots, and lengths are cut to what there is.
#ifndef NEARCALL_FRAME_LAYOUT_HPP
#define NEARCALL_FRAME_LAYOUT_HPP

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nearcall::layout {

static_assert(std::endian::native == std::endian::little && sizeof(std::size_t) == 8,
              "frames are laid out for 64-bit little-endian machines");

using Bytes = std::span<const std::byte>;

inline constexpr std::uint64_t layout_hash = 0xdd31b441b67dfe9b;
inline constexpr std::uint16_t major_version = 1;
inline constexpr std::size_t header_bytes = 256;
inline constexpr std::size_t slot_header_bytes = 256;
inline constexpr std::size_t descriptor_bytes = 64;
inline constexpr std::size_t page_bytes = 4096;
inline constexpr std::size_t meta_bytes = 160;
inline constexpr std::size_t damage_max = 8;
inline constexpr std::uint32_t slots_max = 4096;
inline constexpr std::uint64_t payload_bytes_max = std::uint64_t{1} << 30;
inline constexpr std::uint64_t region_bytes_max = std::uint64_t{1} << 34;

// What a server grants to a reader, by another way than the memory.
struct Granted {
    std::uint64_t epoch = 0;
    std::uint64_t channel = 0;
    std::uint64_t region = 0;
    std::uint32_t slots = 0;
    std::uint32_t history = 0;
    std::uint64_t payload_bytes = 0;
};

// Why a region is not the one that was granted, or none at all.
struct Refused {
    enum class Reason { length, magic, version, layout, geometry, field, identity } reason;
    std::string words;
};

inline const char *name(Refused::Reason reason) {
    static constexpr const char *names[] = {"length", "magic", "version", "layout", "geometry", "field", "identity"};
    return names[static_cast<std::size_t>(reason)];
}

// Why there is no frame in a region that is right.
struct NoFrame {
    enum class Reason { nothing, overtaken, damaged } reason;
    std::string words;
};

inline const char *name(NoFrame::Reason reason) {
    static constexpr const char *names[] = {"nothing", "overtaken", "damaged"};
    return names[static_cast<std::size_t>(reason)];
}

struct Rectangle {
    std::uint32_t x, y, width, height;
};

struct Opaque {
    Bytes bytes;
};

struct Video {
    std::uint32_t width, height, stride;
    std::array<char, 4> fourcc;
    std::vector<Rectangle> damage; // empty: everything may have changed
};

struct Audio {
    std::uint32_t rate;
    std::uint16_t channels, format; // format 1: i16, 2: f32
    std::uint64_t pts;
    std::uint32_t moments;
};

struct State {
    std::uint64_t schema, base;
    std::uint32_t kind; // 1: snapshot, 2: delta
};

// Of a kind that this version does not know, or not as its kind has to be.
struct Unknown {
    std::uint16_t kind;
};

using Meta = std::variant<Opaque, Video, Audio, State, Unknown>;

// A frame, in place.
struct Frame {
    std::uint64_t seq;
    std::uint32_t slot;
    Bytes payload;
    std::uint64_t captured;  // nanoseconds since 1970; 0 when not said
    std::uint64_t published; // nanoseconds since 1970
    std::optional<std::uint32_t> crc;
    Bytes user;
    Meta meta;
};

namespace detail {

// A number at a place that is within the bytes, by the caller's word.
template <class Number>
Number number(Bytes bytes, std::size_t at) {
    Number number;
    std::memcpy(&number, bytes.subspan(at, sizeof number).data(), sizeof number);
    return number;
}

inline std::uint64_t up_to(std::uint64_t number, std::uint64_t multiple) {
    return (number + multiple - 1) / multiple * multiple;
}

// Where things are, as it follows from the slots.
struct Places {
    std::uint64_t stride, slot_headers_at, payloads_at, region_bytes;
};

// None where there cannot be such slots.
inline std::optional<Places> places(std::uint32_t slots, std::uint32_t history, std::uint64_t payload_bytes) {
    if (slots > slots_max || slots < std::uint64_t{history} + 2) return std::nullopt;
    if (payload_bytes == 0 || payload_bytes > payload_bytes_max) return std::nullopt;
    Places places{};
    // The limits above keep this far from the end of 64 bits.
    places.stride = up_to(payload_bytes, page_bytes);
    places.slot_headers_at = header_bytes + descriptor_bytes * std::uint64_t{slots};
    places.payloads_at = up_to(places.slot_headers_at + slot_header_bytes * std::uint64_t{slots}, page_bytes);
    places.region_bytes = places.payloads_at + places.stride * slots;
    if (places.region_bytes > region_bytes_max) return std::nullopt;
    return places;
}

inline std::optional<Meta> video(Bytes bytes) {
    if (bytes.size() < 32) return std::nullopt;
    Video video{number<std::uint32_t>(bytes, 0), number<std::uint32_t>(bytes, 4), number<std::uint32_t>(bytes, 8), {}, {}};
    std::memcpy(video.fourcc.data(), bytes.data() + 12, 4);
    const auto damaged = number<std::uint32_t>(bytes, 16);
    if (damaged > damage_max || bytes.size() < 32 + std::size_t{damaged} * 16) return std::nullopt;
    for (std::size_t at = 32; at < 32 + std::size_t{damaged} * 16; at += 16)
        video.damage.push_back({number<std::uint32_t>(bytes, at), number<std::uint32_t>(bytes, at + 4),
                                number<std::uint32_t>(bytes, at + 8), number<std::uint32_t>(bytes, at + 12)});
    return video;
}

inline std::optional<Meta> audio(Bytes bytes) {
    if (bytes.size() < 24) return std::nullopt;
    const Audio audio{number<std::uint32_t>(bytes, 0), number<std::uint16_t>(bytes, 4), number<std::uint16_t>(bytes, 6),
                      number<std::uint64_t>(bytes, 8), number<std::uint32_t>(bytes, 16)};
    if (audio.format != 1 && audio.format != 2) return std::nullopt;
    return audio;
}

inline std::optional<Meta> state(Bytes bytes) {
    if (bytes.size() < 24) return std::nullopt;
    const State state{number<std::uint64_t>(bytes, 0), number<std::uint64_t>(bytes, 8), number<std::uint32_t>(bytes, 16)};
    if (state.kind != 1 && state.kind != 2) return std::nullopt;
    return state;
}

inline Meta meta(std::uint16_t kind, Bytes bytes) {
    std::optional<Meta> found;
    if (kind == 0) found = Opaque{bytes};
    if (kind == 1) found = video(bytes);
    if (kind == 2) found = audio(bytes);
    if (kind == 3) found = state(bytes);
    return found ? *std::move(found) : Meta{Unknown{kind}};
}

} // namespace detail

// A region of memory that is what was granted. The bytes stay the caller's, and have to stay.
class Region {
public:
    static std::variant<Region, Refused> open(Bytes bytes, const Granted &granted) {
        using Reason = Refused::Reason;
        const auto wanted = detail::places(granted.slots, granted.history, granted.payload_bytes);
        if (!wanted) return Refused{Reason::geometry, "what was granted has slots that cannot be"};
        if (bytes.size() != wanted->region_bytes)
            return Refused{Reason::length, expected("a region of", wanted->region_bytes, bytes.size())};
        static constexpr unsigned char magic[8] = {0x89, 'N', 'F', 'R', 'A', 'M', '\r', '\n'};
        if (std::memcmp(bytes.data(), magic, sizeof magic) != 0)
            return Refused{Reason::magic, "expected a frame channel, which begins with 89 4e 46 52 41 4d 0d 0a"};
        if (const auto found = u16(bytes, 8); found != major_version)
            return Refused{Reason::version, expected("major version", major_version, found)};
        if (const auto found = u64(bytes, 104); found != layout_hash)
            return Refused{Reason::layout, expected("a layout with the hash", layout_hash, found)};
        const auto slots = u32(bytes, 40), history = u32(bytes, 44);
        const auto payload_bytes = u64(bytes, 56);
        const auto says = detail::places(slots, history, payload_bytes);
        if (!says) return Refused{Reason::geometry, "the header's slots cannot be"};
        const struct {
            const char *name;
            std::uint64_t expected, found;
        } derived[] = {
            {"header_bytes", header_bytes, u32(bytes, 12)},
            {"stride", says->stride, u64(bytes, 48)},
            {"ring_at", header_bytes, u64(bytes, 64)},
            {"ring_length", slots, u32(bytes, 72)},
            {"slot_headers_at", says->slot_headers_at, u64(bytes, 80)},
            {"payloads_at", says->payloads_at, u64(bytes, 88)},
            {"region_bytes", says->region_bytes, u64(bytes, 96)},
        };
        for (const auto &field : derived)
            if (field.found != field.expected)
                return Refused{Reason::field, expected(field.name, field.expected, field.found)};
        if (u64(bytes, 16) != granted.epoch || u64(bytes, 24) != granted.channel || u64(bytes, 32) != granted.region)
            return Refused{Reason::identity, "the region is another one than was granted; ask the server again"};
        if (slots != granted.slots || history != granted.history || payload_bytes != granted.payload_bytes)
            return Refused{Reason::geometry, "the region is not divided as the server said; ask the server again"};
        return Region(bytes, granted, *wanted);
    }

    // The newest frame.
    std::variant<Frame, NoFrame> latest() const {
        using Reason = NoFrame::Reason;
        const auto word = u64(bytes_, 128);
        if (word == 0) return NoFrame{Reason::nothing, "there is no frame yet"};
        const auto seq = word >> 16;
        const auto slot = static_cast<std::uint32_t>(word & 0xffff);
        if (slot >= granted_.slots || seq == 0)
            return NoFrame{Reason::damaged, expected("a slot below", granted_.slots, slot)};
        const auto header = bytes_.subspan(places_.slot_headers_at + slot_header_bytes * slot, slot_header_bytes);
        if (u64(header, 0) != seq << 1)
            return NoFrame{Reason::overtaken, "the slot of the latest frame is being written"};
        const auto length = std::min(u64(header, 8), granted_.payload_bytes);
        const auto meta_length = std::min<std::size_t>(u16(header, 46), meta_bytes);
        const auto has_crc = (u32(header, 72) & 1) != 0;
        return Frame{
            seq,
            slot,
            bytes_.subspan(places_.payloads_at + places_.stride * slot, length),
            u64(header, 24),
            u64(header, 32),
            has_crc ? std::optional(u32(header, 40)) : std::nullopt,
            header.subspan(48, 24),
            detail::meta(u16(header, 44), header.subspan(96, meta_length)),
        };
    }

private:
    Region(Bytes bytes, const Granted &granted, const detail::Places &places)
        : bytes_(bytes), granted_(granted), places_(places) {}

    static std::uint16_t u16(Bytes bytes, std::size_t at) { return detail::number<std::uint16_t>(bytes, at); }
    static std::uint32_t u32(Bytes bytes, std::size_t at) { return detail::number<std::uint32_t>(bytes, at); }
    static std::uint64_t u64(Bytes bytes, std::size_t at) { return detail::number<std::uint64_t>(bytes, at); }

    static std::string expected(const char *what, std::uint64_t expected, std::uint64_t found) {
        return "expected " + (what + (" " + std::to_string(expected))) + ", found " + std::to_string(found);
    }

    Bytes bytes_;
    Granted granted_;
    detail::Places places_;
};

} // namespace nearcall::layout

#endif
