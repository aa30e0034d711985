/*
 * test-zone.c: who sees whom, and who is told of whom (RSCN)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "harness.h"
#include "zone.h"

/* P on a, S on b, a target. */
struct scene {
    struct bench bench;
    uint32_t p;
    uint32_t s;
    uint32_t t;
};

static const uint64_t pair[] = { WWPN_P, WWPN_S, WWPN_T };

static void
scene_open(struct scene *scene)
{
    bench_open(&scene->bench);
    scene->t = join(&scene->bench, "target", false, WWPN_T);
    log_in(&scene->bench, "a", false, WWPN_A);
    log_in(&scene->bench, "b", false, WWPN_B);
    scene->p = join(&scene->bench, "a", true, WWPN_P);
    scene->s = join(&scene->bench, "b", true, WWPN_S);
    forget_sent(&scene->bench);
}

static bool
sees(struct scene *scene, uint32_t viewer, uint32_t other)
{
    struct fabric *fabric = &scene->bench.fabric;

    return zone_sees(fabric, login_by_fcid(fabric, viewer),
                     login_by_fcid(fabric, other));
}

static void
test_without_zone(struct scene *scene)
{
    ok(sees(scene, scene->p, scene->t), "initiators see targets");
    ok(!sees(scene, scene->p, scene->s), "… and no initiators");
    ok(!sees(scene, scene->t, scene->p), "targets see no initiators");
    ok(!sees(scene, scene->t, scene->t), "nobody sees itself");
}

static void
test_zone(struct scene *scene)
{
    struct bench *bench = &scene->bench;

    ok(zone_add(&bench->fabric, "pair", pair, 3), "a zone can be made");
    ok(sees(scene, scene->p, scene->s) && sees(scene, scene->s, scene->p),
       "its members see each other");
    ok(!sees(scene, scene->t, scene->p),
       "… but for targets, which see no initiators in it either");
    ok(rscns(bench, scene->p, scene->s) == 1 &&
       rscns(bench, scene->s, scene->p) == 1,
       "who is joined by a zone is told");
    ok(rscns(bench, scene->p, scene->t) == 0 &&
       rscns(bench, scene->t, scene->p) == 0,
       "… and nobody for whom nothing changed");
    ok(!zone_add(&bench->fabric, "pair", pair, 3),
       "there are no two zones of one name");
}

static void
test_partner_leaves(struct scene *scene)
{
    struct bench *bench = &scene->bench;

    forget_sent(bench);
    log_out(bench, "b", scene->s, WWPN_S);
    ok(rscns(bench, scene->p, scene->s) == 1,
       "a member is told when its partner leaves");
    ok(rscns(bench, scene->t, scene->s) == 0, "… the target is not");

    scene->s = log_in(bench, "b", true, WWPN_S);
    ok(rscns(bench, scene->p, scene->s) == 0,
       "one that has not registered yet is not announced");
    register_fcp(bench, "b", scene->s, FCP_INITIATOR);
    ok(rscns(bench, scene->p, scene->s) == 1,
       "a member is told when its partner is back");
}

static void
test_partner_dies(struct scene *scene)
{
    struct bench *bench = &scene->bench;

    forget_sent(bench);
    fabric_disconnected(&bench->fabric, port_of(bench, "b"));
    ok(rscns(bench, scene->p, scene->s) == 1,
       "a member is told when its partner's machine dies");

    fabric_connected(&bench->fabric, port_of(bench, "b"));
    log_in(bench, "b", false, WWPN_B);
    scene->s = join(bench, "b", true, WWPN_S);
}

static void
test_zone_gone(struct scene *scene)
{
    struct bench *bench = &scene->bench;

    forget_sent(bench);
    ok(zone_del(&bench->fabric, "pair") && !sees(scene, scene->p, scene->s),
       "without the zone they do not see each other any more");
    ok(rscns(bench, scene->p, scene->s) == 1 &&
       rscns(bench, scene->s, scene->p) == 1, "… and are told so");
    ok(!zone_del(&bench->fabric, "pair"), "a zone is deleted once");
}

static void
test_target(struct scene *scene)
{
    struct bench *bench = &scene->bench;

    forget_sent(bench);
    log_out(bench, "target", scene->t, WWPN_T);
    ok(rscns(bench, scene->p, scene->t) == 1 &&
       rscns(bench, scene->s, scene->t) == 1,
       "initiators are told when a target leaves");
    forget_sent(bench);
    scene->t = log_in(bench, "target", false, WWPN_T);
    register_fcp(bench, "target", scene->t, FCP_TARGET);
    ok(rscns(bench, scene->p, scene->t) == 1,
       "… and when it is back");
}

static void
test_registration(struct scene *scene)
{
    static const uint8_t clear[8] = { 0x62, 0, 0, 0, 0, 0, 0, 255 };
    struct bench *bench = &scene->bench;
    struct frame frame;

    build_els(&frame, scene->p, 0xfffffd, clear, sizeof(clear));
    arrive(bench, "a", &frame);
    forget_sent(bench);
    log_out(bench, "target", scene->t, WWPN_T);
    ok(rscns(bench, scene->p, scene->t) == 0 &&
       rscns(bench, scene->s, scene->t) == 1,
       "who asked not to be told (SCR) is not");

    build_els(&frame, scene->p, 0xfffffd, clear, 4);
    arrive(bench, "a", &frame);
    ok(bench->fabric.counters[COUNT_ELS_MALFORMED] == 1,
       "a short SCR is counted and dropped");
}

int
main(void)
{
    struct scene scene;

    scene_open(&scene);
    test_without_zone(&scene);
    test_zone(&scene);
    test_partner_leaves(&scene);
    test_partner_dies(&scene);
    test_zone_gone(&scene);
    test_target(&scene);
    test_registration(&scene);
    bench_close(&scene.bench);
    return done();
}
