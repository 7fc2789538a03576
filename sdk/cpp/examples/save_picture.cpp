// Saves the newest picture of a channel as PPM: save-picture [TARGET [CHANNEL [FILE]]].
#include <nearcall.hpp>

#include <cstdio>
#include <cstring>
#include <memory>

using namespace std::chrono_literals;

struct Close {
    void operator()(std::FILE *file) const { std::fclose(file); }
};

// Where red, green and blue are in four bytes of a pixel.
static const int *order_of(const nearcall_video &video) {
    static constexpr int rgb[] = {0, 1, 2}, bgr[] = {2, 1, 0};
    const auto is = [&](const char *fourcc) { return std::memcmp(video.fourcc, fourcc, 4) == 0; };
    if (is("AB24") || is("XB24")) return rgb;
    if (is("AR24") || is("XR24")) return bgr;
    return nullptr;
}

static bool save(const nearcall::Frame &frame, const char *path) {
    const auto *video = frame.video();
    const auto *order = video == nullptr ? nullptr : order_of(*video);
    if (order == nullptr) {
        std::fputs("expected a picture of eight bits for each of red, green and blue\n", stderr);
        return false;
    }
    const std::unique_ptr<std::FILE, Close> file(std::fopen(path, "wb"));
    if (file == nullptr) {
        std::perror(path);
        return false;
    }
    std::fprintf(file.get(), "P6\n%u %u\n255\n", video->width, video->height);
    for (std::uint32_t y = 0; y < video->height; ++y) {
        // In place: nobody writes there while the frame is held.
        const auto row = frame.row(y);
        if (row.size() / 4 < video->width) {
            std::fputs("the frame has fewer bytes than its writer says\n", stderr);
            return false;
        }
        for (std::size_t x = 0; x < video->width; ++x)
            for (int i = 0; i < 3; ++i) std::fputc(std::to_integer<int>(row[x * 4 + static_cast<std::size_t>(order[i])]), file.get());
    }
    return std::ferror(file.get()) == 0;
}

static int failed(const nearcall::Error &error) {
    std::fprintf(stderr, "%s: %s\n", nearcall_result_name(error.result), error.text.c_str());
    return 1;
}

static int run(const char *target, const char *channel, const char *path) {
    auto server = nearcall::Channel::connect(target);
    if (!server) return failed(server.error());
    auto frames = server->frames(channel);
    if (!frames) return failed(frames.error());
    auto frame = frames->wait(10s);
    if (!frame) return failed(frame.error());
    if (!save(*frame, path)) return 1;
    std::printf("frame %llu of %s is in %s\n", static_cast<unsigned long long>(frame->seq()), channel, path);
    return 0;
}

int main(int argc, char **argv) {
    const int result =
        run(argc > 1 ? argv[1] : "render", argc > 2 ? argv[2] : "render.main", argc > 3 ? argv[3] : "render.ppm");
    nearcall_shutdown();
    return result;
}
