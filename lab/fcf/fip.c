/*
 * fip.c: the FCoE Initialization Protocol (FC-BB-5)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fip.h"

#include "fc.h"
#include "fip-login.h"
#include "fip-wire.h"
#include "login.h"

static const uint8_t all_enodes[MAC_LEN] = {
    0x01, 0x10, 0x18, 0x01, 0x00, 0x01,
};

/* ------------------------------ discovery ------------------------------ */

static void
build_advertisement(struct fabric *fabric, struct frame *frame,
                    const uint8_t to[MAC_LEN], uint16_t flags)
{
    fip_begin(fabric, frame, to, FIP_DISCOVERY, FIP_ADVERTISEMENT,
              FIP_FPMA | FIP_AVAILABLE | FIP_FROM_FCF | flags);

    fip_put_descriptor(frame, FIP_PRIORITY);
    put8(frame, 0);
    put8(frame, FIP_DEFAULT_PRIORITY);
    fip_put_mac(frame, fabric->mac);
    fip_put_name(frame, fabric->switch_name);
    fip_put_descriptor(frame, FIP_FABRIC);
    put16(frame, 0);            /* no virtual fabrics */
    put8(frame, 0);
    put24(frame, FC_MAP);
    put64(frame, fabric->name);
    fip_put_descriptor(frame, FIP_FKA_PERIOD);
    put16(frame, 0);
    put32(frame, FIP_FKA_PERIOD_MS);

    fip_finish(frame);
}

void
fip_advertise(struct fabric *fabric, struct port *port)
{
    struct frame frame;

    build_advertisement(fabric, &frame, all_enodes, 0);
    fabric_send(fabric, port, &frame);
}

/* The answer is as long as the longest frame that the machine can take: if it
 * arrives, so will all others. */
static void
receive_solicitation(struct fabric *fabric, struct port *port,
                     const struct fip *fip)
{
    struct frame frame;

    if (!has_descriptor(fip, FIP_MAC) || !has_descriptor(fip, FIP_NAME) ||
        !has_descriptor(fip, FIP_FCOE_SIZE) ||
        fip->fcoe_size > FRAME_MAX - ETHERNET_HEADER_LEN) {
        count(fabric, COUNT_FIP_MALFORMED);
        return;
    }

    build_advertisement(fabric, &frame, fip->mac, FIP_SOLICITED);
    pad_to(&frame, ETHERNET_HEADER_LEN + fip->fcoe_size);
    fabric_send(fabric, port, &frame);
}

/* -------------------- keep-alive, Clear Virtual Links ------------------ */

static void
begin_clear(struct fabric *fabric, struct frame *frame,
            const uint8_t enode[MAC_LEN])
{
    fip_begin(fabric, frame, enode, FIP_CONTROL, FIP_CLEAR_VIRTUAL_LINKS,
              FIP_FPMA);
    fip_put_mac(frame, fabric->mac);
    fip_put_name(frame, fabric->switch_name);
}

/* Clears all that a machine has. */
static void
clear_all(struct fabric *fabric, struct port *port,
          const uint8_t enode[MAC_LEN])
{
    struct frame frame;

    begin_clear(fabric, &frame, enode);
    fip_finish(&frame);
    fabric_send(fabric, port, &frame);
}

/* Clears one virtual link of a machine. */
static void
clear_link(struct fabric *fabric, struct port *port,
           const uint8_t enode[MAC_LEN], uint32_t fcid, uint64_t wwpn)
{
    struct frame frame;

    begin_clear(fabric, &frame, enode);
    fip_put_vn_port(&frame, fcid, wwpn);
    fip_finish(&frame);
    fabric_send(fabric, port, &frame);
}

void
fip_clear_login(struct fabric *fabric, const struct login *login)
{
    if (login->is_virtual)
        clear_link(fabric, login->port, login->port->enode, login->fcid,
                   login->wwpn);
    else
        clear_all(fabric, login->port, login->port->enode);
}

/* A machine that believes itself logged in, and is not, has to be told: it
 * is so after a restart of the fabric. libfcoe sends a keep-alive for each of
 * its virtual ports, also for those that it has not logged in yet: they say
 * FC_ID 0, believe nothing, and need no answer. */
static void
receive_keep_alive(struct fabric *fabric, struct port *port,
                   const struct fip *fip)
{
    struct login *login;

    if (!has_descriptor(fip, FIP_MAC)) {
        count(fabric, COUNT_FIP_MALFORMED);
        return;
    }
    if (!login_physical(fabric, port)) {
        clear_all(fabric, port, fip->mac);
        return;
    }
    if (!has_descriptor(fip, FIP_VN_PORT) || fip->vn_fcid == 0)
        return;

    login = login_by_fcid(fabric, fip->vn_fcid);
    if (!login || login->port != port || login->wwpn != fip->vn_wwpn)
        clear_link(fabric, port, fip->mac, fip->vn_fcid, fip->vn_wwpn);
}

void
fip_receive(struct fabric *fabric, struct port *port,
            const uint8_t source[MAC_LEN], struct reader bytes)
{
    struct fip fip;

    if (!fip_parse(bytes, &fip)) {
        count(fabric, COUNT_FIP_MALFORMED);
        return;
    }

    if (fip.operation == FIP_DISCOVERY && fip.subcode == FIP_SOLICITATION)
        receive_solicitation(fabric, port, &fip);
    else if (fip.operation == FIP_LINK_SERVICE && fip.subcode == FIP_REQUEST)
        fip_link_service(fabric, port, source, &fip);
    else if (fip.operation == FIP_CONTROL && fip.subcode == FIP_KEEP_ALIVE)
        receive_keep_alive(fabric, port, &fip);
    else
        count(fabric, COUNT_IGNORED);
}
