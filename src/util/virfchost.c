/*
 * virfchost.c: Fibre Channel hosts: HBAs and vHBAs in sysfs
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

#include "viralloc.h"
#include "virbuffer.h"
#include "virerror.h"
#include "virfcevent.h"
#include "virfchost.h"
#include "virfile.h"
#include "virlog.h"
#include "virstring.h"
#include "virtime.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NONE

VIR_LOG_INIT("util.fchost");

#define SYSFS_FC_HOST "/sys/class/fc_host"
#define SYSFS_SCSI_HOST "/sys/class/scsi_host"

/* sysfs attributes are at most a page */
#define SYSFS_ATTR_MAX 4096


void
virFCHostFree(virFCHost *fchost)
{
    if (!fchost)
        return;

    g_free(fchost->wwnn);
    g_free(fchost->wwpn);
    g_free(fchost->fabricWWN);
    g_free(fchost->portState);
    g_free(fchost->portType);
    g_free(fchost->speed);
    g_free(fchost->vportState);
    g_free(fchost);
}


/* Returns the attribute's text without its newline, NULL if there is none or
 * if the driver does not want to tell. */
static char *
virFCHostReadAttr(const char *dir,
                  const char *attr)
{
    g_autofree char *path = g_strdup_printf("%s/%s", dir, attr);
    char *value = NULL;

    if (virFileReadAllQuiet(path, SYSFS_ATTR_MAX, &value) < 0)
        return NULL;

    virStringTrimOptionalNewline(value);
    return value;
}


/* Returns the canonical form of the WWN in an attribute; NULL if there is
 * none. The kernel prints 0 or all ones for a name that is not known. */
static char *
virFCHostReadWWN(const char *dir,
                 const char *attr)
{
    g_autofree char *value = virFCHostReadAttr(dir, attr);
    char *wwn = NULL;

    if (!value ||
        virWWNEqual(value, "0000000000000000") ||
        virWWNEqual(value, "ffffffffffffffff") ||
        virWWNParseQuiet(value, &wwn) < 0)
        return NULL;

    return wwn;
}


static unsigned int
virFCHostReadCount(const char *dir,
                   const char *attr)
{
    g_autofree char *value = virFCHostReadAttr(dir, attr);
    unsigned int count = 0;

    if (value)
        ignore_value(virStrToLong_uip(value, NULL, 10, &count));

    return count;
}


/* virFCHostReadVport:
 *
 * The device of a vHBA sits below a device "vport-H:C-I", where H is the HBA's
 * host number; its state is kept there, in class fc_vports:
 *
 *   .../host0/vport-0:0-3/fc_vports/vport-0:0-3/vport_state
 *   .../host0/vport-0:0-3/host5/fc_host/host5
 *
 * An HBA has no class fc_vports beside it.
 */
static int
virFCHostReadVport(virFCHost *fchost,
                   const char *dir)
{
    g_autofree char *classdir = g_strdup_printf("%s/device/../fc_vports", dir);
    g_autoptr(DIR) vports = NULL;
    struct dirent *entry = NULL;
    int rc;

    if ((rc = virDirOpenIfExists(&vports, classdir)) <= 0)
        return rc;

    while ((rc = virDirRead(vports, &entry, classdir)) > 0) {
        g_autofree char *vportdir = g_strdup_printf("%s/%s", classdir, entry->d_name);
        const char *number = STRSKIP(entry->d_name, "vport-");
        char *end = NULL;

        if (!number ||
            virStrToLong_uip(number, &end, 10, &fchost->parent) < 0 ||
            *end != ':')
            continue;

        fchost->vport = true;
        fchost->vportState = virFCHostReadAttr(vportdir, "vport_state");
        return 0;
    }

    return rc;
}


/* Old kernels have vport_create in class scsi_host, newer ones in class
 * fc_host. Returns NULL if @host has none, because it is no NPIV HBA. */
