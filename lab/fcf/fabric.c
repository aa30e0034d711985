/*
 * fabric.c: the state of the fabric, and the way in and out of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fabric.h"

#include <stdlib.h>
#include <string.h>

#include "fc.h"
#include "fcoe.h"
#include "fip.h"
#include "log.h"
#include "login.h"
#include "zone.h"

enum {
    /* FC-BB-5: a machine that missed two and a half periods is gone. */
    SILENCE_MS = FIP_FKA_PERIOD_MS * 5 / 2,

    /* If the fabric itself stood still for longer than this, nobody else is
     * to blame for the silence. */
    STALL_MS = 2000,
};

static const uint8_t all_fcfs[MAC_LEN] = {
    0x01, 0x10, 0x18, 0x01, 0x00, 0x02,
};

const char *const counter_names[COUNTERS] = {
    [COUNT_RECEIVED] = "received",
    [COUNT_SENT] = "sent",
    [COUNT_FORWARDED] = "forwarded",
    [COUNT_RUNT] = "runt",
    [COUNT_OVERSIZED] = "oversized",
    [COUNT_NOT_FC] = "not_fc",
    [COUNT_FIP_MALFORMED] = "fip_malformed",
    [COUNT_FCOE_MALFORMED] = "fcoe_malformed",
    [COUNT_BAD_CRC] = "bad_crc",
    [COUNT_ELS_MALFORMED] = "els_malformed",
    [COUNT_CT_MALFORMED] = "ct_malformed",
    [COUNT_SPOOFED] = "spoofed",
    [COUNT_NO_DESTINATION] = "no_destination",
    [COUNT_ZONED_OUT] = "zoned_out",
    [COUNT_IGNORED] = "ignored",
    [COUNT_PORT_DOWN] = "port_down",
    [COUNT_FAULT] = "fault",
    [COUNT_QUEUE_FULL] = "queue_full",
};

void
fabric_init(struct fabric *fabric, struct log *log,
            const char *const *names, size_t nports)
{
    static const uint8_t mac[MAC_LEN] = { 0x02, 0xfc, 0xf0, 0, 0, 0x01 };

    *fabric = (struct fabric) {
        .name = 0x100002fcf0000001,
        .switch_name = 0x100002fcf0000001,
        .npiv = true,
        .log = log,
        .nports = nports,
    };
    memcpy(fabric->mac, mac, MAC_LEN);

    fabric->ports = calloc(nports, sizeof(*fabric->ports));
    if (!fabric->ports)
        abort();

    for (size_t i = 0; i < nports; i++) {
        fabric->ports[i].name = names[i];
        fabric->ports[i].index = i;
        fabric->ports[i].enabled = true;
    }
}

void
fabric_clear(struct fabric *fabric)
{
    login_clear(fabric);
    zone_clear(fabric);
    free(fabric->ports);
    fabric->ports = NULL;
    fabric->nports = 0;
}

struct port *
fabric_port(struct fabric *fabric, const char *name)
{
    for (size_t i = 0; i < fabric->nports; i++) {
        if (strcmp(fabric->ports[i].name, name) == 0)
            return &fabric->ports[i];
    }

    return NULL;
}

void
fcid_mac(uint32_t fcid, uint8_t mac[MAC_LEN])
{
    uint64_t number = (uint64_t) FC_MAP << 24 | fcid;

    for (int i = 0; i < MAC_LEN; i++)
        mac[i] = number >> 8 * (MAC_LEN - 1 - i);
}

/* "drop PORT N": whether this is one of the N frames. */
static bool
falls_to_fault(struct fabric *fabric, struct port *port)
{
    if (port->faults_to_drop == 0)
        return false;

    port->faults_to_drop--;
    count(fabric, COUNT_FAULT);
    return true;
}

void
fabric_send(struct fabric *fabric, struct port *port,
            const struct frame *frame)
{
    if (!port_is_up(port)) {
        count(fabric, COUNT_PORT_DOWN);
        return;
    }
    if (falls_to_fault(fabric, port))
        return;

    count(fabric, COUNT_SENT);
    fabric->transmit(fabric, port, frame);
}

