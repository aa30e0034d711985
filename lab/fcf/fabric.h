/*
 * fabric.h: the state of the fabric, and the way in and out of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fabric is one switch. A port of it is an Ethernet link to a machine; on
 * the link live one physical N_Port (logged in with FLOGI) and its virtual
 * ones (FDISC). It knows no sockets and no clock: frames come in through
 * fabric_receive() and leave through transmit, and the owner sets now_ms.
 * That is what lets the unit tests drive it.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct log;
struct zone;

/* What is counted, per fabric; counter_names has the names. Each frame that
 * is dropped adds to exactly one of the counters after COUNT_FORWARDED. */
enum counter {
    COUNT_RECEIVED,
    COUNT_SENT,
    COUNT_FORWARDED,
    COUNT_RUNT,                 /* shorter than an Ethernet header */
    COUNT_OVERSIZED,            /* longer than FRAME_MAX */
    COUNT_NOT_FC,               /* another ethertype, or for somebody else */
    COUNT_FIP_MALFORMED,
    COUNT_FCOE_MALFORMED,
    COUNT_BAD_CRC,
    COUNT_ELS_MALFORMED,
    COUNT_CT_MALFORMED,
    COUNT_SPOOFED,              /* a source that is not logged in there */
    COUNT_NO_DESTINATION,
    COUNT_ZONED_OUT,
    COUNT_IGNORED,              /* well-formed, but nothing to do */
    COUNT_PORT_DOWN,
    COUNT_FAULT,                /* dropped because "drop" said so */
    COUNT_QUEUE_FULL,
    COUNTERS,
};

extern const char *const counter_names[COUNTERS];

enum policy {
    POLICY_FIRST,               /* a WWPN in use is refused to others */
    POLICY_LAST,                /* a new login throws the old one out */
};

/* One link to a machine. */
struct port {
    const char *name;
    unsigned int index;         /* also the area of its addresses */
    bool connected;             /* the machine is there */
    bool enabled;               /* by "link PORT up|down" */

    uint8_t enode[MAC_LEN];     /* the machine's own MAC, from its FLOGI */
    int64_t heard_ms;           /* when its last frame came */
    unsigned int next_address;  /* low byte of the address to try next */

    unsigned int faults_to_drop;
    unsigned int delay_ms;
};

/* One N_Port that is logged in, and what it registered. */
struct login {
    struct login *next;
    struct port *port;
    uint64_t wwpn;
    uint64_t wwnn;
    uint32_t fcid;
    bool is_virtual;            /* by FDISC */
    uint16_t frame_size;        /* payload bytes it can take */
    double since;               /* seconds since 1970 */

    uint8_t hears_of;           /* SCR function */
    uint8_t fc4_types[32];      /* as RFT_ID has them */
    uint8_t fcp_features;
};

/* A WWPN that a port lost to a later login (POLICY_LAST). */
struct displaced {
    struct displaced *next;
    struct port *port;
    uint64_t wwpn;
    int64_t asked_ms;           /* when the port last tried to get it back */
};

/* A WWPN that "reject" keeps out. */
struct refused {
    struct refused *next;
    uint64_t wwpn;
};

struct fabric {
    uint64_t name;
    uint64_t switch_name;
    uint8_t mac[MAC_LEN];

    enum policy policy;
    bool npiv;
    struct refused *refused;
    struct zone *zones;

    struct port *ports;
    size_t nports;
    struct login *logins;
    struct displaced *displaced;
    uint16_t next_exchange;

    struct log *log;
    uint64_t counters[COUNTERS];
    int64_t now_ms;             /* monotonic; set by the owner */
    int64_t advertise_ms;       /* when the next advertisement is due */

    void (*transmit)(struct fabric *fabric, struct port *port,
                     const struct frame *frame);
    void *owner;
};

/* Sets up a fabric with nports ports, none of them connected. The names and
 * the log stay the caller's. Free what it came to own with fabric_clear(). */
void fabric_init(struct fabric *fabric, struct log *log,
                 const char *const *names, size_t nports);
void fabric_clear(struct fabric *fabric);

/* NULL if there is no port of that name. */
struct port *fabric_port(struct fabric *fabric, const char *name);

/* Takes one Ethernet frame that arrived at a port. What is not well-formed
 * or not allowed is counted and dropped. Of a frame longer than FRAME_MAX the
 * bytes are not looked at, and may be NULL. */
void fabric_receive(struct fabric *fabric, struct port *port,
                    const void *bytes, size_t len);

/* Hands one frame to a port's machine, unless the port is down. */
void fabric_send(struct fabric *fabric, struct port *port,
                 const struct frame *frame);

/* Does what is due by now: advertisements, logging out those who have sent
 * nothing for too long. Returns the milliseconds to wait for the next. */
int fabric_tick(struct fabric *fabric);

/* The machine came or went. */
void fabric_connected(struct fabric *fabric, struct port *port);
void fabric_disconnected(struct fabric *fabric, struct port *port);

/* "link PORT up|down": a port that is taken down tells its machine, logs it
 * out and stays silent in both directions until it is up again. */
void fabric_enable(struct fabric *fabric, struct port *port, bool enable);

/* The MAC that the fabric gives to an address. */
void fcid_mac(uint32_t fcid, uint8_t mac[MAC_LEN]);

static inline bool
port_is_up(const struct port *port)
{
    return port->connected && port->enabled;
}

static inline void
count(struct fabric *fabric, enum counter counter)
{
    fabric->counters[counter]++;
}