static char *
virFCHostVportOpPath(unsigned int host,
                     const char *op)
{
    const char *classes[] = { SYSFS_FC_HOST, SYSFS_SCSI_HOST };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(classes); i++) {
        g_autofree char *path = g_strdup_printf("%s/host%u/%s", classes[i], host, op);

        if (virFileExists(path))
            return g_steal_pointer(&path);
    }

    return NULL;
}


/**
 * virFCHostRead:
 * @host: N of hostN
 *
 * Reads what /sys/class/fc_host/hostN and its surroundings say now.
 *
 * Returns the host, to be freed by the caller; NULL with an error if there is
 * no such fc_host.
 */
virFCHost *
virFCHostRead(unsigned int host)
{
    g_autoptr(virFCHost) fchost = g_new0(virFCHost, 1);
    g_autofree char *dir = g_strdup_printf(SYSFS_FC_HOST "/host%u", host);
    g_autofree char *vportCreate = NULL;

    fchost->host = host;

    if (!(fchost->wwnn = virFCHostReadWWN(dir, "node_name")) ||
        !(fchost->wwpn = virFCHostReadWWN(dir, "port_name"))) {
        virReportError(VIR_ERR_NO_NODE_DEVICE,
                       _("'scsi_host%1$u' is not a Fibre Channel host, or it is gone"),
                       host);
        return NULL;
    }

    fchost->fabricWWN = virFCHostReadWWN(dir, "fabric_name");
    fchost->portState = virFCHostReadAttr(dir, "port_state");
    fchost->portType = virFCHostReadAttr(dir, "port_type");
    fchost->speed = virFCHostReadAttr(dir, "speed");

    if (virFCHostReadVport(fchost, dir) < 0)
        return NULL;

    if ((vportCreate = virFCHostVportOpPath(host, "vport_create"))) {
        g_autofree char *opsdir = g_path_get_dirname(vportCreate);

        fchost->vportOps = true;
        fchost->maxVports = virFCHostReadCount(opsdir, "max_npiv_vports");
        fchost->vports = virFCHostReadCount(opsdir, "npiv_vports_inuse");
    }

    return g_steal_pointer(&fchost);
}


typedef bool (*virFCHostFilter)(const char *dir,
                                const void *opaque);

/* Reads the hosts whose sysfs directory passes @filter. One that vanishes
 * meanwhile is no error. */
static int
virFCHostScan(virFCHostFilter filter,
              const void *opaque,
              virFCHost ***hosts,
              size_t *nhosts)
{
    g_autoptr(DIR) dir = NULL;
    struct dirent *entry = NULL;
    int rc;

    *hosts = NULL;
    *nhosts = 0;

    /* Without a driver for Fibre Channel there is no such class. */
    if ((rc = virDirOpenIfExists(&dir, SYSFS_FC_HOST)) <= 0)
        return rc;

    while ((rc = virDirRead(dir, &entry, SYSFS_FC_HOST)) > 0) {
        g_autofree char *path = g_strdup_printf(SYSFS_FC_HOST "/%s", entry->d_name);
        const char *number = STRSKIP(entry->d_name, "host");
        virFCHost *fchost = NULL;
        unsigned int host;

        if (!number || virStrToLong_uip(number, NULL, 10, &host) < 0)
            continue;

        if (filter && !filter(path, opaque))
            continue;

        if (!(fchost = virFCHostRead(host))) {
            virResetLastError();
            continue;
        }

        VIR_APPEND_ELEMENT(*hosts, *nhosts, fchost);
    }

    return rc;
}


/**
 * virFCHostList:
 * @hosts: filled with all FC hosts, in no particular order; each, and the
 *         array, to be freed by the caller
 * @nhosts: how many there are, 0 on a machine without Fibre Channel
 *
 * Returns 0 on success, -1 with an error.
 */
int
virFCHostList(virFCHost ***hosts,
              size_t *nhosts)
{
    return virFCHostScan(NULL, NULL, hosts, nhosts);
}


