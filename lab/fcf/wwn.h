/*
 * wwn.h: World Wide Names as text
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { WWN_TEXT_LEN = 16 + 1 };

/* Reads 16 hex digits, with or without 0x in front or colons between the
 * bytes. Returns false, and leaves *wwn alone, for anything else and for 0. */
bool wwn_parse(const char *text, uint64_t *wwn);

/* Writes the 16 lower-case hex digits of a name and returns text. */
const char *wwn_text(uint64_t wwn, char text[WWN_TEXT_LEN]);
