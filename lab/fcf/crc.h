/*
 * crc.h: the CRC of a Fibre Channel frame
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

/* The FC-FS frame CRC of an FC header and its payload, as a number. It is the
 * CRC-32 of Ethernet and zlib; FCoE puts it on the wire little-endian. */
uint32_t fc_crc(const void *data, size_t len);
