/*
 * harness.c: TAP, and a fabric on a bench with machines made of nothing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "harness.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "crc.h"
#include "els.h"

enum { FC_START = ETHERNET_HEADER_LEN + FCOE_HEADER_LEN };

static const uint8_t all_fcfs[MAC_LEN] = { 0x01, 0x10, 0x18, 0x01, 0, 0x02 };

const uint8_t enode_a[MAC_LEN] = { 0x52, 0x54, 0, 0xfc, 0, 0x01 };
const uint8_t enode_b[MAC_LEN] = { 0x52, 0x54, 0, 0xfc, 0, 0x02 };
const uint8_t enode_t[MAC_LEN] = { 0x52, 0x54, 0, 0xfc, 0, 0x10 };

/* ---------------------------------- TAP -------------------------------- */

static int tests;
static int failures;

void
ok(bool pass, const char *promise, ...)
{
    va_list args;

    printf("%sok %d - ", pass ? "" : "not ", ++tests);
    va_start(args, promise);
    vprintf(promise, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);

    failures += !pass;
}

int
done(void)
{
    printf("1..%d\n", tests);
    return failures > 0;
}

/* --------------------------------- bench ------------------------------- */

static void
keep(struct fabric *fabric, struct port *port, const struct frame *frame)
{
    struct bench *bench = fabric->owner;

    if (bench->nsent == SENT_MAX)
        abort();
    bench->sent[bench->nsent].port = port;
    bench->sent[bench->nsent].frame = *frame;
    bench->nsent++;
}

void
bench_open(struct bench *bench)
{
    static const char *const names[] = { "a", "b", "target" };

    memset(bench, 0, sizeof(*bench));
    bench->sent = calloc(SENT_MAX, sizeof(*bench->sent));
    bench->log_file = open_memstream(&bench->log_text, &bench->log_len);
    if (!bench->sent || !bench->log_file)
        abort();

    log_init(&bench->log, bench->log_file);
    fabric_init(&bench->fabric, &bench->log, names, 3);
    bench->fabric.transmit = keep;
    bench->fabric.owner = bench;
    bench->fabric.now_ms = 1000000;
    bench->fabric.advertise_ms = 1000000;

    for (size_t i = 0; i < 3; i++)
        fabric_connected(&bench->fabric, &bench->fabric.ports[i]);
    forget_sent(bench);
}

void
bench_close(struct bench *bench)
{
    fabric_clear(&bench->fabric);
    log_clear(&bench->log);
    fclose(bench->log_file);
    free(bench->log_text);
    free(bench->sent);
}

struct port *
port_of(struct bench *bench, const char *name)
{
    return fabric_port(&bench->fabric, name);
}

const uint8_t *
enode_of(const char *port)
{
    return *port == 'a' ? enode_a : *port == 'b' ? enode_b : enode_t;
}

void
arrive(struct bench *bench, const char *port, const struct frame *frame)
{
    /* In memory of exactly its length, for the sanitizer to see overruns. */
    uint8_t *bytes = malloc(frame->len > 0 ? frame->len : 1);

    if (!bytes)
        abort();
    memcpy(bytes, frame->bytes, frame->len);
    fabric_receive(&bench->fabric, port_of(bench, port), bytes, frame->len);
    free(bytes);
}

void
forget_sent(struct bench *bench)
{
    bench->nsent = 0;
}

size_t
sent_to(struct bench *bench, const char *port)
{
    size_t number = 0;

    for (size_t i = 0; i < bench->nsent; i++)
        number += bench->sent[i].port == port_of(bench, port);

    return number;
}

const struct frame *
last_to(struct bench *bench, const char *port)
{
    for (size_t i = bench->nsent; i-- > 0;) {
        if (bench->sent[i].port == port_of(bench, port))
            return &bench->sent[i].frame;
    }

    return NULL;
}

bool
logged(struct bench *bench, const char *one, const char *other)
{
    char *copy;
    char *save = NULL;
    bool found = false;

    fflush(bench->log_file);
    copy = strdup(bench->log_text);
    for (char *line = strtok_r(copy, "\n", &save); line && !found;
         line = strtok_r(NULL, "\n", &save))
        found = strstr(line, one) && strstr(line, other);

    free(copy);
    return found;
}

uint64_t
dropped(const struct bench *bench)
{
    uint64_t sum = 0;

    for (int i = COUNT_RUNT; i < COUNTERS; i++)
        sum += bench->fabric.counters[i];

    return sum;
}

/* -------------------------------- builders ----------------------------- */

static void
put_fip(struct frame *frame, const uint8_t source[MAC_LEN],
        uint16_t operation, uint8_t subcode)
{
    frame_reset(frame);
    put_bytes(frame, all_fcfs, MAC_LEN);
    put_bytes(frame, source, MAC_LEN);
    put16(frame, 0x8914);
    put16(frame, 0x1000);
    put16(frame, operation);
    put8(frame, 0);
    put8(frame, subcode);
    put16(frame, 0);
    put16(frame, 0x8000);
}

