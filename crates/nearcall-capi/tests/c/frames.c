/* Frames of the render service: how they come, what is refused, and what is left when the server dies. Takes the render
   program and an address for it to listen at, and how many frames to take where a leak would show. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "system.h"
#include <pthread.h>
#include <stdatomic.h>

#define PATIENCE 30000
#define WIDTH 160u
#define HEIGHT 120u
#define BYTES ((size_t)WIDTH * HEIGHT * 4)

/* The ways that frames come on this system, the best first, and one that another system has. */
#ifdef _WIN32
static const uint32_t ways[] = {NEARCALL_TIER_HANDLE, NEARCALL_TIER_INLINE};
#define WAY_OF_ANOTHER NEARCALL_TIER_BROKER
#else
static const uint32_t ways[] = {NEARCALL_TIER_BROKER, NEARCALL_TIER_PROC, NEARCALL_TIER_INLINE};
#define WAY_OF_ANOTHER NEARCALL_TIER_HANDLE
#endif
#define WAYS (sizeof ways / sizeof *ways)
#define BEST ways[0]

static const char *program, *address;
static nearcall_channel channel;
static Child server;
static int runs;

static void soon(void) { nap(1); }

static void stop(void) {
    if (runs) kill_program(server);
    runs = 0;
}

static void start(void) {
    CHECK(start_program(program, address, "160x120@60", &server));
    runs = 1;
}

static nearcall_frame empty(void) { return (nearcall_frame){.size = sizeof(nearcall_frame)}; }

/* Every frame here is above the bound, so that what the tiers say decides. */
static nearcall_frames open_with(uint32_t policy, uint32_t tiers) {
    nearcall_frames_options options = {
        .size = sizeof options, .policy = policy, .depth = 2, .hz = 5, .max_wait_ms = 10, .tiers = tiers};
    options.then = NEARCALL_THEN_DEMOTE;
    options.inline_below = 1;
    nearcall_frames frames;
    OK(nearcall_frames_open(channel, "render.main", &options, &frames));
    return frames;
}

static nearcall_frame next(nearcall_frames frames) {
    nearcall_frame frame = empty();
    OK(nearcall_frames_wait(frames, PATIENCE, &frame));
    CHECK(frame.lease != 0 && frame.size == sizeof frame && frame.seq > 0);
    return frame;
}

static nearcall_frames_info info_of(nearcall_frames frames) {
    nearcall_frames_info info = {.size = sizeof info};
    OK(nearcall_frames_get_info(frames, &info));
    CHECK(info.size == sizeof info);
    return info;
}

static uint64_t sum_of(const nearcall_frame *frame) {
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < frame->len; ++i) sum = (sum ^ frame->data[i]) * 1099511628211u;
    return sum;
}

static void is_picture(const nearcall_frame *frame) {
    CHECK(frame->meta_kind == NEARCALL_META_VIDEO && frame->len == BYTES);
    const nearcall_video *video = &frame->meta.video;
    CHECK(video->width == WIDTH && video->height == HEIGHT && video->stride == WIDTH * 4);
    CHECK(memcmp(video->fourcc, "AB24", 4) == 0 && video->damage_count == 0);
    CHECK(frame->epoch != 0 && frame->captured_ns > 0 && frame->published_ns >= frame->captured_ns);
    /* Opaque, and not of one colour. */
    CHECK(frame->data[3] == 255 && frame->data[frame->len - 1] == 255);
    CHECK(memcmp(frame->data, frame->data + frame->len - 4, 3) != 0);
}