static void
virFCHostListFree(virFCHost **hosts,
                  size_t nhosts)
{
    size_t i;

    for (i = 0; i < nhosts; i++)
        virFCHostFree(hosts[i]);
    g_free(hosts);
}


struct virFCHostWWNs {
    const char *wwnn;
    const char *wwpn;
};


static bool
virFCHostHasWWNs(const char *dir,
                 const void *opaque)
{
    const struct virFCHostWWNs *want = opaque;
    g_autofree char *wwpn = virFCHostReadWWN(dir, "port_name");
    g_autofree char *wwnn = NULL;

    if (!virWWNEqual(wwpn, want->wwpn))
        return false;

    if (!want->wwnn)
        return true;

    wwnn = virFCHostReadWWN(dir, "node_name");
    return virWWNEqual(wwnn, want->wwnn);
}


/**
 * virFCHostFindByWWN:
 * @wwnn: node name in any accepted form, or NULL if it does not matter
 * @wwpn: port name in any accepted form
 *
 * Returns the HBA or vHBA of that name, to be freed by the caller; NULL,
 * without an error, if this machine has none now.
 */
virFCHost *
virFCHostFindByWWN(const char *wwnn,
                   const char *wwpn)
{
    struct virFCHostWWNs want = { .wwnn = wwnn, .wwpn = wwpn };
    virFCHost **hosts = NULL;
    size_t nhosts = 0;
    virFCHost *ret = NULL;

    if (virFCHostScan(virFCHostHasWWNs, &want, &hosts, &nhosts) < 0)
        virResetLastError();

    if (nhosts > 0)
        ret = g_steal_pointer(&hosts[0]);

    virFCHostListFree(hosts, nhosts);
    return ret;
}


/* Returns why @fchost cannot carry another vHBA, NULL if it can. */
static const char *
virFCHostVportObstacle(const virFCHost *fchost)
{
    if (!fchost->vportOps)
        return N_("it does not support NPIV");

    if (STRNEQ_NULLABLE(fchost->portState, "Online"))
        return N_("its link is not up; check the cable and the switch port");

    if (fchost->vports >= fchost->maxVports)
        return N_("it carries as many vHBAs as it can");

    return NULL;
}


/**
 * virFCHostFindByFabric:
 * @fabricWWN: name of the fabric in any accepted form; NULL for any fabric
 *
 * Chooses the HBA that a new vHBA should be created on: among those that are
 * NPIV capable, on that fabric, online and not full, the one that has the
 * fewest vHBAs; of equals, the lowest host number.
 *
 * Returns the HBA, to be freed by the caller; NULL with an error that says
 * why each HBA of this machine cannot be taken.
 */
virFCHost *
virFCHostFindByFabric(const char *fabricWWN)
{
    g_auto(virBuffer) reasons = VIR_BUFFER_INITIALIZER;
    g_autofree char *text = NULL;
    virFCHost **hosts = NULL;
    size_t nhosts = 0;
    virFCHost **best = NULL;
    virFCHost *ret = NULL;
    size_t i;

    if (virFCHostList(&hosts, &nhosts) < 0)
        goto cleanup;

    for (i = 0; i < nhosts; i++) {
        virFCHost *cur = hosts[i];
        const char *obstacle = virFCHostVportObstacle(cur);

        if (cur->vport)
            continue;

        if (!obstacle && fabricWWN && !virWWNEqual(cur->fabricWWN, fabricWWN))
            obstacle = N_("it is on another fabric");

        if (obstacle) {
            virBufferAsprintf(&reasons, "; scsi_host%u: %s", cur->host, _(obstacle));
            continue;
        }

        if (!best || cur->vports < (*best)->vports ||
            (cur->vports == (*best)->vports && cur->host < (*best)->host))
            best = &hosts[i];
    }

    if (best) {
        ret = g_steal_pointer(best);
        goto cleanup;
    }

    text = virBufferContentAndReset(&reasons);
    if (fabricWWN)
        virReportError(VIR_ERR_NO_NODE_DEVICE,
                       _("no HBA on fabric '%1$s' can carry a vHBA%2$s"),
                       fabricWWN, text ? text : _(": there are no HBAs"));
    else
        virReportError(VIR_ERR_NO_NODE_DEVICE,
                       _("no HBA can carry a vHBA%1$s"),
                       text ? text : _(": there are no HBAs"));

 cleanup:
    virFCHostListFree(hosts, nhosts);
    return ret;
}