static bool
is_for_fabric(const struct fabric *fabric, const uint8_t *bytes)
{
    return memcmp(bytes, fabric->mac, MAC_LEN) == 0 ||
           memcmp(bytes, all_fcfs, MAC_LEN) == 0;
}

void
fabric_receive(struct fabric *fabric, struct port *port, const void *data,
               size_t len)
{
    const uint8_t *bytes = data;
    struct reader rest = reader_of(bytes, len);
    uint16_t ethertype;

    count(fabric, COUNT_RECEIVED);

    if (len < ETHERNET_HEADER_LEN) {
        count(fabric, COUNT_RUNT);
        return;
    }
    if (len > FRAME_MAX) {
        count(fabric, COUNT_OVERSIZED);
        return;
    }
    if (!port_is_up(port)) {
        count(fabric, COUNT_PORT_DOWN);
        return;
    }

    skip(&rest, 2 * MAC_LEN);
    ethertype = get16(&rest);

    if ((ethertype != ETHERTYPE_FIP && ethertype != ETHERTYPE_FCOE) ||
        !is_for_fabric(fabric, bytes)) {
        count(fabric, COUNT_NOT_FC);
        return;
    }
    if (falls_to_fault(fabric, port))
        return;

    port->heard_ms = fabric->now_ms;
    if (ethertype == ETHERTYPE_FIP)
        fip_receive(fabric, port, bytes + MAC_LEN, rest);
    else
        fcoe_receive(fabric, port, bytes, len);
}

/* Everything on the port is over, and its machine is told so. */
static void
clear_port(struct fabric *fabric, struct port *port, const char *why)
{
    struct login *physical = login_physical(fabric, port);

    if (!physical)
        return;

    fip_clear_login(fabric, physical);
    login_end(fabric, physical, why);
}

void
fabric_connected(struct fabric *fabric, struct port *port)
{
    port->connected = true;
    port->heard_ms = fabric->now_ms;
    log_link(fabric->log, port, port->enabled ? "up" : "down", "connected");

    if (port->enabled)
        fip_advertise(fabric, port);
}

void
fabric_disconnected(struct fabric *fabric, struct port *port)
{
    port->connected = false;
    log_link(fabric->log, port, "down", "disconnected");
    login_end_port(fabric, port, "disconnected");
}

void
fabric_enable(struct fabric *fabric, struct port *port, bool enable)
{
    if (enable == port->enabled)
        return;

    if (!enable)
        clear_port(fabric, port, "link down");

    port->enabled = enable;
    port->heard_ms = fabric->now_ms;
    log_link(fabric->log, port, port_is_up(port) ? "up" : "down", "command");

    if (enable)
        fip_advertise(fabric, port);
}

static void
advertise_if_due(struct fabric *fabric)
{
    if (fabric->now_ms < fabric->advertise_ms)
        return;

    for (size_t i = 0; i < fabric->nports; i++) {
        if (port_is_up(&fabric->ports[i]))
            fip_advertise(fabric, &fabric->ports[i]);
    }

    fabric->advertise_ms = fabric->now_ms + FIP_FKA_PERIOD_MS;
}

static void
forgive_stall(struct fabric *fabric)
{
    if (fabric->now_ms - fabric->advertise_ms <= STALL_MS)
        return;

    for (size_t i = 0; i < fabric->nports; i++)
        fabric->ports[i].heard_ms = fabric->now_ms;
}

static void
clear_the_silent(struct fabric *fabric)
{
    for (size_t i = 0; i < fabric->nports; i++) {
        struct port *port = &fabric->ports[i];

        if (fabric->now_ms - port->heard_ms > SILENCE_MS)
            clear_port(fabric, port, "keep-alive timeout");
    }
}

int
fabric_tick(struct fabric *fabric)
{
    forgive_stall(fabric);
    clear_the_silent(fabric);
    advertise_if_due(fabric);

    return fabric->advertise_ms - fabric->now_ms;
}
