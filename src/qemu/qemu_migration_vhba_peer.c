/*
 * qemu_migration_vhba_peer.c: what the source tells the destination itself
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

#include "qemu_migration_vhba_peer.h"

#include "qemu_migration_vhba_guest.h"

#include "datatypes.h"
#include "node_device_vhba_conf.h"
#include "viralloc.h"
#include "virerror.h"
#include "virlog.h"
#include "virthread.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

VIR_LOG_INIT("qemu.qemu_migration_vhba_peer");

/*
 * The destination starts the primary when it sees it leave the fabric. Where the
 * pair does not share a zone it cannot see that, and waits long enough for us to
 * let go. In a peer-to-peer migration we have a connection to it, and start the
 * primary there ourselves, by the public API: it finds it started then.
 */

typedef struct _qemuMigrationVHBAPeerNews qemuMigrationVHBAPeerNews;
struct _qemuMigrationVHBAPeerNews {
    virConnectPtr peer;
    char *wwpn;
};


static void
qemuMigrationVHBAPeerNewsFree(qemuMigrationVHBAPeerNews *news)
{
    virObjectUnref(news->peer);
    g_free(news->wwpn);
    g_free(news);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuMigrationVHBAPeerNews, qemuMigrationVHBAPeerNewsFree);


/**
 * qemuMigrationVHBAPeerSet:
 * @vm: domain with a migration job
 * @peer: connection to the destination, of which a reference is kept until the
 *        job ends, if @vm has vHBAs to hand over
 */
void
qemuMigrationVHBAPeerSet(virDomainObj *vm,
                         virConnectPtr peer)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;

    if (!qemuMigrationVHBAIsUsed(vm->def))
        return;

    virObjectUnref(jobPriv->vhbaPeer);
    jobPriv->vhbaPeer = virObjectRef(peer);
}


static void
qemuMigrationVHBAPeerThread(void *opaque)
{
    g_autoptr(qemuMigrationVHBAPeerNews) news = opaque;
    g_autoptr(virNodeDevice) dev = NULL;
    g_autofree char *name = virNodeDeviceVHBAName(news->wwpn);

    if ((dev = virNodeDeviceLookupByName(news->peer, name)) &&
        virNodeDeviceCreate(dev, 0) == 0)
        VIR_INFO("The destination was told that vHBA '%s' is free", name);
    else
        VIR_INFO("The destination starts vHBA '%s' by itself: %s",
                 name, virGetLastErrorMessage());
}


/**
 * qemuMigrationVHBAPeerTell:
 * @peer: connection to the destination, see qemuMigrationVHBAPeerSet
 * @wwpn: a vHBA that this host has let go of, and that is defined there
 *
 * Lets the destination start it. Does not wait for that: it is a favour, and the
 * destination does without if need be. The current error is preserved.
 */
void
qemuMigrationVHBAPeerTell(virConnectPtr peer,
                          const char *wwpn)
{
    g_autoptr(qemuMigrationVHBAPeerNews) news = NULL;
    virThread thread;

    news = g_new0(qemuMigrationVHBAPeerNews, 1);
    news->peer = virObjectRef(peer);
    news->wwpn = g_strdup(wwpn);

    if (virThreadCreateFull(&thread, false, qemuMigrationVHBAPeerThread,
                            "vhba-peer", false, news) < 0)
        return;

    news = NULL; /* the thread's */
}
