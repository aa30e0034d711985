/*
 * fabric.c: fuzz the lab's fabric with all that can reach it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An input is a row of events on a fabric with the ports "a", "b" and
 * "target". Each begins with a byte: its low two bits are the port, the others
 * say what happens. Then come, for those that have some, two bytes of length
 * and as many of data.
 */

#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "control.h"
#include "crc.h"
#include "fabric.h"
#include "fc.h"
#include "fcoe.h"
#include "fip-wire.h"
#include "log.h"
#include "login.h"
#include "stream.h"

enum event {
    EVENT_FRAME,                /* data: an Ethernet frame */
    EVENT_FRAME_WITH_CRC,       /* the same, with a right CRC put into it */
    EVENT_STREAM,               /* data: bytes that QEMU sends */
    EVENT_COMMAND,              /* data: a line for the control socket */
    EVENT_TIME,                 /* data: how many milliseconds pass */
    EVENT_LINK,                 /* the machine goes, or comes back */
    EVENTS,
};

enum { PORTS = 3, FC_START = ETHERNET_HEADER_LEN + FCOE_HEADER_LEN };

struct bench {
    struct fabric fabric;
    struct log log;
    struct stream streams[PORTS];
    struct port *from;          /* the port of the event */
};

/* All that the fabric sends must be something that a machine can take. */
static void
check_sent(struct fabric *fabric, struct port *port,
           const struct frame *frame)
{
    struct fip fip;

    (void) fabric;
    PROMISE(port_is_up(port), "it sends to port %s, which is down",
            port->name);
    PROMISE(!frame->overflow && frame->len >= 36,
            "it sends %zu bytes", frame->len);

    if (frame->bytes[12] == 0x89 && frame->bytes[13] == 0x14)
        PROMISE(fip_parse(reader_of(frame->bytes + ETHERNET_HEADER_LEN,
                                    frame->len - ETHERNET_HEADER_LEN), &fip),
                "it sends FIP that it would not take itself");
}

/* No WWPN and no address is in twice, and each address is its port's. */
static void
check_logins(const struct fabric *fabric)
{
    for (struct login *one = fabric->logins; one; one = one->next) {
        PROMISE(one->wwpn != 0, "a port without a name is in");
        PROMISE(one->fcid >> 8 == (0x0100 | (one->port->index + 1)),
                "address %#x is not one of port %s", one->fcid,
                one->port->name);
        PROMISE(port_is_up(one->port), "someone is in on a port that is down");
        for (struct login *other = one->next; other; other = other->next)
            PROMISE(one->wwpn != other->wwpn && one->fcid != other->fcid,
                    "WWPN %#llx or address %#x is in twice",
                    (unsigned long long) one->wwpn, one->fcid);
    }
}

/* In memory of exactly its length, for the sanitizer to see overruns. */
static uint8_t *
exact_copy(const void *data, size_t len)
{
    uint8_t *copy = malloc(len + !len);

    if (!copy)
        abort();
    if (len > 0)
        memcpy(copy, data, len);
    return copy;
}

/* The CRC covers what is between the FCoE header and its trailer. */
static void
mend_crc(uint8_t *bytes, size_t len)
{
    size_t at = len - FCOE_TRAILER_LEN;
    uint32_t crc;

    if (len < FC_START + FC_HEADER_LEN + FCOE_TRAILER_LEN)
        return;

    crc = fc_crc(bytes + FC_START, at - FC_START);
    for (int i = 0; i < 4; i++)
        bytes[at + i] = crc >> 8 * i;
}

static void
receive(struct bench *bench, const uint8_t *data, size_t len, bool with_crc)
{
    uint8_t *bytes = exact_copy(data, len);

    if (with_crc)
        mend_crc(bytes, len);
    fabric_receive(&bench->fabric, bench->from, bytes, len);
    free(bytes);
}

static void
take_frame(void *owner, const uint8_t *frame, size_t len)
{
    struct bench *bench = owner;

    fabric_receive(&bench->fabric, bench->from, frame, len);
}

static void
feed(struct bench *bench, const uint8_t *data, size_t len)
{
    struct stream *stream = &bench->streams[bench->from->index];
    uint8_t *bytes = exact_copy(data, len);

    if (!stream_feed(stream, bytes, len, take_frame, bench))
        memset(stream, 0, sizeof(*stream));
    free(bytes);
}

static void
command(struct bench *bench, const uint8_t *data, size_t len)
{
    char line[CONTROL_LINE_MAX] = "";
    struct answer answer;

    if (len >= sizeof(line))
        return;
    memcpy(line, data, len);

    answer = control_run(&bench->fabric, line);
    PROMISE(answer.json[0] == '{' && !strchr(answer.json, '\n'),
            "an answer that is not one line: %s", answer.json);
    free(answer.json);
}

static void
pass_time(struct bench *bench, const uint8_t *data, size_t len)
{
    struct reader reader = reader_of(data, len);

    bench->fabric.now_ms += get16(&reader);
    fabric_tick(&bench->fabric);
}

static void
toggle_link(struct bench *bench)
{
    if (bench->from->connected)
        fabric_disconnected(&bench->fabric, bench->from);
    else
        fabric_connected(&bench->fabric, bench->from);
}

static void
happen(struct bench *bench, enum event event, struct reader data)
{
    switch (event) {
    case EVENT_FRAME:
    case EVENT_FRAME_WITH_CRC:
        receive(bench, data.at, data.left, event == EVENT_FRAME_WITH_CRC);
        break;
    case EVENT_STREAM:
        feed(bench, data.at, data.left);
        break;
    case EVENT_COMMAND:
        command(bench, data.at, data.left);
        break;
    case EVENT_TIME:
        pass_time(bench, data.at, data.left);
        break;
    case EVENT_LINK:
        toggle_link(bench);
        break;
    case EVENTS:
        break;
    }
}

static void
bench_open(struct bench *bench)
{
    static const char *const names[PORTS] = { "a", "b", "target" };
    static FILE *nowhere;

    if (!nowhere && !(nowhere = fopen("/dev/null", "w")))
        abort();

    memset(bench, 0, sizeof(*bench));
    log_init(&bench->log, nowhere);
    fabric_init(&bench->fabric, &bench->log, names, PORTS);
    bench->fabric.transmit = check_sent;
    bench->fabric.now_ms = 1000000;
    bench->fabric.advertise_ms = 1000000;
    for (size_t i = 0; i < PORTS; i++)
        fabric_connected(&bench->fabric, &bench->fabric.ports[i]);
}

static void
bench_close(struct bench *bench)
{
    fabric_clear(&bench->fabric);
    log_clear(&bench->log);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader input = reader_of(data, size);
    static struct bench bench;

    bench_open(&bench);

    while (input.left > 0) {
        uint8_t head = get8(&input);
        enum event event = (head >> 2) % EVENTS;
        size_t len = event == EVENT_LINK ? 0 : get16(&input);

        bench.from = &bench.fabric.ports[(head & 3) % PORTS];
        happen(&bench, event,
               get_part(&input, len < input.left ? len : input.left));
        check_logins(&bench.fabric);
        PROMISE(bench.log.double_logins == 0, "the log saw someone in twice");
    }

    bench_close(&bench);
    return 0;
}
