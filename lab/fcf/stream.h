/*
 * stream.h: Ethernet frames in a byte stream, as QEMU's "-netdev stream" has
 * them: each with its length in front, four bytes, big-endian
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

enum {
    STREAM_PREFIX_LEN = 4,

    /* QEMU never has a longer packet. A length beyond this is not a frame
     * that is too long for us but a stream that has lost its step. */
    STREAM_FRAME_MAX = 68 * 1024 + 4096,
};

/* One direction of a stream; all zero at its beginning. */
struct stream {
    uint8_t prefix[STREAM_PREFIX_LEN];
    size_t prefix_len;
    size_t frame_len;           /* of the frame that is coming in */
    size_t seen;                /* bytes of it that have come */
    uint8_t frame[FRAME_MAX];
};

/* Takes len more bytes and calls take_frame for each frame that they
 * complete. A frame longer than FRAME_MAX is passed by its length alone: its
 * bytes are NULL. Returns false when the stream has lost its step, and is of
 * no more use. */
bool stream_feed(struct stream *stream, const uint8_t *bytes, size_t len,
                 void (*take_frame)(void *owner, const uint8_t *frame,
                                    size_t len),
                 void *owner);
