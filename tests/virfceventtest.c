/*
 * virfceventtest.c: test parsing of FC transport events
 *
 * This library is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * This library is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * You should have received a copy of the GNU Lesser General Public
 * License along with this library.  If not, see
 * <http://www.gnu.org/licenses/>.
 */

#include <config.h>

#include "testutils.h"

#include "virfcevent.h"

#define VIR_FROM_THIS VIR_FROM_NONE

/* A message as the kernel sends it, see scsi_netlink_fc.h: 40 bytes. */
typedef struct _testMessage testMessage;
struct _testMessage {
    uint8_t version;
    uint8_t transport;
    uint16_t magic;
    uint16_t msgtype;
    uint16_t msglen;
    uint64_t seconds;
    uint64_t vendor;
    uint16_t host;
    uint16_t datalen;
    uint32_t number;
    uint32_t code;
    uint32_t data;
};


static testMessage
testMessageNew(uint32_t code)
{
    testMessage msg = {
        .version = 1, .transport = 1, .magic = 0xA1B2, .msgtype = 0x0100,
        .msglen = sizeof(msg), .seconds = 1, .host = 7, .datalen = 4,
        .number = 1, .code = code,
    };

    return msg;
}


struct testCodeData {
    uint32_t code;
    virFCEventType type;
};


static int
testCode(const void *opaque)
{
    const struct testCodeData *data = opaque;
    testMessage msg = testMessageNew(data->code);
    virFCEvent event = { 0 };

    if (virFCEventParse(&msg, sizeof(msg), &event) < 0)
        return -1;

    return event.type == data->type && event.host == 7 ? 0 : -1;
}


static int
testRefuse(const void *msg,
           size_t len)
{
    virFCEvent event = { .type = VIR_FC_EVENT_LAST, .host = 99 };

    if (virFCEventParse(msg, len, &event) == 0)
        return -1;

    return event.type == VIR_FC_EVENT_LAST && event.host == 99 ? 0 : -1;
}


/* Every length that is too short, from a buffer that ends there, so that
 * valgrind or ASan see a read beyond it. */
static int
testTruncated(const void *opaque G_GNUC_UNUSED)
{
    testMessage msg = testMessageNew(2);
    size_t len;

    for (len = 0; len < G_STRUCT_OFFSET(testMessage, data); len++) {
        g_autofree char *copy = g_malloc0(MAX(len, 1));

        memcpy(copy, &msg, len);
        if (testRefuse(copy, len) < 0)
            return -1;
    }

    return 0;
}


static int
testForeign(const void *opaque G_GNUC_UNUSED)
{
    testMessage version = testMessageNew(2);
    testMessage transport = testMessageNew(2);
    testMessage magic = testMessageNew(2);
    testMessage msgtype = testMessageNew(2);

    version.version = 2;
    transport.transport = 0;
    magic.magic = 0;
    msgtype.msgtype = 0x0200;

    if (testRefuse(&version, sizeof(version)) < 0 ||
        testRefuse(&transport, sizeof(transport)) < 0 ||
        testRefuse(&magic, sizeof(magic)) < 0 ||
        testRefuse(&msgtype, sizeof(msgtype)) < 0)
        return -1;

    return 0;
}


static int
mymain(void)
{
    int ret = 0;

#define TEST_CODE(code_, type_) \
    do { \
        struct testCodeData data = { .code = code_, .type = VIR_FC_EVENT_ ## type_ }; \
        if (virTestRun("event code " #code_ " is " #type_, testCode, &data) < 0) \
            ret = -1; \
    } while (0)

    TEST_CODE(0x1, LINK_RESET);
    TEST_CODE(0x2, LINK_UP);
    TEST_CODE(0x3, LINK_DOWN);
    TEST_CODE(0x4, LINK_RESET);
    TEST_CODE(0x5, FABRIC_CHANGE);
    TEST_CODE(0x103, OTHER);
    TEST_CODE(0x201, LINK_DOWN);
    TEST_CODE(0x202, LINK_UP);
    TEST_CODE(0xffff, OTHER);

    if (virTestRun("truncated messages are refused", testTruncated, NULL) < 0)
        ret = -1;
    if (virTestRun("foreign messages are refused", testForeign, NULL) < 0)
        ret = -1;

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
