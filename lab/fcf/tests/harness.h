/*
 * harness.h: TAP, and a fabric on a bench with machines made of nothing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The bench has a fabric with the ports "a", "b" and "target". What it sends
 * is kept for inspection. The machines are frames that the tests build, with
 * the builders below or by hand.
 */

#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "fabric.h"
#include "fc.h"
#include "fcoe.h"
#include "fip-wire.h"
#include "log.h"
#include "login.h"

/* ---------------------------------- TAP -------------------------------- */

void __attribute__((format(printf, 2, 3)))
ok(bool pass, const char *promise, ...);

/* Prints the plan; returns main()'s status. */
int done(void);

/* --------------------------------- bench ------------------------------- */

enum { SENT_MAX = 4096 };

struct sent {
    const struct port *port;
    struct frame frame;
};

struct bench {
    struct log log;
    struct fabric fabric;
    struct sent *sent;
    size_t nsent;
    char *log_text;
    size_t log_len;
    FILE *log_file;
};

/* Names used all over. */
enum {
    WWPN_A = 0xa1,              /* the physical ports … */
    WWPN_B = 0xb1,
    WWPN_T = 0xc1,
    WWPN_P = 0xd1,              /* … and a pair of virtual ones */
    WWPN_S = 0xd2,
    WWNN = 0xee,
};

extern const uint8_t enode_a[MAC_LEN];
extern const uint8_t enode_b[MAC_LEN];
extern const uint8_t enode_t[MAC_LEN];

/* All three ports connected, nobody logged in, nothing sent. */
void bench_open(struct bench *bench);
void bench_close(struct bench *bench);

struct port *port_of(struct bench *bench, const char *name);
const uint8_t *enode_of(const char *port);

/* Hands a frame to the fabric. */
void arrive(struct bench *bench, const char *port,
            const struct frame *frame);

/* Forgets what has been sent so far. */
void forget_sent(struct bench *bench);

/* What was sent to a port: the number of frames, and the last, or NULL. */
size_t sent_to(struct bench *bench, const char *port);
const struct frame *last_to(struct bench *bench, const char *port);

/* Whether the log has a line with both texts. */
bool logged(struct bench *bench, const char *one, const char *other);

/* All counters of dropped frames together. */
uint64_t dropped(const struct bench *bench);

/* -------------------------------- builders ----------------------------- */

void build_solicitation(struct frame *frame, const uint8_t enode[MAC_LEN],
                        uint16_t fcoe_size);
void build_login(struct frame *frame, const uint8_t enode[MAC_LEN],
                 bool is_virtual, uint64_t wwpn, uint64_t wwnn);
void build_logout(struct frame *frame, const uint8_t enode[MAC_LEN],
                  uint32_t fcid, uint64_t wwpn);

/* fcid 0: of the machine itself. */
void build_keep_alive(struct frame *frame, const uint8_t enode[MAC_LEN],
                      uint32_t fcid, uint64_t wwpn);

/* An FCoE frame from header->s_id; payload of whole words. */
void build_fc(struct frame *frame, const struct fc_header *header,
              const void *payload, size_t len);

/* The same of a request to a service of the fabric. */
void build_els(struct frame *frame, uint32_t from, uint32_t to,
               const void *payload, size_t len);
void build_ct(struct frame *frame, uint32_t from, uint16_t command,
              const void *body, size_t len);

/* Writes the CRC anew, after a change. */
void mend_crc(struct frame *frame);

/* ------------------------------- machines ------------------------------ */

/* Log in and out. log_in() returns the address, 0 if it was refused. */
uint32_t log_in(struct bench *bench, const char *port, bool is_virtual,
                uint64_t wwpn);
void log_out(struct bench *bench, const char *port, uint32_t fcid,
             uint64_t wwpn);

/* Registers FC-4 types, features, and for RSCN. */
void register_fcp(struct bench *bench, const char *port, uint32_t fcid,
                  uint8_t features);

/* log_in() and register_fcp() as an initiator, or for WWPN_T as a target. */
uint32_t join(struct bench *bench, const char *port, bool is_virtual,
              uint64_t wwpn);

/* What the fabric answered to an ELS by FIP, taken apart. */
struct fip_answer {
    bool there;
    uint8_t command;            /* ELS_LS_ACC or ELS_LS_RJT */
    uint8_t reason;
    uint8_t explanation;
    uint16_t features;
    uint32_t fcid;
    uint8_t mac[MAC_LEN];
};

struct fip_answer fip_answer(const struct frame *frame);

/* An FCoE frame that the fabric sent, taken apart; payload.left is 0 if it is
 * none, or its CRC is wrong. */
struct fc_sent {
    struct fc_header header;
    struct reader payload;
    uint8_t sof;
    uint8_t eof;
};

struct fc_sent fc_sent(const struct frame *frame);

/* How many RSCN about an address were sent to an N_Port. */
size_t rscns(struct bench *bench, uint32_t to, uint32_t about);
