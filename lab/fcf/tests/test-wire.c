/*
 * test-wire.c: readers and frames stay within their bounds
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <string.h>

#include "harness.h"

static const uint8_t bytes[] = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
};

static void
test_numbers(void)
{
    struct reader reader = reader_of(bytes, sizeof(bytes));

    ok(get8(&reader) == 0x01 && get16(&reader) == 0x0203 &&
       get24(&reader) == 0x040506, "numbers are big-endian");
    skip(&reader, 2);
    ok(get64(&reader) == 0x090a0b0c0d0e0f10, "64 bits are read in order");
    ok(reader.left == 0 && !reader.was_short,
       "a reader that took all is not short");
}

static void
test_short_reader(void)
{
    struct reader reader = reader_of(bytes, 3);
    uint8_t mac[MAC_LEN] = { 9 };

    ok(get32(&reader) == 0 && reader.was_short,
       "reading past the end gives 0 and is remembered");
    ok(get8(&reader) == 0, "nothing is read after that");
    get_mac(&reader, mac);
    ok(mac[0] == 0, "a MAC that is not there is zero");
}

static void
test_parts(void)
{
    struct reader reader = reader_of(bytes, 8);
    struct reader part = get_part(&reader, 6);
    struct reader missing = get_part(&reader, 3);

    ok(part.left == 6 && get8(&part) == 1, "a part begins where it should");
    ok(missing.left == 0 && reader.was_short && get8(&missing) == 0,
       "a part that is not there is empty");
}

static void
test_full_frame(void)
{
    static struct frame frame;

    frame_reset(&frame);
    put_zeros(&frame, FRAME_MAX - 2);
    put32(&frame, 0xffffffff);
    ok(frame.overflow && frame.len == FRAME_MAX - 2,
       "what does not fit into a frame is left out whole");
    put16(&frame, 0x0102);
    ok(frame.len == FRAME_MAX && frame.bytes[FRAME_MAX - 1] == 2,
       "the last bytes of a frame can be used");
    patch16(&frame, FRAME_MAX - 1, 0x0304);
    ok(frame.bytes[FRAME_MAX - 1] == 3, "a patch stays within the frame");
    pad_to(&frame, 10);
    ok(frame.len == FRAME_MAX, "padding never shortens");
}

int
main(void)
{
    test_numbers();
    test_short_reader();
    test_parts();
    test_full_frame();
    return done();
}