/* A loop that waits for nothing. */
static void polled(void) {
    nearcall_frames frames;
    OK(nearcall_frames_open(channel, "render.main", NULL, &frames));
    CHECK(info_of(frames).state == NEARCALL_FRAMES_OPENING && info_of(frames).tier == NEARCALL_TIER_NONE);
    uint64_t last = 0;
    for (int came = 0; came < 10;) {
        nearcall_frame frame = empty();
        OK(nearcall_frames_poll(frames, &frame));
        if (frame.lease != 0) {
            is_picture(&frame);
            CHECK(frame.seq > last && frame.tier == BEST);
            last = frame.seq;
            ++came;
            CHECK(info_of(frames).held == 1);
        }
        OK(nearcall_frame_release(&frame));
        CHECK(frame.lease == 0 && frame.len == 0);
        soon();
    }
    nearcall_frames_info info = info_of(frames);
    CHECK(info.state == NEARCALL_FRAMES_LIVE && info.tier == BEST && info.held == 0);
    CHECK(info.taken == 10 && info.seq == last && info.lost == 0 && info.restarts == 0);
    OK(nearcall_frames_close(frames));
}

/* Whichever way they come, they are the same; and what is held is left alone. */
static void by_each_tier(void) {
    for (size_t i = 0; i < WAYS; ++i) {
        nearcall_frames frames = open_with(NEARCALL_FRAMES_LATEST, ways[i]);
        nearcall_frame held = next(frames);
        is_picture(&held);
        CHECK(held.tier == ways[i] && info_of(frames).tier == ways[i]);
        uint64_t sum = sum_of(&held), last = held.seq;
        for (int n = 0; n < 20; ++n) {
            nearcall_frame frame = next(frames);
            CHECK(frame.seq > last && frame.epoch == held.epoch);
            last = frame.seq;
            OK(nearcall_frame_release(&frame));
        }
        CHECK(sum_of(&held) == sum);
        /* A channel that is closed takes nothing back. */
        OK(nearcall_frames_close(frames));
        CHECK(sum_of(&held) == sum);
        nearcall_frame copy = held;
        OK(nearcall_frame_release(&held));
        EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frame_release(&copy));
    }
}

/* A program that names the ways of all systems runs on each. */
static void by_the_ways_of_another(void) {
    const uint32_t asked[] = {WAY_OF_ANOTHER, WAY_OF_ANOTHER | BEST}, expected[] = {NEARCALL_TIER_INLINE, BEST};
    for (size_t i = 0; i < 2; ++i) {
        nearcall_frames frames = open_with(NEARCALL_FRAMES_LATEST, asked[i]);
        nearcall_frame frame = next(frames);
        is_picture(&frame);
        CHECK(frame.tier == expected[i]);
        OK(nearcall_frame_release(&frame));
        OK(nearcall_frames_close(frames));
    }
}

static void all_held_at_once(void) {
    nearcall_frames frames = open_with(NEARCALL_FRAMES_LATEST, BEST);
    nearcall_frame one = next(frames), two = next(frames), three = empty();
    CHECK(info_of(frames).held == 2);
    EXPECT(NEARCALL_ERROR_HELD, nearcall_frames_wait(frames, PATIENCE, &three));
    CHECK(three.lease == 0);
    nearcall_result result;
    while ((result = nearcall_frames_poll(frames, &three)) == NEARCALL_OK) soon();
    CHECK(result == NEARCALL_ERROR_HELD);
    OK(nearcall_frame_release(&one));
    three = next(frames);
    CHECK(three.seq > two.seq);
    OK(nearcall_frame_release(&two));
    OK(nearcall_frame_release(&three));
    OK(nearcall_frames_close(frames));
}

static void by_policy(void) {
    nearcall_frames frames = open_with(NEARCALL_FRAMES_DROP_OLDEST, 0);
    nearcall_frame frame = next(frames);
    /* On a busy machine some may be lost before the first. */
    uint64_t first = frame.seq, before_first = frame.lost, came = 1, lost = 0;
    OK(nearcall_frame_release(&frame));
    while (lost == 0) {
        for (int i = 0; i < 100; ++i) soon();
        frame = next(frames);
        lost += frame.lost;
        ++came;
        CHECK(frame.seq == first + came + lost - 1);
        OK(nearcall_frame_release(&frame));
    }
    nearcall_frames_info info = info_of(frames);
    CHECK(info.lost == lost + before_first && info.gaps == 1u + (before_first > 0) && info.taken == came);
    OK(nearcall_frames_close(frames));

    frames = open_with(NEARCALL_FRAMES_BLOCK, 0);
    for (uint64_t last = 0, n = 0; n < 20; ++n) {
        frame = next(frames);
        CHECK(last == 0 || frame.seq == last + 1 + frame.lost);
        last = frame.seq;
        OK(nearcall_frame_release(&frame));
    }
    OK(nearcall_frames_close(frames));

    frames = open_with(NEARCALL_FRAMES_SAMPLE, 0);
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (int n = 0; n < 2; ++n) {
        frame = next(frames);
        OK(nearcall_frame_release(&frame));
    }
    clock_gettime(CLOCK_MONOTONIC, &after);
    /* Five in a second, of sixty; the clock is read before the first, since what stops this program after it counts too. */
    CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 200);
    OK(nearcall_frames_close(frames));
}

