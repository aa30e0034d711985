/*
 * test-link.c: machines and clients on real sockets
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "link.h"

enum { WAIT_MS = 5000 };

/* The bench, but with sockets for port a and for control. */
struct scene {
    struct bench bench;
    struct link link;
    struct clients clients;
    int loop;
    char dir[64];
};

static struct scene *the_scene;

static void
transmit(struct fabric *fabric, struct port *port, const struct frame *frame)
{
    (void) fabric;
    if (port == the_scene->link.port)
        link_send(&the_scene->link, frame);
}

static void
log_line(void *owner, const char *line)
{
    clients_log_line(owner, line);
}

static void
scene_open(struct scene *scene)
{
    struct bench *bench = &scene->bench;
    struct port *port;

    the_scene = scene;
    snprintf(scene->dir, sizeof(scene->dir), "/tmp/fcf-test-%d", getpid());
    if (mkdir(scene->dir, 0700) < 0)
        abort();

    bench_open(bench);
    port = port_of(bench, "a");
    port->connected = false;
    bench->fabric.transmit = transmit;
    bench->fabric.now_ms = loop_now();
    bench->fabric.advertise_ms = loop_now() + 1000000;
    scene->loop = loop_open();
    if (link_open(&scene->link, scene->loop, scene->dir, &bench->fabric,
                  port) < 0 ||
        clients_open(&scene->clients, scene->loop, scene->dir,
                     &bench->fabric) < 0)
        abort();
}

static void
scene_close(struct scene *scene)
{
    link_close(&scene->link, scene->dir);
    clients_close(&scene->clients, scene->dir);
    ok(rmdir(scene->dir) == 0, "no socket is left behind");
    close(scene->loop);
    bench_close(&scene->bench);
}

static int
connect_to(struct scene *scene, const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock",
             scene->dir, name);
    if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
        abort();

    return fd;
}

/* Runs the loop until len bytes can be read from fd, or WAIT_MS are over. */
static bool
await_bytes(struct scene *scene, int fd, void *bytes, size_t len)
{
    int64_t end = loop_now() + WAIT_MS;

    while (recv(fd, bytes, len, MSG_PEEK | MSG_DONTWAIT) < (ssize_t) len) {
        int due = link_tick(&scene->link);

        if (loop_now() > end)
            return false;
        loop_wait(scene->loop, due >= 0 && due < 50 ? due : 50,
                  &scene->bench.fabric.now_ms);
    }

    return recv(fd, bytes, len, 0) == (ssize_t) len;
}

static void
send_packet(int fd, const struct frame *frame)
{
    uint8_t prefix[4] = { 0, 0, frame->len >> 8, frame->len };

    if (send(fd, prefix, 4, 0) != 4 ||
        send(fd, frame->bytes, frame->len, 0) != (ssize_t) frame->len)
        abort();
}

static bool
await_packet(struct scene *scene, int fd, struct frame *frame)
{
    uint8_t prefix[4];

    if (!await_bytes(scene, fd, prefix, 4))
        return false;
    frame_reset(frame);
    frame->len = prefix[2] << 8 | prefix[3];
    return prefix[0] == 0 && prefix[1] == 0 && frame->len <= FRAME_MAX &&
           await_bytes(scene, fd, frame->bytes, frame->len);
}

static bool
await_line(struct scene *scene, int fd, char *line, size_t size)
{
    for (size_t len = 0; len + 1 < size; len++) {
        if (!await_bytes(scene, fd, line + len, 1))
            return false;
        if (line[len] == '\n') {
            line[len] = '\0';
            return true;
        }
    }

    return false;
}

static void
say(int fd, const char *text)
{
    if (send(fd, text, strlen(text), 0) != (ssize_t) strlen(text))
        abort();
}

static void
test_machine(struct scene *scene)
{
    struct frame frame;
    int machine = connect_to(scene, "a");
    int other;
    char byte;

    ok(await_packet(scene, machine, &frame) && frame.bytes[13] == 0x14,
       "a machine that connects hears an advertisement");

    build_login(&frame, enode_a, false, WWPN_A, WWNN);
    send_packet(machine, &frame);
    ok(await_packet(scene, machine, &frame) &&
       fip_answer(&frame).command == ELS_LS_ACC, "… and can log in");

    other = connect_to(scene, "a");
    for (int64_t end = loop_now() + WAIT_MS;
         recv(other, &byte, 1, MSG_DONTWAIT) != 0 && loop_now() < end;)
        loop_wait(scene->loop, 50, &scene->bench.fabric.now_ms);
    ok(recv(other, &byte, 1, MSG_DONTWAIT) == 0 &&
       port_of(&scene->bench, "a")->connected,
       "a second machine on the port is turned away");
    close(other);

    close(machine);
    for (int64_t end = loop_now() + WAIT_MS;
         scene->bench.fabric.logins && loop_now() < end;)
        loop_wait(scene->loop, 50, &scene->bench.fabric.now_ms);
    ok(!scene->bench.fabric.logins &&
       logged(&scene->bench, "\"logout\"", "disconnected"),
       "when its socket closes, it is logged out");
}