static void
end_fip(struct frame *frame)
{
    patch16(frame, 20, (frame->len - 24) / 4);
    pad_to(frame, 60);
}

static void
put_mac(struct frame *frame, const uint8_t mac[MAC_LEN])
{
    put16(frame, 0x0202);
    put_bytes(frame, mac, MAC_LEN);
}

void
build_solicitation(struct frame *frame, const uint8_t enode[MAC_LEN],
                   uint16_t fcoe_size)
{
    put_fip(frame, enode, 1, 1);
    put_mac(frame, enode);
    put32(frame, 0x04030000);
    put64(frame, WWNN);
    put16(frame, 0x0601);
    put16(frame, fcoe_size);
    end_fip(frame);
}

void
build_login(struct frame *frame, const uint8_t enode[MAC_LEN],
            bool is_virtual, uint64_t wwpn, uint64_t wwnn)
{
    struct fc_header header = {
        .r_ctl = 0x22, .type = 0x01, .d_id = 0xfffffe, .f_ctl = 0x290000,
        .ox_id = 0x1234, .rx_id = 0xffff,
    };
    struct els_login login = {
        .command = is_virtual ? 0x51 : 0x04,
        .frame_size = 2048, .wwpn = wwpn, .wwnn = wwnn,
    };

    put_fip(frame, enode, 2, 1);
    put8(frame, is_virtual ? 8 : 7);
    put8(frame, (4 + 24 + 116) / 4);
    put16(frame, 0);
    fc_header_put(frame, &header);
    els_put_login(frame, &login);
    put_mac(frame, (const uint8_t[MAC_LEN]) { 0 });
    end_fip(frame);
}

void
build_logout(struct frame *frame, const uint8_t enode[MAC_LEN],
             uint32_t fcid, uint64_t wwpn)
{
    struct fc_header header = {
        .r_ctl = 0x22, .type = 0x01, .d_id = 0xfffffe, .s_id = fcid,
        .f_ctl = 0x290000, .ox_id = 0x1235, .rx_id = 0xffff,
    };
    uint8_t mac[MAC_LEN];

    fcid_mac(fcid, mac);
    put_fip(frame, enode, 2, 1);
    put8(frame, 9);
    put8(frame, (4 + 24 + 16) / 4);
    put16(frame, 0);
    fc_header_put(frame, &header);
    put32(frame, 0x05000000);
    put32(frame, fcid);
    put64(frame, wwpn);
    put_mac(frame, mac);
    end_fip(frame);
}

void
build_keep_alive(struct frame *frame, const uint8_t enode[MAC_LEN],
                 uint32_t fcid, uint64_t wwpn)
{
    uint8_t mac[MAC_LEN];

    fcid_mac(fcid, mac);
    put_fip(frame, fcid ? mac : enode, 3, 1);
    put_mac(frame, enode);
    if (wwpn) {
        put16(frame, 0x0b05);
        put_bytes(frame, mac, MAC_LEN);
        put32(frame, fcid);
        put64(frame, wwpn);
    }
    end_fip(frame);
}

void
mend_crc(struct frame *frame)
{
    size_t len;
    uint32_t crc;

    if (frame->len < FC_START + FC_HEADER_LEN + FCOE_TRAILER_LEN)
        return;

    len = frame->len - FCOE_TRAILER_LEN;
    crc = fc_crc(frame->bytes + FC_START, len - FC_START);
    for (int i = 0; i < 4; i++)
        frame->bytes[len + i] = crc >> 8 * i;
}

void
build_fc(struct frame *frame, const struct fc_header *header,
         const void *payload, size_t len)
{
    static const uint8_t fabric_mac[MAC_LEN] = { 2, 0xfc, 0xf0, 0, 0, 1 };
    uint8_t mac[MAC_LEN];

    fcid_mac(header->s_id, mac);
    frame_reset(frame);
    put_bytes(frame, fabric_mac, MAC_LEN);
    put_bytes(frame, mac, MAC_LEN);
    put16(frame, 0x8906);
    put_zeros(frame, 13);
    put8(frame, 0x2e);
    fc_header_put(frame, header);
    put_bytes(frame, payload, len);
    put_zeros(frame, 4);
    put32(frame, 0x42000000);
    mend_crc(frame);
}

void
build_els(struct frame *frame, uint32_t from, uint32_t to,
          const void *payload, size_t len)
{
    struct fc_header header = {
        .r_ctl = 0x22, .type = 0x01, .d_id = to, .s_id = from,
        .f_ctl = 0x290000, .ox_id = 0x55, .rx_id = 0xffff,
    };

    build_fc(frame, &header, payload, len);
}