static void fails_with(nearcall_result expected, nearcall_frames frames) {
    nearcall_frame frame = empty();
    EXPECT(expected, nearcall_frames_wait(frames, PATIENCE, &frame));
    char words[256];
    OK(nearcall_last_error(words, sizeof words, NULL));
    CHECK(strlen(words) > 20);
    EXPECT(NEARCALL_ERROR_ENDED, nearcall_frames_poll(frames, &frame));
    EXPECT(NEARCALL_ERROR_ENDED, nearcall_frames_wait(frames, PATIENCE, &frame));
    CHECK(info_of(frames).state == NEARCALL_FRAMES_ENDED);
    OK(nearcall_frames_close(frames));
}

static void misuse(void) {
    nearcall_frames frames = 0;
    nearcall_frames_options options = {.size = sizeof options, .policy = 4};
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_frames_open(channel, "render.main", &options, &frames));
    options = (nearcall_frames_options){.size = sizeof options, .policy = NEARCALL_FRAMES_BLOCK, .then = 3};
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_frames_open(channel, "render.main", &options, &frames));
    options = (nearcall_frames_options){.size = sizeof options, .pins = 17};
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_frames_open(channel, "render.main", &options, &frames));
    options = (nearcall_frames_options){.size = sizeof options, .tiers = 32};
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_frames_open(channel, "render.main", &options, &frames));
    options = (nearcall_frames_options){.size = 8};
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_frames_open(channel, "render.main", &options, &frames));
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_frames_open(channel, "\xff", NULL, &frames));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_frames_open(channel, NULL, NULL, &frames));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_frames_open(channel, "render.main", NULL, NULL));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frames_open(4711, "render.main", NULL, &frames));
    CHECK(frames == 0);

    nearcall_frame frame = empty();
    nearcall_frames_info info = {.size = sizeof info};
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frames_poll(channel, &frame));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frames_wait(0, 1, &frame));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frames_get_info(channel, &info));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frames_close(channel));
    frame.lease = channel;
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frame_release(&frame));
    frame = empty();
    OK(nearcall_frame_release(&frame));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_frame_release(NULL));

    OK(nearcall_frames_open(channel, "render.main", NULL, &frames));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_frames_poll(frames, NULL));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_frames_wait(frames, 1, NULL));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_frames_get_info(frames, NULL));
    frame.size = 4;
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_frames_poll(frames, &frame));
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_frame_release(&frame));
    info.size = 0;
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_frames_get_info(frames, &info));
    OK(nearcall_frames_close(frames));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frames_close(frames));
    frame = empty();
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frames_poll(frames, &frame));

    OK(nearcall_frames_open(channel, "render.nothing", NULL, &frames));
    fails_with(NEARCALL_ERROR_NOT_FOUND, frames);
    options = (nearcall_frames_options){.size = sizeof options, .policy = NEARCALL_FRAMES_DROP_OLDEST, .depth = 99};
    OK(nearcall_frames_open(channel, "render.main", &options, &frames));
    fails_with(NEARCALL_ERROR_ARGUMENT, frames);
    /* More pins than the channel has slots. */
    options = (nearcall_frames_options){.size = sizeof options, .pins = 16};
    OK(nearcall_frames_open(channel, "render.main", &options, &frames));
    fails_with(NEARCALL_ERROR_LIMIT, frames);
    nearcall_channel nobody;
    OK(nearcall_channel_lazy(NOWHERE, NULL, &nobody));
    OK(nearcall_frames_open(nobody, "render.main", NULL, &frames));
    fails_with(NEARCALL_ERROR_CONNECT, frames);
    OK(nearcall_channel_close(nobody));
}