static void
test_delay(struct scene *scene)
{
    struct frame frame;
    int machine = connect_to(scene, "a");
    int64_t start;

    await_packet(scene, machine, &frame);
    port_of(&scene->bench, "a")->delay_ms = 120;
    start = loop_now();
    build_solicitation(&frame, enode_a, 2158);
    send_packet(machine, &frame);
    ok(await_packet(scene, machine, &frame) &&
       loop_now() - start >= 120, "'delay' delays");
    port_of(&scene->bench, "a")->delay_ms = 0;
    close(machine);
}

/* Far more than a socket holds, before any of it is read. */
static void
test_backlog(struct scene *scene)
{
    enum { FRAMES = 2000 };
    struct frame frame;
    int machine = connect_to(scene, "a");
    int got = 0;

    await_packet(scene, machine, &frame);
    for (int i = 0; i < FRAMES; i++) {
        frame_reset(&frame);
        put32(&frame, i);
        put_zeros(&frame, 2000);
        link_send(&scene->link, &frame);
    }
    while (got < FRAMES && await_packet(scene, machine, &frame)) {
        struct reader reader = reader_of(frame.bytes, frame.len);

        if (get32(&reader) != (uint32_t) got)
            break;
        got++;
    }
    ok(got == FRAMES, "a machine that reads late gets all, in order");
    close(machine);
}

static void
test_client(struct scene *scene)
{
    char line[512] = "";
    int client = connect_to(scene, "control");
    int follower = connect_to(scene, "control");

    say(client, "pol");
    loop_wait(scene->loop, 50, &scene->bench.fabric.now_ms);
    say(client, "icy\nnpiv\n");
    ok(await_line(scene, client, line, sizeof(line)) &&
       strcmp(line, "{\"ok\":true,\"policy\":\"first\"}") == 0,
       "a command is answered with a line");
    ok(await_line(scene, client, line, sizeof(line)) &&
       strcmp(line, "{\"ok\":true,\"npiv\":true}") == 0,
       "… and the next with the next");

    scene->bench.log.line = log_line;
    scene->bench.log.owner = &scene->clients;
    say(follower, "follow\n");
    await_line(scene, follower, line, sizeof(line));
    say(client, "policy last\n");
    ok(await_line(scene, follower, line, sizeof(line)) &&
       strstr(line, "\"event\":\"setting\""),
       "who follows gets the log's lines");
    scene->bench.log.line = NULL;

    say(client, "quit\n");
    await_line(scene, client, line, sizeof(line));
    await_line(scene, client, line, sizeof(line));
    ok(scene->clients.quit, "quit quits");
    close(client);
    close(follower);
}

/* Logs SIZE bytes, and lets the sockets take what they can. */
static void
flood(struct scene *scene, size_t size)
{
    static char line[1000];

    memset(line, 'x', sizeof(line) - 1);
    for (size_t logged = 0; logged < size; logged += sizeof(line))
        clients_log_line(&scene->clients, line);
    for (int i = 0; i < 10; i++)
        loop_wait(scene->loop, 1, &scene->bench.fabric.now_ms);
}

/* One MiB is more than a socket holds: from then on it takes nothing. */
static void
test_lazy_follower(struct scene *scene)
{
    char line[512] = "";
    int follower = connect_to(scene, "control");

    say(follower, "follow\n");
    await_line(scene, follower, line, sizeof(line));
    flood(scene, 1 << 20);
    ok(scene->clients.first, "who follows and is late stays");
    flood(scene, 10 << 20);
    ok(!scene->clients.first, "who follows and never reads is dropped");
    close(follower);
}

int
main(void)
{
    struct scene scene;

    scene_open(&scene);
    test_machine(&scene);
    test_delay(&scene);
    test_backlog(&scene);
    test_lazy_follower(&scene);
    test_client(&scene);
    scene_close(&scene);
    return done();
}
