/*
 * test-stream.c: frames come out of the byte stream as they went in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <string.h>

#include "harness.h"
#include "stream.h"

struct taken {
    size_t number;
    size_t lengths[8];
    bool whole;                 /* each byte of a frame is its length */
    bool had_bytes[8];
};

static void
take(void *owner, const uint8_t *frame, size_t len)
{
    struct taken *taken = owner;

    for (size_t i = 0; frame && i < len; i++)
        taken->whole = taken->whole && frame[i] == (len & 0xff);
    taken->had_bytes[taken->number] = frame != NULL;
    taken->lengths[taken->number++] = len;
}

static size_t
put_packet(uint8_t *at, uint32_t len)
{
    for (int i = 0; i < 4; i++)
        at[i] = len >> 8 * (3 - i);
    memset(at + 4, len & 0xff, len);
    return 4 + len;
}

/* Three frames, cut into pieces of a length. */
static bool
survives_pieces(size_t piece)
{
    static struct stream stream;
    struct taken taken = { .whole = true };
    uint8_t bytes[512];
    size_t len = 0;

    memset(&stream, 0, sizeof(stream));
    len += put_packet(bytes + len, 60);
    len += put_packet(bytes + len, 0);
    len += put_packet(bytes + len, 200);

    for (size_t at = 0; at < len; at += piece) {
        size_t now = len - at < piece ? len - at : piece;

        if (!stream_feed(&stream, bytes + at, now, take, &taken))
            return false;
    }

    return taken.number == 3 && taken.whole && taken.lengths[0] == 60 &&
           taken.lengths[1] == 0 && taken.lengths[2] == 200;
}

static void
test_pieces(void)
{
    bool survived = true;

    for (size_t piece = 1; piece < 300; piece++)
        survived = survived && survives_pieces(piece);
    ok(survived, "frames survive being cut into pieces of 1 to 299 bytes");
}

static void
test_oversized(void)
{
    static struct stream stream;
    static uint8_t bytes[16 * 1024];
    struct taken taken = { .whole = true };
    size_t len = put_packet(bytes, FRAME_MAX);

    len += put_packet(bytes + len, FRAME_MAX + 1);
    len += put_packet(bytes + len, 60);
    ok(stream_feed(&stream, bytes, len, take, &taken) &&
       taken.number == 3, "an oversized frame does not end the stream");
    ok(taken.had_bytes[0] && taken.lengths[0] == FRAME_MAX,
       "a frame of the greatest length is passed");
    ok(!taken.had_bytes[1] && taken.lengths[1] == FRAME_MAX + 1,
       "an oversized one is passed by its length alone");
    ok(taken.had_bytes[2] && taken.lengths[2] == 60 && taken.whole,
       "the frame after it is whole");
}

static void
test_lost_step(void)
{
    static const uint8_t bytes[] = { 0xff, 0xff, 0xff, 0xff, 0 };
    static struct stream stream;
    struct taken taken = { 0 };

    ok(!stream_feed(&stream, bytes, sizeof(bytes), take, &taken) &&
       taken.number == 0, "an impossible length ends the stream");
}

static void
test_counted(void)
{
    struct bench bench;
    struct port *port;

    bench_open(&bench);
    port = port_of(&bench, "a");
    fabric_receive(&bench.fabric, port, NULL, FRAME_MAX + 1);
    fabric_receive(&bench.fabric, port, NULL, 0);
    fabric_receive(&bench.fabric, port, "thirteen byte", 13);
    ok(bench.fabric.counters[COUNT_OVERSIZED] == 1,
       "an oversized frame is counted");
    ok(bench.fabric.counters[COUNT_RUNT] == 2, "a runt is counted");
    bench_close(&bench);
}

int
main(void)
{
    test_pieces();
    test_oversized();
    test_lost_step();
    test_counted();
    return done();
}
