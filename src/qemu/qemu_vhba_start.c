/*
 * qemu_vhba_start.c: start a vHBA as soon as the fabric lets it in
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

#include <poll.h>

#include "qemu_vhba_start.h"
#define LIBVIRT_QEMU_VHBA_STARTPRIV_H_ALLOW
#include "qemu_vhba_startpriv.h"
#include "qemu_vhba_nodedev.h"

#include "datatypes.h"
#include "driver.h"
#include "viralloc.h"
#include "virerror.h"
#include "virfcevent.h"
#include "virfchost.h"
#include "virfcremoteport.h"
#include "virhash.h"
#include "viridentity.h"
#include "virlog.h"
#include "virthread.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

VIR_LOG_INIT("qemu.qemu_vhba_start");

/* All times are in milliseconds. */

/* The kernel tells nobody when another port leaves the fabric, unless its driver
 * passes on what the fabric says about that, and not every one does. So we look
 * this often, at one attribute in sysfs; nobody waits for us. */
#define QEMU_VHBA_START_LOOK 500

/* Where the fabric does not tell whether a vHBA is logged in, there is no event
 * to wait for, and the other host gets this much time to stop its QEMU and to let
 * go. If that is too short, no data are in danger, since that QEMU is stopped:
 * either the fabric refuses us, and we try again, or the other host finds that
 * it has been logged out. */
#define QEMU_VHBA_START_GRACE (5 * 1000)

/* After a boot, a link needs its time to come up, and the partner to be let in. As
 * long as it is not there, it cannot have seen anybody. */
#define QEMU_VHBA_START_GRACE_ALONE (60 * 1000)

/* Between attempts that the fabric refuses; doubled each time up to the
 * maximum. Both are about what a login takes to be refused. */
#define QEMU_VHBA_START_RETRY 1000
#define QEMU_VHBA_START_RETRY_MAX (16 * 1000)

/* After this we leave it to the administrator, or to the next restart of the
 * daemon. It is longer than it takes a fabric to notice the death of a host. */
#define QEMU_VHBA_START_TIMEOUT (10 * 60 * 1000)


static void
qemuVHBAStartFree(qemuVHBAStart *start)
{
    g_free(start->wwpn);
    g_free(start->migration);
    g_free(start);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuVHBAStart, qemuVHBAStartFree);


static virFCHost *
qemuVHBAStartFindPartner(const qemuVHBANodedev *vhba)
{
    const char *partner = vhba->def->primary ? vhba->def->primary : vhba->def->secondary;

    return partner ? virFCHostFindByWWN(NULL, partner) : NULL;
}


/* What @partner, or NULL, has seen of @vhba */
static virFCRemotePortState
qemuVHBAStartAsk(const virFCHost *partner,
                 const qemuVHBANodedev *vhba)
{
    if (!partner)
        return VIR_FC_REMOTE_PORT_UNSEEN;

    return virFCRemotePortGetState(partner->host, vhba->wwpn);
}


/**
 * qemuVHBAStartAskPartner:
 * @vhba: a vHBA that is not logged in here
 *
 * Tells whether it is logged in anywhere. The partner is the witness: it shares
 * a zone with @vhba if the administrator has followed usual practice, and it is
 * logged in through this host. Otherwise nobody has seen @vhba.
 */
virFCRemotePortState
qemuVHBAStartAskPartner(const qemuVHBANodedev *vhba)
{
    g_autoptr(virFCHost) partner = qemuVHBAStartFindPartner(vhba);

    return qemuVHBAStartAsk(partner, vhba);
}


/**
 * qemuVHBAStartIsPatient:
 * @start: what is known about the start of a vHBA
 * @elapsed: how long that has been wanted, in milliseconds
 *
 * Returns true if it is too early to start a vHBA that nobody sees: its partner
 * is not there yet, or has not been there for long.
 */
bool
qemuVHBAStartIsPatient(qemuVHBAStart *start,
                       unsigned long long elapsed)
{
    if (!start->accompanied)
        return elapsed < QEMU_VHBA_START_GRACE_ALONE;

    if (start->graceEnd == 0)
        start->graceEnd = elapsed + QEMU_VHBA_START_GRACE;

    return elapsed < start->graceEnd;
}


/**
 * qemuVHBAStartTry:
 * @conn: connection to the node device driver
 * @start: which vHBA to start, and what is known about it
 * @patient: leave it alone when nobody knows whether it is present elsewhere
 *
 * Starts a vHBA and removes its mark, unless the fabric shows it present. It
 * does nothing when the vHBA no longer bears the mark of @start, because
 * somebody else has settled the matter.
 */
