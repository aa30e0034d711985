/*
 * crc.c: the CRC of a Fibre Channel frame
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "crc.h"

#include <stdbool.h>

static uint32_t table[256];

static void
fill_table(void)
{
    static bool filled;

    if (filled)
        return;

    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t rest = byte;

        for (int bit = 0; bit < 8; bit++)
            rest = rest & 1 ? rest >> 1 ^ 0xedb88320 : rest >> 1;
        table[byte] = rest;
    }
    filled = true;
}

uint32_t
fc_crc(const void *data, size_t len)
{
    const uint8_t *bytes = data;
    uint32_t crc = 0xffffffff;

    fill_table();

    for (size_t i = 0; i < len; i++)
        crc = table[(crc ^ bytes[i]) & 0xff] ^ crc >> 8;

    return ~crc;
}
