/*
 * test-route.c: frames get where they are for, and nowhere else
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <string.h>

#include "harness.h"

struct scene {
    struct bench bench;
    uint32_t a;
    uint32_t b;
    uint32_t t;
};

static void
scene_open(struct scene *scene)
{
    bench_open(&scene->bench);
    scene->a = join(&scene->bench, "a", false, WWPN_A);
    scene->b = join(&scene->bench, "b", false, WWPN_B);
    scene->t = join(&scene->bench, "target", false, WWPN_T);
    forget_sent(&scene->bench);
}

static void
build_command(struct frame *frame, uint32_t from, uint32_t to, size_t len)
{
    static const uint8_t payload[FC_PAYLOAD_MAX] = "data";
    struct fc_header header = {
        .r_ctl = 0x06, .type = 0x08, .d_id = to, .s_id = from,
        .f_ctl = 0x290000, .ox_id = 0x10, .rx_id = 0xffff,
    };

    build_fc(frame, &header, payload, len);
}

static void
test_forwarding(struct scene *scene)
{
    static const uint8_t fabric_mac[MAC_LEN] = { 2, 0xfc, 0xf0, 0, 0, 1 };
    const struct frame *got;
    struct frame sent;
    uint8_t mac[MAC_LEN];

    build_command(&sent, scene->a, scene->t, 32);
    arrive(&scene->bench, "a", &sent);
    got = last_to(&scene->bench, "target");
    fcid_mac(scene->t, mac);

    ok(scene->bench.nsent == 1 && got,
       "a frame goes to the port of its destination");
    ok(memcmp(got->bytes, mac, MAC_LEN) == 0,
       "… to the MAC of its destination");
    ok(memcmp(got->bytes + MAC_LEN, fabric_mac, MAC_LEN) == 0,
       "… from the MAC of the fabric");
    ok(got->len == sent.len &&
       memcmp(got->bytes + 12, sent.bytes + 12, sent.len - 12) == 0,
       "… and is otherwise as it was, its CRC too");

    build_command(&sent, scene->t, scene->a, FC_PAYLOAD_MAX);
    arrive(&scene->bench, "target", &sent);
    ok(sent_to(&scene->bench, "a") == 1,
       "a full frame from the target gets to an initiator");
}

/* Sends a frame and checks that nothing but that counter moves. */
static void
expect_dropped(struct scene *scene, const char *port,
               const struct frame *frame, enum counter counter,
               const char *promise)
{
    struct fabric *fabric = &scene->bench.fabric;
    uint64_t before = fabric->counters[counter];
    uint64_t all = dropped(&scene->bench);

    forget_sent(&scene->bench);
    arrive(&scene->bench, port, frame);
    ok(scene->bench.nsent == 0 && fabric->counters[counter] == before + 1 &&
       dropped(&scene->bench) == all + 1, "%s", promise);
}

static void
test_drops(struct scene *scene)
{
    struct frame frame;

    build_command(&frame, scene->a, scene->b, 32);
    expect_dropped(scene, "a", &frame, COUNT_ZONED_OUT,
                   "a frame between initiators is dropped");
    build_command(&frame, scene->a, 0x0105ff, 32);
    expect_dropped(scene, "a", &frame, COUNT_NO_DESTINATION,
                   "a frame to nobody is dropped");
    build_command(&frame, scene->b, scene->t, 32);
    expect_dropped(scene, "a", &frame, COUNT_SPOOFED,
                   "a frame from an address of another port is dropped");
    build_command(&frame, scene->a, scene->t, 32);
    frame.bytes[11] ^= 1;
    expect_dropped(scene, "a", &frame, COUNT_SPOOFED,
                   "a frame from a MAC that is not its address's is dropped");
    build_command(&frame, scene->a, scene->t, 32);
    frame.bytes[60] ^= 1;
    expect_dropped(scene, "a", &frame, COUNT_BAD_CRC,
                   "a frame with a wrong CRC is dropped");
    build_command(&frame, scene->a, scene->t, FC_PAYLOAD_MAX);
    put_zeros(&frame, 4);
    mend_crc(&frame);
    expect_dropped(scene, "a", &frame, COUNT_FCOE_MALFORMED,
                   "a frame with too much payload is dropped");
    build_command(&frame, scene->a, scene->t, 30);
    expect_dropped(scene, "a", &frame, COUNT_FCOE_MALFORMED,
                   "a frame of no whole number of words is dropped");
    build_command(&frame, scene->a, scene->t, 32);
    frame.bytes[27] = 0x11;
    expect_dropped(scene, "a", &frame, COUNT_FCOE_MALFORMED,
                   "a frame with an unknown SOF is dropped");
    build_command(&frame, scene->a, scene->t, 32);
    frame.bytes[frame.len - 4] = 0x11;
    expect_dropped(scene, "a", &frame, COUNT_FCOE_MALFORMED,
                   "a frame with an unknown EOF is dropped");
}

static void
test_not_ours(struct scene *scene)
{
    struct frame frame;

    build_command(&frame, scene->a, scene->t, 32);
    frame.bytes[12] = 0x08;
    frame.bytes[13] = 0x00;
    expect_dropped(scene, "a", &frame, COUNT_NOT_FC,
                   "a frame that is not FC is dropped");
    build_command(&frame, scene->a, scene->t, 32);
    frame.bytes[5] ^= 1;
    expect_dropped(scene, "a", &frame, COUNT_NOT_FC,
                   "a frame to a MAC that is not the fabric's is dropped");
}

static void
test_truncated(struct scene *scene)
{
    struct fabric *fabric = &scene->bench.fabric;
    struct frame whole;
    bool all_dropped = true;

    build_command(&whole, scene->a, scene->t, 32);
    forget_sent(&scene->bench);
    for (size_t len = 0; len < whole.len; len++) {
        struct frame cut = whole;
        uint64_t before = dropped(&scene->bench);

        cut.len = len;
        arrive(&scene->bench, "a", &cut);
        all_dropped = all_dropped && dropped(&scene->bench) == before + 1;
    }
    ok(all_dropped && scene->bench.nsent == 0 &&
       fabric->counters[COUNT_RUNT] == 14,
       "a frame truncated anywhere is counted and dropped");
}

static void
test_faults(struct scene *scene)
{
    struct port *port = port_of(&scene->bench, "a");
    struct frame frame;

    build_command(&frame, scene->a, scene->t, 32);
    port->faults_to_drop = 2;
    expect_dropped(scene, "a", &frame, COUNT_FAULT,
                   "a frame falls to 'drop'");
    expect_dropped(scene, "a", &frame, COUNT_FAULT, "… and the next");
    arrive(&scene->bench, "a", &frame);
    ok(sent_to(&scene->bench, "target") == 1, "… and no more than ordered");
}

static void
test_logged_out(struct scene *scene)
{
    struct frame frame;

    build_command(&frame, scene->a, scene->t, 32);
    log_out(&scene->bench, "a", scene->a, WWPN_A);
    expect_dropped(scene, "a", &frame, COUNT_SPOOFED,
                   "a frame from one that is logged out is dropped");
    build_command(&frame, scene->t, scene->a, 32);
    expect_dropped(scene, "target", &frame, COUNT_NO_DESTINATION,
                   "a frame to one that is logged out is dropped");
}

int
main(void)
{
    struct scene scene;

    scene_open(&scene);
    test_forwarding(&scene);
    test_drops(&scene);
    test_not_ours(&scene);
    test_truncated(&scene);
    test_faults(&scene);
    test_logged_out(&scene);
    bench_close(&scene.bench);
    return done();
}
