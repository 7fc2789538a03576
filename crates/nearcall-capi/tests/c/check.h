/* What the test programs share: CHECK ends the program with the place; numbers are encoded by hand. */
#ifndef CHECK_H
#define CHECK_H

#include <nearcall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long checks_made = 0;

static void check_failed(const char *file, int line, const char *what) {
    char words[512] = "";
    nearcall_result ignored = nearcall_last_error(words, sizeof words, NULL);
    (void)ignored;
    fprintf(stderr, "%s:%d: %s\n  last error: %s\n", file, line, what, words);
    exit(1);
}

#define CHECK(condition)                                                       \
    do {                                                                       \
        ++checks_made;                                                         \
        if (!(condition)) check_failed(__FILE__, __LINE__, #condition);        \
    } while (0)

/* A call that should answer `expected`. */
#define EXPECT(expected, call)                                                 \
    do {                                                                       \
        nearcall_result found_ = (nearcall_result)(call);                      \
        ++checks_made;                                                         \
        if (found_ != (expected)) {                                            \
            fprintf(stderr, "expected %s, found %s\n",                         \
                    nearcall_result_name(expected),                            \
                    nearcall_result_name(found_));                             \
            check_failed(__FILE__, __LINE__, #call);                           \
        }                                                                      \
    } while (0)
#define OK(call) EXPECT(NEARCALL_OK, call)

/* Base 128, as protobuf writes numbers. */
static inline size_t put_varint(uint8_t *to, uint64_t number) {
    size_t len = 0;
    while (number >= 0x80) {
        to[len++] = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    to[len++] = (uint8_t)number;
    return len;
}

/* Field `field`, a number. */
static inline size_t put_number(uint8_t *to, unsigned field, int64_t number) {
    to[0] = (uint8_t)(field << 3);
    return 1 + put_varint(to + 1, (uint64_t)number);
}

/* The number in field `field` of a message that holds numbers alone; 0 where it is not there. */
static inline int64_t number_in(const uint8_t *from, size_t len, unsigned field) {
    size_t at = 0;
    while (at < len) {
        unsigned tag = from[at++];
        uint64_t number = 0;
        for (unsigned shift = 0; at < len; shift += 7) {
            number |= (uint64_t)(from[at] & 0x7f) << shift;
            if ((from[at++] & 0x80) == 0) break;
        }
        if (tag >> 3 == field) return (int64_t)number;
    }
    return 0;
}

/* {a, b}, as the requests of Multiply and Divide have it; needs 22 bytes. */
static inline size_t put_pair(uint8_t *to, int64_t a, int64_t b) {
    size_t len = put_number(to, 1, a);
    return len + put_number(to + len, 2, b);
}

static size_t open_handles(void) {
    size_t count = 0;
    OK(nearcall_handle_count(&count));
    return count;
}

/* The last line of every program. */
static int all_held(const char *name) {
    CHECK(open_handles() == 0);
    OK(nearcall_shutdown());
    printf("ok   %s: %lu checks\n", name, checks_made);
    return 0;
}

#endif
