// The layout reader finds in testdata/frames what its cases.json says. Takes that folder.
#include "json.hpp"
#include <nearcall/frame_layout.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>

namespace layout = nearcall::layout;

static unsigned long checks = 0;
static std::string at_work;

#define CHECK(condition)                                                                                \
    do {                                                                                                \
        ++checks;                                                                                       \
        if (!(condition)) {                                                                             \
            std::fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, at_work.c_str(), #condition);   \
            std::exit(1);                                                                               \
        }                                                                                               \
    } while (0)

static std::string read(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    at_work = path;
    CHECK(file.good());
    return {std::istreambuf_iterator<char>(file), {}};
}

static std::string text(layout::Bytes bytes) { return {reinterpret_cast<const char *>(bytes.data()), bytes.size()}; }

static void same_meta(const layout::Meta &found, const Json &expected) {
    const auto &kind = expected["kind"].text;
    if (const auto *opaque = std::get_if<layout::Opaque>(&found)) {
        CHECK(kind == "opaque" && text(opaque->bytes) == expected["bytes"].bytes());
    } else if (const auto *video = std::get_if<layout::Video>(&found)) {
        CHECK(kind == "video" && video->width == expected["width"].number && video->height == expected["height"].number);
        CHECK(video->stride == expected["stride"].number);
        CHECK(std::string(video->fourcc.data(), 4) == expected["fourcc"].text);
        const auto &damage = expected["damage"].list;
        CHECK(video->damage.size() == damage.size());
        for (std::size_t i = 0; i < damage.size(); ++i) {
            const auto &[x, y, width, height] = video->damage[i];
            CHECK(x == damage[i].list[0].number && y == damage[i].list[1].number);
            CHECK(width == damage[i].list[2].number && height == damage[i].list[3].number);
        }
    } else if (const auto *audio = std::get_if<layout::Audio>(&found)) {
        CHECK(kind == "audio" && audio->rate == expected["rate"].number && audio->format == expected["format"].number);
        CHECK(audio->channels == expected["channels"].number && audio->moments == expected["moments"].number);
        CHECK(audio->pts == expected["pts"].number);
    } else if (const auto *state = std::get_if<layout::State>(&found)) {
        CHECK(kind == "state" && state->schema == expected["schema"].hex());
        CHECK(state->base == expected["base"].number && state->kind == expected["state"].number);
    } else {
        CHECK(kind == "unknown" && std::get<layout::Unknown>(found).kind == expected["number"].number);
    }
}

static void same_frame(const layout::Frame &found, const Json &expected) {
    CHECK(found.seq == expected["seq"].number && found.slot == expected["slot"].number);
    CHECK(text(found.payload) == expected["payload"].bytes());
    CHECK(found.captured == expected["captured"].number && found.published == expected["published"].number);
    CHECK(text(found.user) == expected["user"].bytes());
    CHECK(found.crc.has_value() == (expected["crc"].kind == Json::Kind::number));
    if (found.crc) CHECK(*found.crc == expected["crc"].number);
    same_meta(found.meta, expected["meta"]);
}

static void same(const std::string &bytes, const layout::Granted &granted, const Json &finds) {
    const auto opened = layout::Region::open(std::as_bytes(std::span(bytes)), granted);
    if (const auto *refused = std::get_if<layout::Refused>(&opened)) {
        CHECK(finds.has("refused") && layout::name(refused->reason) == finds["refused"].text);
        CHECK(refused->words.size() > 20);
        return;
    }
    const auto latest = std::get<layout::Region>(opened).latest();
    if (const auto *none = std::get_if<layout::NoFrame>(&latest)) {
        CHECK(finds.has("no_frame") && layout::name(none->reason) == finds["no_frame"].text);
        CHECK(!none->words.empty());
        return;
    }
    CHECK(finds.has("frame"));
    same_frame(std::get<layout::Frame>(latest), finds["frame"]);
}

static layout::Refused::Reason refusal(const std::string &bytes, const layout::Granted &granted) {
    const auto opened = layout::Region::open(std::as_bytes(std::span(bytes)), granted);
    CHECK(std::holds_alternative<layout::Refused>(opened));
    return std::get<layout::Refused>(opened).reason;
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    const std::string folder = argv[1];
    const auto all = JsonReader::read(read(folder + "/cases.json"));
    const auto &says = all["granted"];
    const layout::Granted granted{
        says["epoch"].hex(),
        says["channel"].hex(),
        says["region"].hex(),
        static_cast<std::uint32_t>(says["slots"].number),
        static_cast<std::uint32_t>(says["history"].number),
        says["payload_bytes"].number,
    };
    CHECK(all["layout_hash"].hex() == layout::layout_hash);
    for (const auto &one : all["cases"].list) {
        const auto bytes = read(folder + "/" + one["file"].text);
        CHECK(bytes.size() == says["region_bytes"].number);
        same(bytes, granted, one["finds"]);
    }
    CHECK(all["cases"].list.size() >= 16);

    // What is not of the files: memory that is shorter than granted, and grants that cannot be.
    using Reason = layout::Refused::Reason;
    auto bytes = read(folder + "/opaque.region");
    CHECK(refusal(bytes.substr(0, 4096), granted) == Reason::length);
    CHECK(refusal("", granted) == Reason::length);
    auto other = granted;
    other.slots = 1;
    CHECK(refusal(bytes, other) == Reason::geometry);
    other.slots = 4097;
    CHECK(refusal(bytes, other) == Reason::geometry);
    other = granted;
    other.payload_bytes = ~std::uint64_t{0};
    CHECK(refusal(bytes, other) == Reason::geometry);
    other = granted;
    other.history = 1;
    CHECK(refusal(bytes, other) == Reason::geometry);

    // Whatever one byte says, nothing is read out of place: the sanitizers look.
    for (std::size_t at = 0; at < bytes.size(); at = at < 2048 ? at + 1 : at + 1021) {
        const char was = bytes[at];
        for (const char now : {'\x00', '\x7f', '\xff'}) {
            bytes[at] = now;
            const auto opened = layout::Region::open(std::as_bytes(std::span(bytes)), granted);
            if (const auto *region = std::get_if<layout::Region>(&opened)) {
                const auto latest = region->latest();
                if (const auto *frame = std::get_if<layout::Frame>(&latest)) CHECK(frame->payload.size() <= 32);
            }
        }
        bytes[at] = was;
    }
    std::printf("ok   layout: %lu checks\n", checks);
}
