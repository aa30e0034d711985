/*
 * main.c: fcf, a Fibre Channel fabric made of software
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Machines are connected to its ports by Ethernet links on unix sockets, as
 * QEMU's "-netdev stream" makes them, and speak FCoE with FIP.
 */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "client.h"
#include "control.h"
#include "fabric.h"
#include "link.h"
#include "log.h"
#include "loop.h"
#include "wwn.h"

enum {
    PORTS_MAX = 254,            /* as many areas as an address has */
};

static const char usage_text[] =
    "usage: fcf --dir DIR --port NAME... [--policy first|last]\n"
    "           [--fabric WWN] [--log FILE]\n"
    "\n"
    "A Fibre Channel fabric made of software. For each port it listens on\n"
    "DIR/NAME.sock; connect a virtual machine to it with\n"
    "\n"
    "  -netdev stream,id=fc0,server=off,addr.type=unix,"
    "addr.path=DIR/NAME.sock\n"
    "  -device virtio-net-pci,netdev=fc0\n"
    "\n"
    "DIR/control.sock takes commands, one line each, and answers each with\n"
    "one line of JSON; the command 'help' lists them.\n"
    "\n"
    "  --dir DIR      where the sockets are; it is made if it is not there\n"
    "  --port NAME    a port; give one for each machine\n"
    "  --policy P     who keeps a WWPN that logs in twice: the first (the\n"
    "                 default) or the last\n"
    "  --fabric WWN   the fabric's name\n"
    "  --log FILE     where the log goes on, instead of DIR/fcf.log\n";

struct options {
    const char *dir;
    const char *log;
    const char *policy;
    uint64_t fabric_name;
    const char *ports[PORTS_MAX];
    size_t nports;
};

/* The whole program. */
struct server {
    int loop;
    struct source signals;
    struct log log;
    struct fabric fabric;
    struct link *links;
    struct clients clients;
};

static void __attribute__((noreturn))
die(const char *problem, const char *object)
{
    fprintf(stderr, "fcf: %s: %s\nTry 'fcf --help'.\n", object, problem);
    exit(2);
}

/* ------------------------------- options ------------------------------- */

static void
add_port(struct options *options, const char *name)
{
    size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    if (name[0] == '\0' || name[good] != '\0')
        die("a port's name is made of letters, digits, '-' and '_'", name);
    if (strcmp(name, "control") == 0)
        die("that name is taken by the control socket", name);
    if (options->nports == PORTS_MAX)
        die("too many ports", name);

    for (size_t i = 0; i < options->nports; i++) {
        if (strcmp(options->ports[i], name) == 0)
            die("port given twice", name);
    }

    options->ports[options->nports++] = name;
}

static void
parse_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        { "dir", required_argument, NULL, 'd' },
        { "fabric", required_argument, NULL, 'f' },
        { "help", no_argument, NULL, 'h' },
        { "log", required_argument, NULL, 'l' },
        { "policy", required_argument, NULL, 'p' },
        { "port", required_argument, NULL, 'P' },
        { 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'd')
            options->dir = optarg;
        else if (option == 'l')
            options->log = optarg;
        else if (option == 'p')
            options->policy = optarg;
        else if (option == 'P')
            add_port(options, optarg);
        else if (option == 'f' && !wwn_parse(optarg, &options->fabric_name))
            die("not a WWN; 16 hex digits are", optarg);
        else if (option == 'h')
            exit(fputs(usage_text, stdout) < 0);
        else if (option == '?')
            exit(2);
    }

    if (optind < argc)
        die("unexpected argument", argv[optind]);
    if (!options->dir)
        die("missing", "--dir");
    if (options->nports == 0)
        die("missing", "--port");
}

/* -------------------------------- set-up ------------------------------- */

