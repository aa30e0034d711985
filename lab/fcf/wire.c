/*
 * wire.c: bounds-checked reading and building of wire data
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "wire.h"

#include <string.h>

struct reader
reader_of(const void *data, size_t len)
{
    return (struct reader) { .at = data, .left = len };
}

/* Takes len bytes, or NULL with the reader marked short and emptied. */
static const uint8_t *
take(struct reader *reader, size_t len)
{
    const uint8_t *taken = reader->at;

    if (len > reader->left) {
        reader->was_short = true;
        reader->left = 0;
        return NULL;
    }

    reader->at += len;
    reader->left -= len;
    return taken;
}

static uint64_t
get_number(struct reader *reader, size_t len)
{
    const uint8_t *bytes = take(reader, len);
    uint64_t value = 0;

    for (size_t i = 0; bytes && i < len; i++)
        value = value << 8 | bytes[i];

    return value;
}

uint8_t
get8(struct reader *reader)
{
    return get_number(reader, 1);
}

uint16_t
get16(struct reader *reader)
{
    return get_number(reader, 2);
}

uint32_t
get24(struct reader *reader)
{
    return get_number(reader, 3);
}

uint32_t
get32(struct reader *reader)
{
    return get_number(reader, 4);
}

uint64_t
get64(struct reader *reader)
{
    return get_number(reader, 8);
}

void
get_mac(struct reader *reader, uint8_t mac[MAC_LEN])
{
    const uint8_t *bytes = take(reader, MAC_LEN);

    if (bytes)
        memcpy(mac, bytes, MAC_LEN);
    else
        memset(mac, 0, MAC_LEN);
}

void
skip(struct reader *reader, size_t len)
{
    take(reader, len);
}

struct reader
get_part(struct reader *reader, size_t len)
{
    const uint8_t *bytes = take(reader, len);

    return reader_of(bytes, bytes ? len : 0);
}

void
frame_reset(struct frame *frame)
{
    frame->len = 0;
    frame->overflow = false;
}

/* Makes room for len bytes, or NULL with the frame marked overflowed. */
static uint8_t *
grow(struct frame *frame, size_t len)
{
    uint8_t *room = frame->bytes + frame->len;

    if (len > FRAME_MAX - frame->len) {
        frame->overflow = true;
        return NULL;
    }

    frame->len += len;
    return room;
}

static void
put_number(struct frame *frame, uint64_t value, size_t len)
{
    uint8_t *room = grow(frame, len);

    for (size_t i = 0; room && i < len; i++)
        room[i] = value >> 8 * (len - 1 - i);
}

void
put8(struct frame *frame, uint8_t value)
{
    put_number(frame, value, 1);
}

void
put16(struct frame *frame, uint16_t value)
{
    put_number(frame, value, 2);
}

void
put24(struct frame *frame, uint32_t value)
{
    put_number(frame, value, 3);
}

void
put32(struct frame *frame, uint32_t value)
{
    put_number(frame, value, 4);
}

void
put64(struct frame *frame, uint64_t value)
{
    put_number(frame, value, 8);
}

void
put_bytes(struct frame *frame, const void *data, size_t len)
{
    uint8_t *room = grow(frame, len);

    if (room && len > 0)
        memcpy(room, data, len);
}

void
put_zeros(struct frame *frame, size_t len)
{
    uint8_t *room = grow(frame, len);

    if (room)
        memset(room, 0, len);
}

void
pad_to(struct frame *frame, size_t len)
{
    if (frame->len < len)
        put_zeros(frame, len - frame->len);
}

void
patch8(struct frame *frame, size_t offset, uint8_t value)
{
    if (offset + 1 <= frame->len)
        frame->bytes[offset] = value;
}

void
patch16(struct frame *frame, size_t offset, uint16_t value)
{
    patch8(frame, offset, value >> 8);
    patch8(frame, offset + 1, value);
}