qemuVHBAStartResult
qemuVHBAStartTry(virConnectPtr conn,
                 qemuVHBAStart *start,
                 bool patient)
{
    g_autoptr(qemuVHBANodedev) vhba = NULL;
    int rc;

    if ((rc = qemuVHBANodedevFind(conn, start->wwpn, &vhba)) < 0)
        return QEMU_VHBA_START_REFUSED;

    if (rc == 0 || STRNEQ_NULLABLE(vhba->def->migration, start->migration))
        return QEMU_VHBA_START_DONE;

    if (!vhba->active) {
        g_autoptr(virFCHost) partner = qemuVHBAStartFindPartner(vhba);

        if (partner && STREQ_NULLABLE(partner->portState, "Online"))
            start->accompanied = true;

        switch (qemuVHBAStartAsk(partner, vhba)) {
        case VIR_FC_REMOTE_PORT_PRESENT:
            start->witnessed = true;
            return QEMU_VHBA_START_AWAIT;

        case VIR_FC_REMOTE_PORT_UNSEEN:
            /* a port that was witnessed and is unseen now has left */
            if (patient && !start->witnessed)
                return QEMU_VHBA_START_UNKNOWN;
            break;

        case VIR_FC_REMOTE_PORT_GONE:
            break;
        }
    }

    if (qemuVHBANodedevStart(vhba) < 0 ||
        qemuVHBANodedevSetMark(vhba, VIR_NODE_DEV_VHBA_HANDOVER_NONE, NULL, NULL) < 0) {
        start->attempts++;
        return QEMU_VHBA_START_REFUSED;
    }

    VIR_INFO("vHBA '%s' of hand-over %s is started",
             start->wwpn, start->migration);

    return QEMU_VHBA_START_DONE;
}


/* Whoever has settled the matter meanwhile may not have started it. */
static int
qemuVHBAStartCheck(virConnectPtr conn,
                   const char *wwpn)
{
    g_autoptr(qemuVHBANodedev) vhba = qemuVHBANodedevLookup(conn, wwpn);

    if (!vhba)
        return -1;

    if (!vhba->active || vhba->def->handover != VIR_NODE_DEV_VHBA_HANDOVER_NONE) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("somebody else has changed vHBA 'vhba_%1$s' meanwhile"), wwpn);
        return -1;
    }

    return 0;
}


/**
 * qemuVHBAStartNow:
 * @conn: connection to the node device driver
 * @wwpn: a vHBA that bears the mark of a hand-over
 * @migration: UUID of that hand-over
 *
 * Starts the vHBA and removes its mark, if no other host has it; does not wait
 * for that.
 *
 * Returns 0 on success, -1 with an error reported otherwise.
 */
int
qemuVHBAStartNow(virConnectPtr conn,
                 const char *wwpn,
                 const char *migration)
{
    qemuVHBAStart start = { .wwpn = (char *) wwpn, .migration = (char *) migration };

    switch (qemuVHBAStartTry(conn, &start, false)) {
    case QEMU_VHBA_START_DONE:
        return qemuVHBAStartCheck(conn, wwpn);

    case QEMU_VHBA_START_AWAIT:
    case QEMU_VHBA_START_UNKNOWN:
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("vHBA 'vhba_%1$s' is logged in on another host"), wwpn);
        return -1;

    case QEMU_VHBA_START_REFUSED:
        break;
    }

    return -1;
}


static unsigned int
qemuVHBAStartPause(const qemuVHBAStart *start,
                   qemuVHBAStartResult result)
{
    unsigned int doublings = MIN(start->attempts, 5);

    if (result != QEMU_VHBA_START_REFUSED)
        return QEMU_VHBA_START_LOOK;

    return MIN(QEMU_VHBA_START_RETRY << (doublings - !!doublings),
               QEMU_VHBA_START_RETRY_MAX);
}


/* Sleeps for @pause, or until something happens on the fabric. */
static void
qemuVHBAStartSleep(virFCEventMonitor **events,
                   unsigned int pause)
{
    struct pollfd fd = { .events = POLLIN };
    virFCEvent event;
    int rc;

    if (!*events) {
        g_usleep(pause * 1000ULL);
        return;
    }

    fd.fd = virFCEventMonitorGetFD(*events);
    if (poll(&fd, 1, pause) <= 0)
        return;

    while ((rc = virFCEventMonitorRead(*events, &event)) > 0)
        VIR_DEBUG("event %d of FC host %u", event.type, event.host);

    if (rc < 0)
        g_clear_pointer(events, virFCEventMonitorFree);
}


/* The vHBAs that are being started in the background, by WWPN, so that each
 * has one thread only */
static virMutex qemuVHBAStartLock = VIR_MUTEX_INITIALIZER;
static GHashTable *qemuVHBAStartActive;

/* Told of each of them, so that the daemon does not exit for being idle */
static virStateInhibitCallback qemuVHBAStartInhibit;
static void *qemuVHBAStartInhibitOpaque;