/**
 * virFCHostVportNames:
 * @path: sysfs path of a SCSI host, as udev has it: /sys/devices/.../hostN
 * @wwnn: set to the node name, canonical form, to be freed by the caller
 * @wwpn: set to the port name, likewise
 *
 * A vHBA's vport has its names before there is a host. So, other than
 * virFCHostRead, this works from the moment on that the host shows up.
 *
 * Returns 0 on success; -1, without an error, if @path is not that of a vHBA.
 */
int
virFCHostVportNames(const char *path,
                    char **wwnn,
                    char **wwpn)
{
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *vport = g_path_get_basename(parent);
    g_autofree char *dir = g_strdup_printf("%s/fc_vports/%s", parent, vport);
    g_autofree char *node = NULL;
    g_autofree char *port = NULL;

    if (!STRPREFIX(vport, "vport-") ||
        !(node = virFCHostReadWWN(dir, "node_name")) ||
        !(port = virFCHostReadWWN(dir, "port_name")))
        return -1;

    *wwnn = g_steal_pointer(&node);
    *wwpn = g_steal_pointer(&port);
    return 0;
}


/* virFCHostVportOp:
 *
 * Writes "wwpn:wwnn" to a vport_* file of HBA @parent, which makes the kernel
 * do it at once. Returns 0; -errno, without an error, if it did not.
 */
static int
virFCHostVportOp(unsigned int parent,
                 const char *op,
                 const char *wwnn,
                 const char *wwpn)
{
    g_autofree char *path = virFCHostVportOpPath(parent, op);
    g_autofree char *names = g_strdup_printf("%s:%s", wwpn, wwnn);

    if (!path)
        return -EOPNOTSUPP;

    VIR_DEBUG("writing '%s' to '%s'", names, path);

    if (virFileWriteStr(path, names, 0) < 0)
        return -errno;

    return 0;
}


static int
virFCHostVportCheckFree(const char *wwpn)
{
    g_autoptr(virFCHost) other = virFCHostFindByWWN(NULL, wwpn);

    if (!other)
        return 0;

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("WWPN '%1$s' is in use on this host, by 'scsi_host%2$u'"),
                   wwpn, other->host);
    return -1;
}


/* What drivers mean by the errno they return from vport_create, see FC_VPCERR_*
 * in the kernel's scsi_transport_fc.h and the drivers. */
static void
virFCHostVportCreateError(unsigned int parent,
                          const char *wwnn,
                          const char *wwpn,
                          int err)
{
    const char *why = NULL;

    switch (err) {
    case ENOSPC:
        why = N_("the HBA carries as many vHBAs as it can");
        break;
    case EINVAL:
    case ENOTUNIQ:
        why = N_("the HBA's driver does not accept these WWNs; are they in use, or not the pattern that it wants?");
        break;
    case ENOSYS:
    case EOPNOTSUPP:
    case ENOENT:
        why = N_("the HBA, its driver or its firmware does not support NPIV, or the HBA is gone");
        break;
    case EIO:
        why = N_("the HBA is not logged in to a fabric that supports NPIV; check the link, and NPIV on the switch port");
        break;
    case ENOMEM:
        why = N_("the HBA or the host is out of resources");
        break;
    }

    if (!why) {
        virReportSystemError(err,
                             _("cannot create the vHBA with WWPN '%1$s' and WWNN '%2$s' on 'scsi_host%3$u'"),
                             wwpn, wwnn, parent);
        return;
    }

    virReportSystemError(err,
                         _("cannot create the vHBA with WWPN '%1$s' and WWNN '%2$s' on 'scsi_host%3$u': %4$s"),
                         wwpn, wwnn, parent, _(why));
}


