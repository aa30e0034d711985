/*
 * qemu_migration_vhba_handover.c: what a migration job remembers of its hand-over
 *
 * This library is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * This library is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * You should have received a copy of the GNU Lesser General Public
 * License along with this library.  If not, see
 * <http://www.gnu.org/licenses/>.
 */

#include <config.h>

#include "qemu_migration_vhba_handover.h"

#include "qemu_migration_vhba_journal.h"

#include "datatypes.h"
#include "driver.h"
#include "virerror.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

VIR_LOG_INIT("qemu.qemu_migration_vhba_handover");


/**
 * qemuMigrationVHBAHandoverNew:
 * @cookie: what is handed over
 * @incoming: whether the guest comes to this host, where the secondary of each
 *            pair is the primary
 *
 * Returns what the job on this host is to remember.
 */
qemuMigrationVHBAHandover *
qemuMigrationVHBAHandoverNew(const qemuMigrationVHBACookie *cookie,
                             bool incoming)
{
    qemuMigrationVHBAHandover *handover = g_new0(qemuMigrationVHBAHandover, 1);
    size_t i;

    handover->migration = g_strdup(cookie->migration);
    handover->npairs = cookie->npairs;
    handover->pairs = g_new0(qemuMigrationVHBAHandoverPair, cookie->npairs);

    for (i = 0; i < cookie->npairs; i++) {
        const qemuMigrationVHBAPair *pair = cookie->pairs[i];
        const qemuMigrationVHBAMember *primary = incoming ? &pair->secondary : &pair->primary;
        const qemuMigrationVHBAMember *secondary = incoming ? &pair->primary : &pair->secondary;

        handover->pairs[i].primary = g_strdup(primary->wwpn);
        handover->pairs[i].secondary = g_strdup(secondary->wwpn);
        handover->pairs[i].inactive = primary->inactive;
    }

    return handover;
}


/* What was found belongs to the connection that it was found through. */
static void
qemuMigrationVHBAHandoverDisconnect(qemuMigrationVHBAHandover *handover)
{
    size_t i;

    for (i = 0; i < handover->npairs; i++)
        g_clear_pointer(&handover->pairs[i].found, qemuVHBANodedevFree);

    g_clear_pointer(&handover->conn, virObjectUnref);
}


void
qemuMigrationVHBAHandoverFree(qemuMigrationVHBAHandover *handover)
{
    size_t i;

    if (!handover)
        return;

    qemuMigrationVHBAHandoverDisconnect(handover);

    for (i = 0; i < handover->npairs; i++) {
        g_free(handover->pairs[i].primary);
        g_free(handover->pairs[i].secondary);
    }

    g_free(handover->pairs);
    g_free(handover->migration);
    g_free(handover);
}


/* A connection bears the identity that it was opened with, whoever uses it. */
static virConnectPtr
qemuMigrationVHBAHandoverOpen(void)
{
    VIR_IDENTITY_AUTORESTORE virIdentity *caller G_GNUC_UNUSED = qemuMigrationVHBAAuthorityTake();

    return virGetConnectNodeDev();
}


/**
 * qemuMigrationVHBAHandoverConnect:
 * @handover: of a migration job, whose domain is locked
 *
 * Returns the connection of the job, opened if there is none, or anew if the
 * node device driver has been restarted; to be unreferenced by the caller. It
 * has the authority of the daemon. Returns NULL with an error reported if it
 * cannot be opened.
 */
virConnectPtr
qemuMigrationVHBAHandoverConnect(qemuMigrationVHBAHandover *handover)
{
    if (handover->conn && virConnectIsAlive(handover->conn) != 1)
        qemuMigrationVHBAHandoverDisconnect(handover);

    if (!handover->conn &&
        !(handover->conn = qemuMigrationVHBAHandoverOpen()))
        return NULL;

    return virObjectRef(handover->conn);
}


/**
 * qemuMigrationVHBAHandoverGetPrimary:
 * @handover: of a migration job, whose domain is locked
 * @pair: index of a pair
 *
 * Returns the primary of that pair, which is @handover's: as it is now, or as it
 * was when qemuMigrationVHBAHandoverGetReady has looked it up, its mark included;
 * NULL with an error reported if it cannot be looked up.
 */
qemuVHBANodedev *
qemuMigrationVHBAHandoverGetPrimary(qemuMigrationVHBAHandover *handover,
                                    size_t pair)
{
    qemuMigrationVHBAHandoverPair *p = &handover->pairs[pair];
    g_autoptr(virConnect) conn = qemuMigrationVHBAHandoverConnect(handover);

    if (!conn)
        return NULL;

    if (!p->found)
        p->found = qemuVHBANodedevLookup(conn, p->primary);

    return p->found;
}


/**
 * qemuMigrationVHBAHandoverGetReady:
 * @handover: of a migration job, whose domain is locked
 *
 * Connects and looks up the primaries, so that nothing but their marks has to be
 * written when the guest is stopped. If that fails, it is tried again then.
 */
void
qemuMigrationVHBAHandoverGetReady(qemuMigrationVHBAHandover *handover)
{
    size_t i;

    for (i = 0; i < handover->npairs; i++) {
        if (!qemuMigrationVHBAHandoverGetPrimary(handover, i)) {
            VIR_WARN("Cannot get ready for the end of hand-over %s: %s",
                     handover->migration, virGetLastErrorMessage());
            virResetLastError();
            return;
        }
    }
}
