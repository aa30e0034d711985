/*
 * wwn.c: World Wide Names as text
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "wwn.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
wwn_parse(const char *text, uint64_t *wwn)
{
    char digits[WWN_TEXT_LEN] = "";
    size_t count = 0;
    uint64_t value;

    if (strncmp(text, "0x", 2) == 0)
        text += 2;

    for (; *text; text++) {
        bool colon_fits = count > 0 && count < 16 && count % 2 == 0;

        if (*text == ':' && colon_fits && text[-1] != ':')
            continue;
        if (!isxdigit((unsigned char) *text) || count == 16)
            return false;
        digits[count++] = *text;
    }

    if (count != 16)
        return false;

    value = strtoull(digits, NULL, 16);
    if (value == 0)
        return false;

    *wwn = value;
    return true;
}

const char *
wwn_text(uint64_t wwn, char text[WWN_TEXT_LEN])
{
    snprintf(text, WWN_TEXT_LEN, "%016" PRIx64, wwn);
    return text;
}