/**
 * virFCHostVportCreate:
 * @parent: N of the HBA's hostN
 * @wwnn: node name of the new vHBA, canonical form
 * @wwpn: port name of the new vHBA, canonical form
 *
 * Creates a vHBA through the HBA's vport_create. Its fc_host is there when the
 * function returns, but the fabric's answer to its login may take longer.
 *
 * Returns 0 on success; -1 with an error that says what to do about it.
 */
int
virFCHostVportCreate(unsigned int parent,
                     const char *wwnn,
                     const char *wwpn)
{
    g_autoptr(virFCHost) hba = NULL;
    const char *obstacle;
    int rc;

    if (!(hba = virFCHostRead(parent)))
        return -1;

    if ((obstacle = virFCHostVportObstacle(hba))) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("cannot create the vHBA with WWPN '%1$s' on 'scsi_host%2$u' (port state '%3$s', %4$u of %5$u vHBAs): %6$s"),
                       wwpn, parent, NULLSTR(hba->portState),
                       hba->vports, hba->maxVports, _(obstacle));
        return -1;
    }

    if (virFCHostVportCheckFree(wwpn) < 0)
        return -1;

    if ((rc = virFCHostVportOp(parent, "vport_create", wwnn, wwpn)) < 0) {
        virFCHostVportCreateError(parent, wwnn, wwpn, -rc);
        return -1;
    }

    return 0;
}


/* The vport_states (see fc_vport_states in the kernel's scsi_transport_fc.h)
 * that do not lead to Active, as far as one can tell. */
typedef struct _virFCHostVportProblem virFCHostVportProblem;
struct _virFCHostVportProblem {
    const char *state;
    bool final; /* no use waiting for another state */
    const char *remedy;
};

static const virFCHostVportProblem virFCHostVportProblems[] = {
    { "Initializing", false,
      N_("the fabric has not accepted the login of this WWPN; is it logged in elsewhere?") },
    { "Linkdown", false,
      N_("the link of its HBA is down; check the cable and the switch port") },
    { "Fabric Logout", false,
      N_("the fabric has logged it out; see the switch's log for the reason") },
    { "Disabled", false,
      N_("it has been disabled; enable it through its vport_disable in sysfs") },
    { "No Fabric Support", true,
      N_("the fabric, or this switch port, does not support NPIV; enable it there") },
    { "No Fabric Resources", true,
      N_("the fabric has no resources for another login; raise the limit of logins for this switch port") },
    { "Fabric Rejected WWN", true,
      N_("the fabric rejected its WWNs; are they in use elsewhere, or kept out by port security?") },
    { "VPort Failed", true,
      N_("its login has failed; see the kernel's log for the reason") },
};


static const virFCHostVportProblem *
virFCHostVportFindProblem(const virFCHost *vhba)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(virFCHostVportProblems); i++) {
        if (STREQ_NULLABLE(vhba->vportState, virFCHostVportProblems[i].state))
            return &virFCHostVportProblems[i];
    }

    return NULL;
}


/* virFCHostVportWaitError:
 * @vhba: what has not become Active
 * @waitedMs: after how long
 */
