/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * stop.so: holds a daemon up at a line of its log
 *
 * With LD_PRELOAD, a libvirt daemon that logs to a file stops where it has just
 * written a line with a certain text, in the thread that has written it, until
 * it is told to go on. So each line of the log is a point at which something
 * can be made to happen, and the daemon is the one that would be installed.
 *
 * The directory LAB_STOP names has
 *   text   what the line has to contain; removed when the daemon stops, so that
 *          it stops once only
 *   hit    a FIFO that gets the line then
 *   go     a FIFO; the daemon goes on when somebody opens it for writing
 */

#define _GNU_SOURCE

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *directory;

/* Programs that the daemon starts are left alone. */
__attribute__((constructor)) static void
begin(void)
{
    directory = getenv("LAB_STOP");
    unsetenv("LD_PRELOAD");
}

/* Each line of a libvirt log begins with a time such as "2026-01-02 03:04:05". */
static int
is_line(const char *buf, size_t len)
{
    return len > 20 && buf[0] == '2' && buf[4] == '-' && buf[7] == '-' && buf[13] == ':';
}

static int
open_in(const char *name, int flags)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return open(path, flags | O_CLOEXEC);
}

/* Whether that is the line, and nobody else has stopped at it. */
static int
is_wanted(const char *buf, size_t len)
{
    char text[256];
    char path[PATH_MAX];
    int fd = open_in("text", O_RDONLY);
    ssize_t n;

    if (fd < 0)
        return 0;

    n = read(fd, text, sizeof(text));
    close(fd);

    snprintf(path, sizeof(path), "%s/text", directory);
    return n > 0 && memmem(buf, len, text, n) && unlink(path) == 0;
}

static void
stop(const char *buf, size_t len)
{
    int fd = open_in("hit", O_WRONLY);

    if (fd < 0)
        return;
    syscall(SYS_write, fd, buf, len);
    close(fd);

    if ((fd = open_in("go", O_RDONLY)) >= 0)
        close(fd);
}

ssize_t
write(int fd, const void *buf, size_t len)
{
    ssize_t ret = syscall(SYS_write, fd, buf, len);

    if (ret > 0 && directory && is_line(buf, len) && is_wanted(buf, len))
        stop(buf, len);

    return ret;
}
