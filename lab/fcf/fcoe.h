/*
 * fcoe.h: FC frames on Ethernet (FC-BB-5), and where they go
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fabric.h"

/* The FC-FS frame header. */
struct fc_header {
    uint8_t r_ctl;
    uint32_t d_id;
    uint32_t s_id;
    uint8_t type;
    uint32_t f_ctl;
    uint8_t seq_id;
    uint8_t df_ctl;
    uint16_t seq_cnt;
    uint16_t ox_id;
    uint16_t rx_id;
};

/* Returns false if the reader was short. */
bool fc_header_get(struct reader *reader, struct fc_header *header);
void fc_header_put(struct frame *frame, const struct fc_header *header);

/* The header of the answer to a request, from where that was sent to. */
struct fc_header fc_reply(const struct fc_header *request, uint8_t r_ctl);

/* Takes an FCoE frame that arrived at a port: forwards it to the N_Port it is
 * for, or hands it to one of the fabric's own services. */
void fcoe_receive(struct fabric *fabric, struct port *port,
                  const uint8_t *bytes, size_t len);

/* Begins a frame of the fabric's own to an N_Port; the caller puts a payload
 * of whole words; fcoe_end() closes and sends it. */
void fcoe_begin(struct fabric *fabric, struct frame *frame,
                const struct login *to, const struct fc_header *header,
                uint8_t sof);
void fcoe_end(struct fabric *fabric, struct frame *frame,
              const struct login *to, uint8_t eof);
