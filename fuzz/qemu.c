/*
 * qemu.c: a QEMU driver that runs nothing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <config.h>

#include "qemu.h"

virQEMUDriver *
fuzz_qemu_driver(void)
{
    static virQEMUDriver driver;

    if (!driver.xmlopt && qemuTestDriverInit(&driver) < 0)
        abort();
    return &driver;
}

virQEMUCaps *
fuzz_qemu_caps(void)
{
    static virQEMUCaps *caps;

    if (!caps) {
        g_autoptr(GHashTable) latest = testQemuGetLatestCaps();
        g_autoptr(GHashTable) cache = virHashNew(virObjectUnref);

        caps = testQemuGetRealCaps("x86_64", "latest", "", latest, cache,
                                   NULL, NULL);
        if (!caps)
            abort();
    }
    return caps;
}