static FILE *
open_log(const struct options *options)
{
    char *path = NULL;
    FILE *file;

    if (options->log)
        path = strdup(options->log);
    else if (asprintf(&path, "%s/fcf.log", options->dir) < 0)
        path = NULL;
    if (!path)
        abort();

    file = fopen(path, "ae");
    if (!file)
        die(strerror(errno), path);

    free(path);
    return file;
}

static void
transmit(struct fabric *fabric, struct port *port, const struct frame *frame)
{
    struct server *server = fabric->owner;

    link_send(&server->links[port->index], frame);
}

static void
log_line(void *owner, const char *line)
{
    struct server *server = owner;

    clients_log_line(&server->clients, line);
}

static void
signals_ready(struct source *source, uint32_t events)
{
    struct server *server = (struct server *)
        ((char *) source - offsetof(struct server, signals));

    (void) events;
    server->clients.quit = true;
}

static void
watch_signals(struct server *server)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);

    server->signals = (struct source) {
        signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), EPOLLIN,
        signals_ready,
    };
    loop_add(server->loop, &server->signals);
}

static void
set_up_fabric(struct server *server, const struct options *options)
{
    struct fabric *fabric = &server->fabric;

    fabric_init(fabric, &server->log, options->ports, options->nports);
    fabric->now_ms = loop_now();
    fabric->advertise_ms = fabric->now_ms;
    fabric->transmit = transmit;
    fabric->owner = server;
    if (options->fabric_name)
        fabric->name = options->fabric_name;
    if (options->policy && !control_set_policy(fabric, options->policy))
        die("neither 'first' nor 'last'", options->policy);
}

/* Returns false if a socket cannot be had. */
static bool
listen_to_all(struct server *server, const char *dir)
{
    struct fabric *fabric = &server->fabric;
    bool listening = true;

    server->links = calloc(fabric->nports, sizeof(*server->links));
    if (!server->links)
        abort();

    for (size_t i = 0; i < fabric->nports; i++) {
        if (link_open(&server->links[i], server->loop, dir, fabric,
                      &fabric->ports[i]) < 0)
            listening = false;
    }
    if (clients_open(&server->clients, server->loop, dir, fabric) < 0)
        listening = false;

    return listening;
}

static void
close_all(struct server *server, const char *dir)
{
    for (size_t i = 0; i < server->fabric.nports; i++)
        link_close(&server->links[i], dir);
    clients_close(&server->clients, dir);
    free(server->links);
    fabric_clear(&server->fabric);
    log_clear(&server->log);
}

/* --------------------------------- work -------------------------------- */

/* Does what is due; returns the milliseconds until something is. */
static int
tick(struct server *server)
{
    int wait = fabric_tick(&server->fabric);

    for (size_t i = 0; i < server->fabric.nports; i++) {
        int due = link_tick(&server->links[i]);

        if (due >= 0 && due < wait)
            wait = due;
    }

    return wait;
}

static void
serve(struct server *server)
{
    while (!server->clients.quit)
        loop_wait(server->loop, tick(server), &server->fabric.now_ms);
}

int
main(int argc, char **argv)
{
    struct options options = { 0 };
    struct server server = { .loop = loop_open() };
    FILE *log_file;
    bool listening;

    parse_options(argc, argv, &options);
    if (mkdir(options.dir, 0777) < 0 && errno != EEXIST)
        die(strerror(errno), options.dir);

    log_file = open_log(&options);
    log_init(&server.log, log_file);
    server.log.line = log_line;
    server.log.owner = &server;

    watch_signals(&server);
    set_up_fabric(&server, &options);
    listening = listen_to_all(&server, options.dir);

    if (listening) {
        log_start(&server.log, control_policy_name(&server.fabric),
                  server.fabric.name);
        printf("fcf: ready, %zu ports in %s\n", options.nports, options.dir);
        fflush(stdout);
        serve(&server);
    }

    close_all(&server, options.dir);
    fclose(log_file);
    return listening ? EXIT_SUCCESS : EXIT_FAILURE;
}
