/*
 * client.c: the control socket and those who are connected to it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "control.h"
#include "queue.h"
#include "sock.h"

enum {
    /* Who follows the log and does not read is dropped at this. */
    OUT_MAX = 8 * 1024 * 1024,
};

struct client {
    struct source source;
    struct clients *clients;
    struct client *next;
    bool follows;
    char line[CONTROL_LINE_MAX];
    size_t len;
    struct queue out;
};

static void
drop(struct client *client)
{
    struct client **at = &client->clients->first;

    while (*at != client)
        at = &(*at)->next;
    *at = client->next;

    loop_close(client->clients->loop, &client->source);
    queue_clear(&client->out);
    free(client);
}

/* Returns false if the client had to be dropped. */
static bool
flush(struct client *client)
{
    enum flushed flushed = queue_flush(&client->out, client->source.fd, 0);

    if (flushed == FLUSH_FAILED || client->out.bytes > OUT_MAX) {
        drop(client);
        return false;
    }

    loop_change(client->clients->loop, &client->source,
                flushed == FLUSH_BLOCKED ? EPOLLIN | EPOLLOUT : EPOLLIN);
    return true;
}

static bool
send_line(struct client *client, const char *line)
{
    queue_push(&client->out, line, strlen(line), 0);
    queue_push(&client->out, "\n", 1, 0);
    return flush(client);
}

static bool
run_line(struct client *client, const char *line)
{
    struct clients *clients = client->clients;
    struct answer answer = control_run(clients->fabric, line);
    bool alive = send_line(client, answer.json);

    if (alive && answer.follow)
        client->follows = true;
    if (answer.quit)
        clients->quit = true;

    free(answer.json);
    return alive;
}

/* Runs the lines that are complete, and keeps the rest. */
static void
run_lines(struct client *client)
{
    char *end;

    while ((end = memchr(client->line, '\n', client->len))) {
        size_t used = end + 1 - client->line;

        *end = '\0';
        if (!run_line(client, client->line))
            return;
        client->len -= used;
        memmove(client->line, client->line + used, client->len);
    }

    if (client->len == sizeof(client->line))
        drop(client);
}

static void
client_ready(struct source *source, uint32_t events)
{
    struct client *client = (struct client *) source;
    ssize_t len;

    if (events & EPOLLOUT && !flush(client))
        return;

    len = recv(source->fd, client->line + client->len,
               sizeof(client->line) - client->len, MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len <= 0) {
        drop(client);
        return;
    }

    client->len += len;
    run_lines(client);
}

static void
listener_ready(struct source *source, uint32_t events)
{
    struct clients *clients = (struct clients *) source;
    struct client *client;
    int fd = sock_accept(source->fd);

    (void) events;
    if (fd < 0)
        return;

    client = calloc(1, sizeof(*client));
    if (!client)
        abort();

    client->source = (struct source) { fd, EPOLLIN, client_ready };
    client->clients = clients;
    client->next = clients->first;
    clients->first = client;
    loop_add(clients->loop, &client->source);
}

int
clients_open(struct clients *clients, int loop, const char *dir,
             struct fabric *fabric)
{
    *clients = (struct clients) {
        .listener = { -1, EPOLLIN, listener_ready },
        .loop = loop,
        .fabric = fabric,
    };

    clients->listener.fd = sock_listen(dir, "control");
    if (clients->listener.fd < 0)
        return -1;

    loop_add(loop, &clients->listener);
    return 0;
}

void
clients_close(struct clients *clients, const char *dir)
{
    while (clients->first)
        drop(clients->first);

    if (clients->listener.fd >= 0) {
        loop_close(clients->loop, &clients->listener);
        sock_remove(dir, "control");
    }
}

void
clients_log_line(struct clients *clients, const char *line)
{
    struct client *next;

    for (struct client *client = clients->first; client; client = next) {
        next = client->next;
        if (!client->follows)
            continue;

        queue_push(&client->out, line, strlen(line), 0);
        queue_push(&client->out, "\n", 1, 0);
        loop_change(clients->loop, &client->source, EPOLLIN | EPOLLOUT);

        /* Its own command may be what is logged: it is dropped when the loop
         * finds the socket closed. */
        if (client->out.bytes > OUT_MAX) {
            client->follows = false;
            shutdown(client->source.fd, SHUT_RDWR);
        }
    }
}
