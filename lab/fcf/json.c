/*
 * json.c: text that came from outside, as a JSON string
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "json.h"

void
json_string(FILE *out, const char *text)
{
    fputc('"', out);

    for (; *text; text++) {
        unsigned char byte = *text;

        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(out, "\\u%04x", byte);
        else
            fputc(byte < 0x7f ? byte : '?', out);
    }

    fputc('"', out);
}