/* Threads of the library look, and do not wait. */
static atomic_int seen_in_callback;
static void looks(void *context, nearcall_stream stream, const nearcall_event *event) {
    (void)stream;
    if (event->kind != NEARCALL_EVENT_MESSAGE || seen_in_callback > 0) return;
    nearcall_frames frames = *(nearcall_frames *)context;
    nearcall_frame frame = empty();
    EXPECT(NEARCALL_ERROR_THREAD, nearcall_frames_wait(frames, PATIENCE, &frame));
    OK(nearcall_frames_poll(frames, &frame));
    if (frame.lease != 0) ++seen_in_callback;
    OK(nearcall_frame_release(&frame));
}

static void from_callback(void) {
    static nearcall_frames frames;
    frames = open_with(NEARCALL_FRAMES_LATEST, 0);
    nearcall_call_options options = {.size = sizeof options, .on_event = looks, .context = &frames};
    nearcall_stream watch;
    OK(nearcall_stream_open(channel, "/render.v1.Render/Watch", &options, &watch));
    OK(nearcall_stream_send_wait(watch, NULL, 0, PATIENCE));
    OK(nearcall_stream_finish(watch));
    for (int i = 0; seen_in_callback == 0 && i < PATIENCE; ++i) soon();
    CHECK(seen_in_callback == 1);
    OK(nearcall_stream_close(watch));
    OK(nearcall_frames_close(frames));
}

/* A picture of another size is in another memory. */
static void resized(void) {
    nearcall_frames frames = open_with(NEARCALL_FRAMES_LATEST, 0);
    nearcall_frame old = next(frames);
    uint64_t sum = sum_of(&old);
    const uint32_t widths[] = {320, WIDTH};
    for (size_t i = 0; i < 2; ++i) {
        uint8_t request[22];
        nearcall_buffer reply;
        size_t len = put_pair(request, widths[i], HEIGHT);
        OK(nearcall_unary(channel, "/render.v1.Render/Resize", request, len, NULL, &reply, NULL));
        OK(nearcall_buffer_free(&reply));
        nearcall_frame frame;
        for (;;) {
            frame = next(frames);
            if (frame.meta.video.width == widths[i]) break;
            OK(nearcall_frame_release(&frame));
        }
        CHECK(frame.len == (size_t)widths[i] * HEIGHT * 4 && frame.epoch == old.epoch);
        OK(nearcall_frame_release(&frame));
    }
    CHECK(sum_of(&old) == sum && info_of(frames).restarts == 0);
    OK(nearcall_frame_release(&old));
    OK(nearcall_frames_close(frames));
}

static nearcall_result waited;
static void *waits(void *frames) {
    nearcall_frame frame = empty();
    do {
        OK(nearcall_frame_release(&frame));
        waited = nearcall_frames_wait(*(nearcall_frames *)frames, NEARCALL_FOREVER, &frame);
    } while (waited == NEARCALL_OK || waited == NEARCALL_ERROR_STATE);
    CHECK(frame.lease == 0);
    return NULL;
}

/* What is closed, or shut down, lets go of who waits. */
static void let_go(int by_shutdown) {
    nearcall_frames frames = open_with(NEARCALL_FRAMES_LATEST, by_shutdown ? NEARCALL_TIER_INLINE : 0);
    nearcall_frame frame = next(frames);
    OK(nearcall_frame_release(&frame));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, waits, &frames) == 0);
    nearcall_result result = NEARCALL_OK;
    for (int i = 0; result != NEARCALL_ERROR_STATE && i < PATIENCE; ++i) {
        frame = empty();
        result = nearcall_frames_wait(frames, 0, &frame);
        CHECK(result == NEARCALL_OK || result == NEARCALL_ERROR_STATE || result == NEARCALL_ERROR_TIMEOUT);
        OK(nearcall_frame_release(&frame));
    }
    CHECK(result == NEARCALL_ERROR_STATE);
    OK(by_shutdown ? nearcall_shutdown() : nearcall_frames_close(frames));
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(waited == NEARCALL_ERROR_HANDLE || waited == (by_shutdown ? NEARCALL_ERROR_SHUTDOWN : NEARCALL_ERROR_ENDED));
}

