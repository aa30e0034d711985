/*
 * rscn.c: telling N_Ports that something changed (FC-LS RSCN)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "rscn.h"

#include "fabric.h"
#include "fc.h"
#include "fcoe.h"
#include "log.h"
#include "zone.h"

void
rscn_tell(struct fabric *fabric, const struct login *to,
          const struct login *about)
{
    struct fc_header header = {
        .r_ctl = RCTL_ELS_REQUEST,
        .type = TYPE_ELS,
        .d_id = to->fcid,
        .s_id = FCID_CONTROLLER,
        .f_ctl = FCTL_FIRST_SEQUENCE | FCTL_END_SEQUENCE |
                 FCTL_TRANSFER_INITIATIVE,
        .ox_id = fabric->next_exchange,
        .rx_id = NO_EXCHANGE,
    };
    struct frame frame;

    if (to->hears_of != SCR_PORTS && to->hears_of != SCR_ALL)
        return;

    fabric->next_exchange = (fabric->next_exchange + 1) % NO_EXCHANGE;

    fcoe_begin(fabric, &frame, to, &header, SOF_I3);
    put8(&frame, ELS_RSCN);
    put8(&frame, RSCN_PAGE_LEN);
    put16(&frame, 4 + RSCN_PAGE_LEN);
    put8(&frame, 0);            /* one address has changed, no detail */
    put24(&frame, about->fcid);
    fcoe_end(fabric, &frame, to, EOF_T);

    log_rscn(fabric->log, to, about);
}

void
rscn_announce(struct fabric *fabric, const struct login *about)
{
    for (struct login *to = fabric->logins; to; to = to->next) {
        if (zone_sees(fabric, to, about))
            rscn_tell(fabric, to, about);
    }
}