/**
 * qemuVHBAStartSetInhibit:
 * @inhibit: keeps the daemon from exiting when it is idle; it is called with
 *           true and with false equally often. NULL when the driver ends.
 * @opaque: for @inhibit
 *
 * Says what is told of each vHBA that is started in the background from now on.
 */
void
qemuVHBAStartSetInhibit(virStateInhibitCallback inhibit,
                        void *opaque)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&qemuVHBAStartLock);

    qemuVHBAStartInhibit = inhibit;
    qemuVHBAStartInhibitOpaque = opaque;
}


static bool
qemuVHBAStartEnter(const char *wwpn)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&qemuVHBAStartLock);

    if (!qemuVHBAStartActive)
        qemuVHBAStartActive = virHashNew(NULL);

    if (!g_hash_table_add(qemuVHBAStartActive, g_strdup(wwpn)))
        return false;

    if (qemuVHBAStartInhibit)
        qemuVHBAStartInhibit(true, qemuVHBAStartInhibitOpaque);

    return true;
}


static void
qemuVHBAStartLeave(const char *wwpn)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&qemuVHBAStartLock);

    g_hash_table_remove(qemuVHBAStartActive, wwpn);

    if (qemuVHBAStartInhibit)
        qemuVHBAStartInhibit(false, qemuVHBAStartInhibitOpaque);
}


/* Why the last attempt was in vain */
static const char *
qemuVHBAStartExplain(qemuVHBAStartResult result)
{
    switch (result) {
    case QEMU_VHBA_START_AWAIT:
        return "it is logged in on another host";

    case QEMU_VHBA_START_UNKNOWN:
        return "it may be logged in on another host";

    case QEMU_VHBA_START_DONE:
    case QEMU_VHBA_START_REFUSED:
        break;
    }

    return virGetLastErrorMessage();
}


static void
qemuVHBAStartThread(void *opaque)
{
    g_autoptr(qemuVHBAStart) start = opaque;
    g_autoptr(virFCEventMonitor) events = virFCEventMonitorNew();
    g_autoptr(virIdentity) identity = virIdentityGetSystem();
    g_autoptr(virConnect) conn = NULL;
    unsigned long long begun = g_get_monotonic_time() / 1000;
    unsigned long long elapsed = 0;
    qemuVHBAStartResult result = QEMU_VHBA_START_REFUSED;

    virIdentitySetCurrent(identity);

    while (elapsed < QEMU_VHBA_START_TIMEOUT) {
        result = QEMU_VHBA_START_REFUSED;

        if (conn && virConnectIsAlive(conn) != 1)
            g_clear_pointer(&conn, virObjectUnref);

        if (conn || (conn = virGetConnectNodeDev()))
            result = qemuVHBAStartTry(conn, start,
                                      qemuVHBAStartIsPatient(start, elapsed));

        if (result == QEMU_VHBA_START_DONE)
            goto cleanup;

        qemuVHBAStartSleep(&events, qemuVHBAStartPause(start, result));
        elapsed = g_get_monotonic_time() / 1000 - begun;
    }

    VIR_WARN("Gave up waiting for the fabric to let in vHBA 'vhba_%s' for hand-over %s, "
             "last error: %s; it stays marked and stopped, restart this "
             "daemon to try again",
             start->wwpn, start->migration, qemuVHBAStartExplain(result));

 cleanup:
    qemuVHBAStartLeave(start->wwpn);
    virIdentitySetCurrent(NULL);
}


/**
 * qemuVHBAStartWhenFree:
 * @wwpn: a vHBA that bears the mark of a hand-over
 * @migration: UUID of that hand-over
 *
 * Starts the vHBA in the background as soon as no other host holds it, and
 * removes its mark then. A vHBA that the fabric shows present is not touched.
 * Asking for it again while it is under way changes nothing.
 *
 * It is a warning in the log when this cannot be done; the mark tells it, too.
 */
void
qemuVHBAStartWhenFree(const char *wwpn,
                      const char *migration)
{
    g_autoptr(qemuVHBAStart) start = g_new0(qemuVHBAStart, 1);
    g_autofree char *name = g_strdup_printf("vhba-%.8s", wwpn + 8);
    virThread thread;

    if (!qemuVHBAStartEnter(wwpn))
        return;

    start->wwpn = g_strdup(wwpn);
    start->migration = g_strdup(migration);

    if (virThreadCreateFull(&thread, false, qemuVHBAStartThread,
                            name, false, start) < 0) {
        VIR_WARN("Cannot start vHBA 'vhba_%s' of hand-over %s: %s",
                 wwpn, migration, g_strerror(errno));
        qemuVHBAStartLeave(wwpn);
        return;
    }

    start = NULL; /* the thread's */
}
