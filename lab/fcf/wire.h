/*
 * wire.h: bounds-checked reading and building of wire data
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Everything that comes off the wire is read through a reader and everything
 * that goes onto it is put together in a frame. Both are big-endian, as Fibre
 * Channel and Ethernet are. Neither can leave its bounds: a reader that runs
 * out of data answers zeros and remembers that it was short, a frame that is
 * full ignores what does not fit and remembers that it overflowed. So a parser
 * reads a whole structure first and asks once whether it was there.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MAC_LEN = 6,
    ETHERNET_HEADER_LEN = 14,

    /* An Ethernet frame that carries a full FC frame (2112 bytes of payload)
     * needs 2186 bytes; the rest is room for links with a larger MTU. */
    FRAME_MAX = 2560,
};

struct reader {
    const uint8_t *at;
    size_t left;
    bool was_short;
};

struct frame {
    size_t len;
    bool overflow;
    uint8_t bytes[FRAME_MAX];
};

/* The data stays the caller's and must outlive the reader. */
struct reader reader_of(const void *data, size_t len);

uint8_t get8(struct reader *reader);
uint16_t get16(struct reader *reader);
uint32_t get24(struct reader *reader);
uint32_t get32(struct reader *reader);
uint64_t get64(struct reader *reader);
void get_mac(struct reader *reader, uint8_t mac[MAC_LEN]);
void skip(struct reader *reader, size_t len);

/* Splits off the next len bytes as a reader of their own. */
struct reader get_part(struct reader *reader, size_t len);

void frame_reset(struct frame *frame);
void put8(struct frame *frame, uint8_t value);
void put16(struct frame *frame, uint16_t value);
void put24(struct frame *frame, uint32_t value);
void put32(struct frame *frame, uint32_t value);
void put64(struct frame *frame, uint64_t value);
void put_bytes(struct frame *frame, const void *data, size_t len);
void put_zeros(struct frame *frame, size_t len);

/* Appends zeros until the frame is len bytes long, if it is shorter. */
void pad_to(struct frame *frame, size_t len);

/* Overwrite what has been written already, at an offset: for length
 * fields that are known only once what they count has been put. */
void patch8(struct frame *frame, size_t offset, uint8_t value);
void patch16(struct frame *frame, size_t offset, uint16_t value);
