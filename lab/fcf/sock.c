/*
 * sock.c: listening on a unix socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "sock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16 };

static bool
make_address(const char *dir, const char *name, struct sockaddr_un *address)
{
    int len;

    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    len = snprintf(address->sun_path, sizeof(address->sun_path),
                   "%s/%s.sock", dir, name);

    return len >= 0 && (size_t) len < sizeof(address->sun_path);
}

static int
complain(const char *dir, const char *name, const char *problem)
{
    fprintf(stderr, "fcf: cannot listen on %s/%s.sock: %s\n", dir, name,
            problem);
    return -1;
}

int
sock_listen(const char *dir, const char *name)
{
    struct sockaddr_un address;
    int fd;

    if (!make_address(dir, name, &address))
        return complain(dir, name, "path too long for a socket; "
                        "use a shorter --dir");

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return complain(dir, name, strerror(errno));

    unlink(address.sun_path);
    if (bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 ||
        listen(fd, BACKLOG) < 0) {
        complain(dir, name, strerror(errno));
        close(fd);
        return -1;
    }

    return fd;
}

void
sock_remove(const char *dir, const char *name)
{
    struct sockaddr_un address;

    if (make_address(dir, name, &address))
        unlink(address.sun_path);
}

int
sock_accept(int listener)
{
    return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