static void
virFCHostVportWaitError(const virFCHost *vhba,
                        unsigned int waitedMs)
{
    const virFCHostVportProblem *problem = virFCHostVportFindProblem(vhba);
    const char *state = vhba->vportState ? vhba->vportState : "Unknown";

    if (problem && problem->final)
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("vHBA with WWPN '%1$s' on 'scsi_host%2$u' cannot be used (vport state '%3$s'): %4$s"),
                       vhba->wwpn, vhba->parent, state, _(problem->remedy));
    else
        virReportError(VIR_ERR_OPERATION_TIMEOUT,
                       _("vHBA with WWPN '%1$s' on 'scsi_host%2$u' did not become active within %3$u ms (vport state '%4$s'): %5$s"),
                       vhba->wwpn, vhba->parent, waitedMs, state,
                       problem ? _(problem->remedy) : _("see the kernel's log for the reason"));
}


/* Sleeps until something has happened on the FC transport, but no longer than
 * @timeoutMs. */
static void
virFCHostWaitForEvent(virFCEventMonitor *mon,
                      unsigned int timeoutMs)
{
    struct pollfd fd = { .fd = -1, .events = POLLIN };
    virFCEvent event;

    if (mon)
        fd.fd = virFCEventMonitorGetFD(mon);

    if (poll(&fd, 1, timeoutMs) <= 0 || !mon)
        return;

    while (virFCEventMonitorRead(mon, &event) > 0)
        ; /* whatever it was, the caller looks again */
}


/* Not every driver tells that a vport has become Active: libfc, for one, sends
 * no event. So look again after this time even when none came. */
#define VPORT_LOOK_AGAIN_MS 100


/**
 * virFCHostVportWait:
 * @host: N of the vHBA's hostN
 * @timeoutMs: how long to wait, in milliseconds
 *
 * Waits until the fabric has accepted the vHBA's login.
 *
 * Returns the vHBA as it is then, to be freed by the caller; NULL with an error
 * that names the state it is in and what to do about it, if that state is a
 * final one or the time is over.
 */
virFCHost *
virFCHostVportWait(unsigned int host,
                   unsigned int timeoutMs)
{
    /* Listen before looking, so that nothing can happen in between. */
    g_autoptr(virFCEventMonitor) mon = virFCEventMonitorNew();
    unsigned long long start = 0;
    unsigned long long now = 0;

    if (!mon)
        virResetLastError();

    if (virTimeMillisNow(&start) < 0)
        return NULL;

    while (true) {
        g_autoptr(virFCHost) vhba = virFCHostRead(host);
        const virFCHostVportProblem *problem;

        if (!vhba || virTimeMillisNow(&now) < 0)
            return NULL;

        if (STREQ_NULLABLE(vhba->vportState, "Active"))
            return g_steal_pointer(&vhba);

        problem = virFCHostVportFindProblem(vhba);
        if ((problem && problem->final) || now - start >= timeoutMs) {
            virFCHostVportWaitError(vhba, now - start);
            return NULL;
        }

        virFCHostWaitForEvent(mon, MIN(timeoutMs - (now - start), VPORT_LOOK_AGAIN_MS));
    }
}


/**
 * virFCHostVportDelete:
 * @parent: N of the HBA's hostN
 * @wwnn: node name of the vHBA, canonical form
 * @wwpn: port name of the vHBA, canonical form
 *
 * Deletes a vHBA through the HBA's vport_delete: it logs out of the fabric, and
 * the devices behind it are gone, whoever has them open.
 *
 * Returns 0 on success, -1 with an error.
 */
int
virFCHostVportDelete(unsigned int parent,
                     const char *wwnn,
                     const char *wwpn)
{
    int rc = virFCHostVportOp(parent, "vport_delete", wwnn, wwpn);

    if (rc == 0)
        return 0;

    if (rc == -ENODEV)
        virReportError(VIR_ERR_NO_NODE_DEVICE,
                       _("'scsi_host%1$u' has no vHBA with WWPN '%2$s' and WWNN '%3$s'"),
                       parent, wwpn, wwnn);
    else
        virReportSystemError(-rc,
                             _("cannot delete the vHBA with WWPN '%1$s' and WWNN '%2$s' on 'scsi_host%3$u'"),
                             wwpn, wwnn, parent);

    return -1;
}