/* What is held stays readable when the server dies, the next wait says that it is gone, and the frames go on when it is
   back. */
static void server_dies(void) {
    nearcall_frames frames[WAYS];
    nearcall_frame held[WAYS];
    uint64_t sums[WAYS];
    for (size_t i = 0; i < WAYS; ++i) {
        frames[i] = open_with(NEARCALL_FRAMES_LATEST, ways[i]);
        held[i] = next(frames[i]);
        sums[i] = sum_of(&held[i]);
    }
    stop();
    for (size_t i = 0; i < WAYS; ++i) {
        nearcall_frame frame = empty();
        nearcall_result result;
        /* What was published before may still come, and that the server is gone is heard a moment later. */
        int looks = 0;
        do {
            result = nearcall_frames_wait(frames[i], 300, &frame);
            OK(nearcall_frame_release(&frame));
        } while ((result == NEARCALL_OK || result == NEARCALL_ERROR_TIMEOUT) && ++looks < 1000);
        CHECK(result == NEARCALL_ERROR_CONNECT);
        CHECK(info_of(frames[i]).state == NEARCALL_FRAMES_GONE && info_of(frames[i]).tier == NEARCALL_TIER_NONE);
        OK(nearcall_frames_poll(frames[i], &frame));
        CHECK(frame.lease == 0);
        EXPECT(NEARCALL_ERROR_CONNECT, nearcall_frames_wait(frames[i], 1, &frame));
        CHECK(sum_of(&held[i]) == sums[i]);
        is_picture(&held[i]);
    }
    start();
    for (size_t i = 0; i < WAYS; ++i) {
        nearcall_frame frame = empty();
        while (frame.lease == 0) {
            nearcall_result result = nearcall_frames_wait(frames[i], PATIENCE, &frame);
            CHECK(result == NEARCALL_OK || result == NEARCALL_ERROR_CONNECT);
        }
        CHECK(frame.epoch != held[i].epoch && frame.tier == ways[i]);
        is_picture(&frame);
        nearcall_frames_info info = info_of(frames[i]);
        CHECK(info.restarts == 1 && info.state == NEARCALL_FRAMES_LIVE && info.held == 2);
        CHECK(sum_of(&held[i]) == sums[i]);
        OK(nearcall_frame_release(&frame));
        OK(nearcall_frame_release(&held[i]));
        OK(nearcall_frames_close(frames[i]));
    }
}

static void again_and_again(int frames_to_take) {
    size_t before = open_handles();
    for (int n = 0; n < frames_to_take;) {
        nearcall_frames frames = open_with(NEARCALL_FRAMES_LATEST, n % 3 == 0 ? NEARCALL_TIER_INLINE : 0);
        for (int i = 0; i < 8; ++i, ++n) {
            nearcall_frame frame = next(frames);
            OK(nearcall_frame_release(&frame));
        }
        OK(nearcall_frames_close(frames));
    }
    CHECK(open_handles() == before);
}

static void connect_to_server(void) {
    nearcall_channel_options options = {.size = sizeof options, .flags = NEARCALL_WAIT_FOR_READY};
    OK(nearcall_channel_lazy(address, &options, &channel));
}

int main(int argc, char **argv) {
    CHECK(argc == 4);
    program = argv[1];
    address = argv[2];
    CHECK(atexit(stop) == 0);
    start();
    connect_to_server();
    polled();
    by_each_tier();
    by_the_ways_of_another();
    all_held_at_once();
    by_policy();
    misuse();
    from_callback();
    resized();
    let_go(0);
    again_and_again(atoi(argv[3]));
    server_dies();
    let_go(1);
    stop();
    return all_held("frames");
}
