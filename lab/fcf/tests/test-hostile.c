/*
 * test-hostile.c: whatever arrives, the fabric stays whole
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Well-formed frames of every kind are mutated at random (bits flipped, bytes
 * replaced by telling ones, cut, lengthened) and fed to the fabric; half of
 * the FCoE frames get a right CRC again, so that what is behind the CRC check
 * gets its share. The sanitizers see what is touched that should not be; the
 * tests here see what must hold whatever came.
 *
 * HOSTILE_SEED and HOSTILE_FRAMES in the environment choose other frames.
 */

#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "zone.h"

enum { SAMPLES = 16 };

struct sample {
    const char *port;
    struct frame frame;
};

static uint64_t state;

/* xorshift: the same frames on every machine */
static uint32_t
random_number(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

static uint64_t
environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 0) : otherwise;
}

/* One well-formed frame of each kind. */
static size_t
make_samples(struct bench *bench, struct sample *samples)
{
    static const uint8_t plogi[116] = { 3, [10] = 8 };
    static const uint8_t scr[8] = { 0x62, [7] = 3 };
    static const uint8_t fcp[64] = { 1 };
    uint32_t a = join(bench, "a", false, WWPN_A);
    uint32_t p = join(bench, "a", true, WWPN_P);
    uint32_t t = join(bench, "target", false, WWPN_T);
    uint8_t own[36] = { 0, a >> 16, a >> 8, a };
    struct fc_header command = {
        .r_ctl = 6, .type = 8, .d_id = t, .s_id = p,
    };
    size_t n = 0;

    build_solicitation(&samples[n++].frame, enode_a, 2158);
    build_login(&samples[n++].frame, enode_a, false, WWPN_A, WWNN);
    build_login(&samples[n++].frame, enode_a, true, WWPN_S, WWNN);
    build_logout(&samples[n++].frame, enode_a, p, WWPN_P);
    build_keep_alive(&samples[n++].frame, enode_a, 0, 0);
    build_keep_alive(&samples[n++].frame, enode_a, p, WWPN_P);
    build_els(&samples[n++].frame, a, 0xfffffc, plogi, sizeof(plogi));
    build_els(&samples[n++].frame, a, 0xfffffd, scr, sizeof(scr));
    build_ct(&samples[n++].frame, a, 0x0172, "\0\0\0\x08", 4);
    build_ct(&samples[n++].frame, a, 0x0112, own, 4);
    build_ct(&samples[n++].frame, a, 0x0213, own, 12);
    build_ct(&samples[n++].frame, a, 0x0217, own, 36);
    build_ct(&samples[n++].frame, a, 0x0218, own, 8);
    build_ct(&samples[n++].frame, a, 0x021f, own, 8);
    build_fc(&samples[n++].frame, &command, fcp, sizeof(fcp));

    for (size_t i = 0; i < n; i++)
        samples[i].port = "a";
    return n;
}

static void
mutate_byte(struct frame *frame)
{
    static const uint8_t telling[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    size_t at = random_number(frame->len);

    if (random_number(2))
        frame->bytes[at] ^= 1 << random_number(8);
    else
        frame->bytes[at] = telling[random_number(sizeof(telling))];
}

static void
mutate_length(struct frame *frame)
{
    if (random_number(2))
        frame->len = random_number(frame->len + 1);
    else
        put_zeros(frame, random_number(FRAME_MAX - frame->len));
}

static void
mutate(struct frame *frame)
{
    for (uint32_t times = random_number(4); times > 0; times--)
        mutate_byte(frame);
    if (random_number(8) == 0)
        mutate_length(frame);
    if (random_number(2))
        mend_crc(frame);
}

/* What must hold after every frame. */
static bool
is_whole(const struct fabric *fabric)
{
    for (struct login *one = fabric->logins; one; one = one->next) {
        if (one->wwpn == 0 || one->fcid >> 16 != 0x01 ||
            (one->fcid >> 8 & 0xff) != one->port->index + 1)
            return false;
        for (struct login *other = one->next; other; other = other->next) {
            if (one->wwpn == other->wwpn || one->fcid == other->fcid)
                return false;
        }
    }

    return true;
}

/* Everything that was sent must be something a machine could take. */
static bool
is_sane(const struct sent *sent)
{
    const struct frame *frame = &sent->frame;
    struct fip fip;

    if (frame->overflow || frame->len < 36)
        return false;
    if (frame->bytes[12] == 0x89 && frame->bytes[13] == 0x14)
        return fip_parse(reader_of(frame->bytes + 14, frame->len - 14),
                         &fip);

    return fc_sent(frame).sof != 0;
}

static bool
all_sane(const struct bench *bench)
{
    for (size_t i = 0; i < bench->nsent; i++) {
        if (!is_sane(&bench->sent[i]))
            return false;
    }

    return true;
}

/* Brings back those whom the last frame logged out. */
static void
recover(struct bench *bench)
{
    if (!login_by_wwpn(&bench->fabric, WWPN_A))
        join(bench, "a", false, WWPN_A);
    if (!login_by_wwpn(&bench->fabric, WWPN_P))
        join(bench, "a", true, WWPN_P);
}

static void
test_mutations(uint64_t frames)
{
    static struct sample samples[SAMPLES];
    struct bench bench;
    size_t nsamples;
    bool whole = true;
    bool sane = true;

    bench_open(&bench);
    nsamples = make_samples(&bench, samples);

    for (uint64_t i = 0; i < frames; i++) {
        struct sample sample = samples[random_number(nsamples)];

        mutate(&sample.frame);
        forget_sent(&bench);
        bench.fabric.policy = random_number(2);
        arrive(&bench, sample.port, &sample.frame);
        whole = whole && is_whole(&bench.fabric);
        sane = sane && all_sane(&bench);
        recover(&bench);
    }

    ok(whole, "after each hostile frame, no WWPN or address is in twice");
    ok(sane, "all that they make the fabric send is well-formed");
    ok(bench.log.double_logins == 0, "the log saw nobody in twice");
    ok(dropped(&bench) > frames / 10, "many were counted and dropped");
    bench_close(&bench);
}

static void
test_noise(uint64_t frames)
{
    struct bench bench;
    struct frame frame;

    bench_open(&bench);
    log_in(&bench, "a", false, WWPN_A);

    for (uint64_t i = 0; i < frames; i++) {
        frame_reset(&frame);
        put_zeros(&frame, random_number(200));
        for (size_t at = 0; at < frame.len; at++)
            frame.bytes[at] = random_number(256);
        if (frame.len > 14) {
            memcpy(frame.bytes, bench.fabric.mac, MAC_LEN);
            frame.bytes[12] = 0x89;
            frame.bytes[13] = random_number(2) ? 0x14 : 0x06;
        }
        forget_sent(&bench);
        arrive(&bench, "a", &frame);
    }

    ok(is_whole(&bench.fabric) && login_by_wwpn(&bench.fabric, WWPN_A),
       "noise changes nothing");
    ok(dropped(&bench) == frames, "… and all of it is counted");
    bench_close(&bench);
}

int
main(void)
{
    uint64_t seed = environment("HOSTILE_SEED", 0x2101001b32a90002);
    uint64_t frames = environment("HOSTILE_FRAMES", 100000);

    state = seed ? seed : 1;
    printf("# HOSTILE_SEED=%#llx HOSTILE_FRAMES=%llu\n",
           (unsigned long long) seed, (unsigned long long) frames);

    test_mutations(frames);
    test_noise(frames);
    return done();
}
