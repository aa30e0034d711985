/*
 * fabric-seeds.c: write the seeds of the target "fabric", in its format
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * usage: fabric-seeds DIRECTORY
 *
 * Fuzzing begins with what machines do to a fabric that is well: they look
 * for it, log in, register, see each other, exchange, and leave.
 */

#include <stdlib.h>
#include <string.h>

#include "harness.h"

/* The addresses that the fabric gives to the first on each port. */
enum { FCID_A = 0x010101, FCID_P = 0x010102, FCID_T = 0x010301 };

enum { WITH_CRC = 1 << 2, STREAM = 2 << 2, COMMAND = 3 << 2, TIME = 4 << 2,
       LINK = 5 << 2 };

static const char *directory;
static FILE *out;

static void
begin(const char *name)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    out = fopen(path, "w");
    if (!out)
        abort();
}

static void
event(int head, const void *data, size_t len)
{
    putc(head, out);
    putc(len >> 8, out);
    putc(len & 0xff, out);
    fwrite(data, 1, len, out);
}

static void
frame(int port, const struct frame *frame)
{
    event(port | WITH_CRC * (frame->bytes[13] == 0x06), frame->bytes,
          frame->len);
}

static void
join_as(int port, const uint8_t *enode, bool is_virtual, uint64_t wwpn,
        uint32_t fcid)
{
    static const uint8_t plogi[116] = { 3, [10] = 8 };
    static const uint8_t scr[8] = { 0x62, [7] = 3 };
    uint8_t types[36] = { 0, fcid >> 16, fcid >> 8, fcid, [6] = 1 };
    uint8_t features[8] = { 0, fcid >> 16, fcid >> 8, fcid,
                            [6] = wwpn == WWPN_T ? 1 : 2, [7] = 8 };
    struct frame one;

    if (!is_virtual) {
        build_solicitation(&one, enode, 2158);
        frame(port, &one);
    }
    build_login(&one, enode, is_virtual, wwpn, WWNN);
    frame(port, &one);
    build_els(&one, fcid, 0xfffffc, plogi, sizeof(plogi));
    frame(port, &one);
    build_ct(&one, fcid, 0x0217, types, sizeof(types));
    frame(port, &one);
    build_ct(&one, fcid, 0x021f, features, sizeof(features));
    frame(port, &one);
    build_els(&one, fcid, 0xfffffd, scr, sizeof(scr));
    frame(port, &one);
}

static void
ask_names(void)
{
    static const uint8_t a[12] = { 0, 1, 1, 1 };
    struct frame one;

    build_ct(&one, FCID_A, 0x0172, "\0\0\0\x08", 4);
    frame(0, &one);
    build_ct(&one, FCID_A, 0x0112, "\0\1\3\1", 4);
    frame(0, &one);
    build_ct(&one, FCID_A, 0x0213, a, 12);
    frame(0, &one);
    build_ct(&one, FCID_A, 0x0218, a, 8);
    frame(0, &one);
}

static void
exchange(void)
{
    static const uint8_t fcp[64] = { 1 };
    struct fc_header command = {
        .r_ctl = 6, .type = 8, .d_id = FCID_T, .s_id = FCID_P,
    };
    struct frame one;

    build_fc(&one, &command, fcp, sizeof(fcp));
    frame(0, &one);
}

static void
leave(void)
{
    struct frame one;

    build_keep_alive(&one, enode_a, 0, 0);
    frame(0, &one);
    build_keep_alive(&one, enode_a, FCID_P, WWPN_P);
    frame(0, &one);
    build_logout(&one, enode_a, FCID_P, WWPN_P);
    frame(0, &one);
}

static void
orders(const char *const *lines)
{
    for (; *lines; lines++)
        event(COMMAND, *lines, strlen(*lines));
}

static void
all_join(void)
{
    join_as(2, enode_t, false, WWPN_T, FCID_T);
    join_as(0, enode_a, false, WWPN_A, FCID_A);
    join_as(0, enode_a, true, WWPN_P, FCID_P);
}

static void
as_stream(void)
{
    struct frame one;
    uint8_t bytes[4 + FRAME_MAX] = { 0 };

    build_solicitation(&one, enode_b, 2158);
    bytes[2] = one.len >> 8;
    bytes[3] = one.len & 0xff;
    memcpy(bytes + 4, one.bytes, one.len);
    event(1 | STREAM, bytes, 30);
    event(1 | STREAM, bytes + 30, one.len + 4 - 30);
}

int
main(int argc, char **argv)
{
    static const char *const faults[] = {
        "drop a 1", "delay target 5", "reject 00000000000000d1 on",
        "logout 00000000000000d1", "link target down", "link target up",
        "npiv off", "policy last", "zone add z 00000000000000a1 d1",
        "zone del z", NULL,
    };
    static const char *const questions[] = {
        "ports", "logins", "zones", "stats", "help", "policy", "npiv", NULL,
    };

    if (argc != 2)
        return 2;
    directory = argv[1];

    begin("life");
    all_join();
    ask_names();
    exchange();
    leave();
    fclose(out);

    begin("faults");
    all_join();
    orders(faults);
    exchange();
    orders(questions);
    fclose(out);

    begin("two-at-once");
    orders((const char *const[]) { "policy last", NULL });
    join_as(0, enode_a, false, WWPN_A, FCID_A);
    join_as(0, enode_a, true, WWPN_P, FCID_P);
    join_as(1, enode_b, false, WWPN_B, 0x010201);
    join_as(1, enode_b, true, WWPN_P, 0x010202);
    leave();
    fclose(out);

    begin("silence");
    all_join();
    event(TIME, "\x20\x00", 2);
    event(TIME, "\xf0\x00", 2);
    putc(LINK, out);
    putc(LINK, out);
    as_stream();
    fclose(out);

    return 0;
}
