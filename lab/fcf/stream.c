/*
 * stream.c: Ethernet frames in a byte stream
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "stream.h"

#include <string.h>

static size_t
min(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* Each of these two takes what it can use of the bytes and says how many. */

static size_t
feed_prefix(struct stream *stream, const uint8_t *bytes, size_t len)
{
    size_t used = min(len, STREAM_PREFIX_LEN - stream->prefix_len);
    struct reader reader = reader_of(stream->prefix, STREAM_PREFIX_LEN);

    memcpy(stream->prefix + stream->prefix_len, bytes, used);
    stream->prefix_len += used;

    if (stream->prefix_len == STREAM_PREFIX_LEN) {
        stream->frame_len = get32(&reader);
        stream->seen = 0;
    }

    return used;
}

static size_t
feed_frame(struct stream *stream, const uint8_t *bytes, size_t len)
{
    size_t used = min(len, stream->frame_len - stream->seen);

    if (stream->frame_len <= FRAME_MAX && used > 0)
        memcpy(stream->frame + stream->seen, bytes, used);
    stream->seen += used;

    return used;
}

bool
stream_feed(struct stream *stream, const uint8_t *bytes, size_t len,
            void (*take_frame)(void *owner, const uint8_t *frame,
                               size_t len),
            void *owner)
{
    size_t at = 0;

    while (at < len) {
        if (stream->prefix_len < STREAM_PREFIX_LEN)
            at += feed_prefix(stream, bytes + at, len - at);
        if (stream->prefix_len < STREAM_PREFIX_LEN)
            break;
        if (stream->frame_len > STREAM_FRAME_MAX)
            return false;

        at += feed_frame(stream, bytes + at, len - at);
        if (stream->seen == stream->frame_len) {
            stream->prefix_len = 0;
            take_frame(owner,
                       stream->frame_len <= FRAME_MAX ? stream->frame : NULL,
                       stream->frame_len);
        }
    }

    return true;
}