void
build_ct(struct frame *frame, uint32_t from, uint16_t command,
         const void *body, size_t len)
{
    struct fc_header header = {
        .r_ctl = 0x02, .type = 0x20, .d_id = 0xfffffc, .s_id = from,
        .f_ctl = 0x290000, .ox_id = 0x77, .rx_id = 0xffff,
    };
    struct frame payload;

    frame_reset(&payload);
    put32(&payload, 0x01000000);
    put32(&payload, 0xfc020000);
    put16(&payload, command);
    put_zeros(&payload, 6);
    put_bytes(&payload, body, len);
    build_fc(frame, &header, payload.bytes, payload.len);
}

/* ------------------------------- machines ------------------------------ */

struct fip_answer
fip_answer(const struct frame *frame)
{
    struct fip_answer answer = { 0 };
    struct fc_header header;
    struct fip fip;

    if (!frame || frame->len < ETHERNET_HEADER_LEN ||
        !fip_parse(reader_of(frame->bytes + ETHERNET_HEADER_LEN,
                             frame->len - ETHERNET_HEADER_LEN), &fip) ||
        fip.operation != 2 || fip.subcode != 2 ||
        !fc_header_get(&fip.els, &header))
        return answer;

    answer.there = true;
    answer.fcid = header.d_id;
    answer.command = get8(&fip.els);
    skip(&fip.els, 4);
    answer.reason = get8(&fip.els);
    answer.explanation = get8(&fip.els);
    skip(&fip.els, 1);
    answer.features = get16(&fip.els);
    memcpy(answer.mac, fip.mac, MAC_LEN);
    return answer;
}

uint32_t
log_in(struct bench *bench, const char *port, bool is_virtual, uint64_t wwpn)
{
    struct fip_answer answer;
    struct frame frame;

    build_login(&frame, enode_of(port), is_virtual, wwpn, WWNN);
    forget_sent(bench);
    arrive(bench, port, &frame);

    answer = fip_answer(last_to(bench, port));
    return answer.command == ELS_LS_ACC ? answer.fcid : 0;
}

void
log_out(struct bench *bench, const char *port, uint32_t fcid, uint64_t wwpn)
{
    struct frame frame;

    build_logout(&frame, enode_of(port), fcid, wwpn);
    arrive(bench, port, &frame);
}

void
register_fcp(struct bench *bench, const char *port, uint32_t fcid,
             uint8_t features)
{
    uint8_t types[4 + 32] = { 0, fcid >> 16, fcid >> 8, fcid, 0, 0, 1 };
    uint8_t rff[8] = { 0, fcid >> 16, fcid >> 8, fcid, 0, 0, features, 8 };
    uint8_t scr[8] = { 0x62, 0, 0, 0, 0, 0, 0, 3 };
    struct frame frame;

    build_ct(&frame, fcid, 0x0217, types, sizeof(types));
    arrive(bench, port, &frame);
    build_ct(&frame, fcid, 0x021f, rff, sizeof(rff));
    arrive(bench, port, &frame);
    build_els(&frame, fcid, 0xfffffd, scr, sizeof(scr));
    arrive(bench, port, &frame);
}

uint32_t
join(struct bench *bench, const char *port, bool is_virtual, uint64_t wwpn)
{
    uint32_t fcid = log_in(bench, port, is_virtual, wwpn);

    register_fcp(bench, port, fcid,
                 wwpn == WWPN_T ? FCP_TARGET | FCP_INITIATOR : FCP_INITIATOR);
    return fcid;
}

struct fc_sent
fc_sent(const struct frame *frame)
{
    struct fc_sent sent = { 0 };
    struct frame mended;

    if (!frame || frame->len < FC_START + FC_HEADER_LEN + FCOE_TRAILER_LEN)
        return sent;

    mended = *frame;
    mend_crc(&mended);
    if (memcmp(mended.bytes, frame->bytes, frame->len) != 0)
        return sent;

    sent.sof = frame->bytes[FC_START - 1];
    sent.eof = frame->bytes[frame->len - 4];
    sent.payload = reader_of(frame->bytes + FC_START,
                             frame->len - FC_START - FCOE_TRAILER_LEN);
    fc_header_get(&sent.payload, &sent.header);
    return sent;
}

size_t
rscns(struct bench *bench, uint32_t to, uint32_t about)
{
    size_t number = 0;

    for (size_t i = 0; i < bench->nsent; i++) {
        struct fc_sent sent = fc_sent(&bench->sent[i].frame);

        number += sent.header.d_id == to &&
                  sent.header.s_id == 0xfffffd &&
                  get32(&sent.payload) == 0x61040008 &&
                  get32(&sent.payload) == about;
    }

    return number;
}
