/*
 * libvirt.c: what the targets that are linked with libvirt have in common
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <config.h>

#include <signal.h>

#include "libvirt.h"

#include "fuzz.h"
#include "internal.h"
#include "virerror.h"
#include "virlog.h"

static void
say_nothing(void *opaque, virErrorPtr err)
{
    (void) opaque;
    (void) err;
}

/* glib traps when it gets no memory, of which libFuzzer knows nothing. */
static void
abort_on_trap(int number)
{
    (void) number;
    abort();
}

void
fuzz_libvirt_init(void)
{
    signal(SIGTRAP, abort_on_trap);
    if (virErrorInitialize() < 0 ||
        virLogSetOutputs("4:file:/dev/null") < 0)
        abort();
    virSetErrorFunc(NULL, say_nothing);
}

void
fuzz_same(const char *what, const char *first, const char *second)
{
    PROMISE(first && second && STREQ(first, second),
            "%s is not the same twice:\n%s\n%s", what,
            NULLSTR(first), NULLSTR(second));
}
