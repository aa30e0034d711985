/*
 * test-text.c: CRC, WWNs and JSON strings are as others write them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdlib.h>
#include <string.h>

#include "crc.h"
#include "harness.h"
#include "json.h"
#include "wwn.h"

static void
test_crc(void)
{
    ok(fc_crc("123456789", 9) == 0xcbf43926, "the CRC is the one of zlib");
    ok(fc_crc("", 0) == 0, "the CRC of nothing is 0");
}

static void
test_good_wwns(void)
{
    static const char *const good[] = {
        "2101001b32a90002", "2101001B32A90002", "0x2101001b32a90002",
        "21:01:00:1b:32:a9:00:02", "0x21:01:00:1b:32:a9:00:02",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        uint64_t wwn = 0;

        ok(wwn_parse(good[i], &wwn) && wwn == 0x2101001b32a90002,
           "'%s' is a WWN", good[i]);
    }
}

static void
test_bad_wwns(void)
{
    static const char *const bad[] = {
        "", "0x", "2101001b32a9000", "2101001b32a900022", "0000000000000000",
        "2101001b32a9000g", "21::01001b32a90002", ":2101001b32a90002",
        "2101001b32a90002:", "2:101001b32a90002", " 2101001b32a90002",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        uint64_t wwn = 7;

        ok(!wwn_parse(bad[i], &wwn) && wwn == 7, "'%s' is no WWN", bad[i]);
    }
}

static void
test_json(void)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    json_string(out, "a\"b\\c\nd\x80");
    fclose(out);
    ok(strcmp(text, "\"a\\\"b\\\\c\\u000ad?\"") == 0,
       "a JSON string is escaped");
    free(text);
}

int
main(void)
{
    char text[WWN_TEXT_LEN];

    test_crc();
    test_good_wwns();
    test_bad_wwns();
    ok(strcmp(wwn_text(0xab, text), "00000000000000ab") == 0,
       "a WWN is written with 16 digits");
    test_json();
    return done();
}
