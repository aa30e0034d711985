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

#include <fcntl.h>
#include <unistd.h>

#include "viralloc.h"
#include "virbuffer.h"
#include "virerror.h"
#define LIBVIRT_VIRFCHOSTPRIV_H_ALLOW
#include "virfchostpriv.h"
#include "virfclunwatch.h"
#include "virfile.h"
#include "virlog.h"
#include "virstring.h"
#include "virthread.h"
#include "virtime.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NONE

VIR_LOG_INIT("util.fchost");

#define SYSFS_SCSI_HOST "/sys/class/scsi_host"
#define SYSFS_SCSI_DEVICE "/sys/class/scsi_device"

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


static void
virFCHostReportNone(unsigned int host)
{
    virReportError(VIR_ERR_NO_NODE_DEVICE,
                   _("'scsi_host%1$u' is not a Fibre Channel host, or it is gone"),
                   host);
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
    const char *classes[] = { VIR_FC_HOST_SYSFS, SYSFS_SCSI_HOST };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(classes); i++) {
        g_autofree char *path = g_strdup_printf("%s/host%u/%s", classes[i], host, op);

        if (virFileExists(path))
            return g_steal_pointer(&path);
    }

    return NULL;
}


/**
 * virFCHostReadPort:
 * @host: N of hostN
 *
 * Reads the WWPN of a port, and what may change about it at any time: its state,
 * type and speed. All else is left unset; see virFCHostRead.
 *
 * Returns the host, to be freed by the caller; NULL with an error if there is
 * no such fc_host.
 */
virFCHost *
virFCHostReadPort(unsigned int host)
{
    g_autoptr(virFCHost) fchost = g_new0(virFCHost, 1);
    g_autofree char *dir = g_strdup_printf(VIR_FC_HOST_SYSFS "/host%u", host);

    fchost->host = host;

    if (!(fchost->wwpn = virFCHostReadWWN(dir, "port_name"))) {
        virFCHostReportNone(host);
        return NULL;
    }

    fchost->portState = virFCHostReadAttr(dir, "port_state");
    fchost->portType = virFCHostReadAttr(dir, "port_type");
    fchost->speed = virFCHostReadAttr(dir, "speed");

    return g_steal_pointer(&fchost);
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
    g_autoptr(virFCHost) fchost = virFCHostReadPort(host);
    g_autofree char *dir = g_strdup_printf(VIR_FC_HOST_SYSFS "/host%u", host);
    g_autofree char *vportCreate = NULL;

    if (!fchost)
        return NULL;

    if (!(fchost->wwnn = virFCHostReadWWN(dir, "node_name"))) {
        virFCHostReportNone(host);
        return NULL;
    }

    fchost->fabricWWN = virFCHostReadWWN(dir, "fabric_name");

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


/**
 * virFCHostIsHBA:
 * @host: N of hostN
 *
 * Returns whether /sys/class/fc_host/hostN is there, and is an HBA's: the device
 * of a vHBA sits below that of a vport, see virFCHostReadVport.
 */
bool
virFCHostIsHBA(unsigned int host)
{
    g_autofree char *dir = g_strdup_printf(VIR_FC_HOST_SYSFS "/host%u", host);
    g_autofree char *vports = g_strdup_printf("%s/device/../fc_vports", dir);

    return virFileExists(dir) && !virFileExists(vports);
}


/* Reads all hosts, or all HBAs. One that vanishes meanwhile is no error. */
static int
virFCHostScan(bool hbas,
              virFCHost ***hosts,
              size_t *nhosts)
{
    g_autofree unsigned int *numbers = NULL;
    size_t nnumbers = 0;
    size_t i;

    *hosts = NULL;
    *nhosts = 0;

    if (virFCLunWalkHosts(&numbers, &nnumbers) < 0)
        return -1;

    for (i = 0; i < nnumbers; i++) {
        virFCHost *fchost = NULL;

        if (hbas && !virFCHostIsHBA(numbers[i]))
            continue;

        if (!(fchost = virFCHostRead(numbers[i]))) {
            virResetLastError();
            continue;
        }

        VIR_APPEND_ELEMENT(*hosts, *nhosts, fchost);
    }

    return 0;
}


/**
 * virFCHostList:
 * @hosts: filled with all FC hosts, by their numbers; each, and the array, to be
 *         freed by the caller
 * @nhosts: how many there are, 0 on a machine without Fibre Channel
 *
 * Returns 0 on success, -1 with an error.
 */
int
virFCHostList(virFCHost ***hosts,
              size_t *nhosts)
{
    return virFCHostScan(false, hosts, nhosts);
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
    g_autoptr(virFCHost) ret = NULL;
    unsigned int host = 0;

    if (virFCLunWatchFindHost(wwnn, wwpn, &host) == 1)
        ret = virFCHostRead(host);

    if (!ret) {
        virResetLastError();
        return NULL;
    }

    /* the number may be another's by now */
    if (!virWWNEqual(ret->wwpn, wwpn))
        return NULL;

    return g_steal_pointer(&ret);
}


/* What keeps an HBA from carrying another vHBA, by its port_state: see
 * fc_port_state_names in the kernel's scsi_transport_fc.c. */
typedef struct _virFCHostPortProblem virFCHostPortProblem;
struct _virFCHostPortProblem {
    const char *state;
    const char *remedy;
};

static const virFCHostPortProblem virFCHostPortProblems[] = {
    { "Not Present",
      N_("its port is not there; check the adapter") },
    { "Offline",
      N_("its port is offline; check the cable and the switch port, or enable it again") },
    { "Blocked",
      N_("its driver is recovering from an error; try again later") },
    { "Bypassed",
      N_("its port is bypassed, as in a loop; NPIV needs a port of a fabric") },
    { "Diagnostics",
      N_("its port is being diagnosed; try again when that has ended") },
    { "Linkdown",
      N_("its link is not up; check the cable and the switch port") },
    { "Error",
      N_("its port has failed; see the kernel's log for the reason") },
    { "Loopback",
      N_("its port is in loopback mode; connect it to a fabric") },
    { "Deleted",
      N_("its port is being removed") },
};


/* Returns why @fchost cannot carry another vHBA, NULL if it can. */
static const char *
virFCHostVportObstacle(const virFCHost *fchost)
{
    size_t i;

    if (fchost->vport)
        return N_("it is a vHBA itself; only an HBA can carry vHBAs");

    if (!fchost->vportOps)
        return N_("it does not support NPIV");

    for (i = 0; i < G_N_ELEMENTS(virFCHostPortProblems); i++) {
        if (STREQ_NULLABLE(fchost->portState, virFCHostPortProblems[i].state))
            return virFCHostPortProblems[i].remedy;
    }

    if (STRNEQ_NULLABLE(fchost->portState, "Online"))
        return N_("its port is not online; see the kernel's log for the reason");

    if (fchost->vports >= fchost->maxVports)
        return N_("it carries as many vHBAs as it can; destroy one, or use another HBA");

    return NULL;
}


/* The kernel counts a vHBA only once it is being made. For several that are
 * started at a time to be spread over the HBAs, those that an HBA has been
 * chosen for count from then on: N of the HBA's hostN -> how many. */
static virMutex virFCHostReservedLock = VIR_MUTEX_INITIALIZER;
static GHashTable *virFCHostReserved;


static unsigned int
virFCHostGetReserved(unsigned int host)
{
    if (!virFCHostReserved)
        return 0;

    return GPOINTER_TO_UINT(g_hash_table_lookup(virFCHostReserved, GUINT_TO_POINTER(host)));
}


/* To be called with virFCHostReservedLock held. */
static void
virFCHostSetReserved(unsigned int host,
                     unsigned int count)
{
    if (!virFCHostReserved)
        virFCHostReserved = g_hash_table_new(NULL, NULL);

    if (count == 0)
        g_hash_table_remove(virFCHostReserved, GUINT_TO_POINTER(host));
    else
        g_hash_table_insert(virFCHostReserved, GUINT_TO_POINTER(host), GUINT_TO_POINTER(count));
}


/* Whether a new vHBA is better off on @a than on @b. While a vHBA is being
 * made it may count twice; that lets the next one go elsewhere, too. */
static bool
virFCHostIsBetter(const virFCHost *a,
                  const virFCHost *b)
{
    unsigned int load = a->vports + virFCHostGetReserved(a->host);
    unsigned int other = b->vports + virFCHostGetReserved(b->host);

    return load == other ? a->host < b->host : load < other;
}


/* @refused: set of numbers of HBAs that have turned out not to do */
static const char *
virFCHostChoiceObstacle(const virFCHost *hba,
                        const char *fabricWWN,
                        GHashTable *refused)
{
    const char *obstacle = virFCHostVportObstacle(hba);

    if (obstacle)
        return obstacle;

    if (fabricWWN && !virWWNEqual(hba->fabricWWN, fabricWWN))
        return N_("it is on another fabric");

    if (refused && g_hash_table_contains(refused, GUINT_TO_POINTER(hba->host)))
        return N_("it carries as many vHBAs as it can; destroy one, or use another HBA");

    return NULL;
}


/* Returns the best of @hosts, which stays theirs; NULL with an error that says
 * why none will do. */
static virFCHost **
virFCHostChoose(virFCHost **hosts,
                size_t nhosts,
                const char *fabricWWN,
                GHashTable *refused)
{
    g_auto(virBuffer) reasons = VIR_BUFFER_INITIALIZER;
    g_autofree char *text = NULL;
    virFCHost **best = NULL;
    size_t i;

    for (i = 0; i < nhosts; i++) {
        const char *obstacle = virFCHostChoiceObstacle(hosts[i], fabricWWN, refused);

        if (obstacle)
            virBufferAsprintf(&reasons, "; scsi_host%u: %s", hosts[i]->host, _(obstacle));
        else if (!best || virFCHostIsBetter(hosts[i], *best))
            best = &hosts[i];
    }

    if (best)
        return best;

    text = virBufferContentAndReset(&reasons);
    if (fabricWWN)
        virReportError(VIR_ERR_NO_NODE_DEVICE,
                       _("no HBA on fabric '%1$s' can carry a vHBA%2$s"),
                       fabricWWN, text ? text : _(": there are no HBAs"));
    else
        virReportError(VIR_ERR_NO_NODE_DEVICE,
                       _("no HBA can carry a vHBA%1$s"),
                       text ? text : _(": there are no HBAs"));
    return NULL;
}


/**
 * virFCHostReserve:
 * @fabricWWN: name of the fabric in any accepted form; NULL for any fabric
 * @refused: set of host numbers, as pointers, of HBAs that will not do; or NULL
 *
 * Chooses the HBA that a new vHBA should be created on: among those that are
 * NPIV capable, on that fabric, online and not full, the one that has the
 * fewest vHBAs; of equals, the lowest host number. Until virFCHostUnreserve is
 * called it has one more when others choose.
 *
 * Returns the HBA, to be freed by the caller; NULL with an error that says
 * why each HBA of this machine cannot be taken.
 */
virFCHost *
virFCHostReserve(const char *fabricWWN,
                 GHashTable *refused)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&virFCHostReservedLock);
    virFCHost **hosts = NULL;
    size_t nhosts = 0;
    virFCHost **best = NULL;
    virFCHost *ret = NULL;

    if (virFCHostScan(true, &hosts, &nhosts) == 0 &&
        (best = virFCHostChoose(hosts, nhosts, fabricWWN, refused))) {
        ret = g_steal_pointer(best);
        virFCHostSetReserved(ret->host, virFCHostGetReserved(ret->host) + 1);
    }

    virFCHostListFree(hosts, nhosts);
    return ret;
}


/* The vHBA that an HBA was reserved for has been created, or will not be.
 * @host: N of the HBA's hostN */
void
virFCHostUnreserve(unsigned int host)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&virFCHostReservedLock);
    unsigned int count = virFCHostGetReserved(host);

    if (count > 0)
        virFCHostSetReserved(host, count - 1);
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
 * do it at once. That takes a single write: what drivers return is passed on as
 * it is, so that it could be taken for an interruption (lpfc: -4 if out of
 * resources), or for the number of bytes written (qla2xxx and bfa: a state from
 * enum fc_vport_state).
 *
 * Returns 0 if the kernel did it; otherwise, without an error, -errno, or the
 * positive number of a vport state.
 */
static int
virFCHostVportOp(unsigned int parent,
                 const char *op,
                 const char *wwnn,
                 const char *wwpn)
{
    g_autofree char *path = virFCHostVportOpPath(parent, op);
    g_autofree char *names = g_strdup_printf("%s:%s", wwpn, wwnn);
    VIR_AUTOCLOSE fd = -1;
    ssize_t written;

    if (!path)
        return -ENOSYS;

    VIR_DEBUG("writing '%s' to '%s'", names, path);

    if ((fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)) < 0)
        return -errno;

    if ((written = write(fd, names, strlen(names))) < 0) /* sc_avoid_write */
        return -errno;

    VIR_DEBUG("wrote '%s' to '%s'", names, path);

    return written == strlen(names) ? 0 : written;
}


static int
virFCHostVportCheckFree(const char *wwpn)
{
    g_autoptr(virFCHost) other = virFCHostFindByWWN(NULL, wwpn);

    if (!other)
        return 0;

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("WWPN '%1$s' is in use on this host, by 'scsi_host%2$u'; destroy that vHBA, or use another WWPN"),
                   wwpn, other->host);
    return -1;
}


/* The states of a vport, in the order of the kernel's enum fc_vport_state
 * (scsi_transport_fc.h), and what they mean when it should be Active. */
typedef struct _virFCHostVportProblem virFCHostVportProblem;
struct _virFCHostVportProblem {
    const char *state;  /* as in sysfs */
    bool final;         /* no use waiting for another state */
    const char *remedy; /* NULL: no problem */
};

static const virFCHostVportProblem virFCHostVportProblems[] = {
    { "Unknown", false,
      N_("the HBA's driver does not tell; see the kernel's log for the reason") },
    { "Active", true, NULL },
    { "Disabled", false,
      N_("it has been disabled; enable it through its vport_disable in sysfs") },
    { "Linkdown", false,
      N_("the link of its HBA is down; check the cable and the switch port") },
    { "Initializing", false,
      N_("the fabric has not accepted the login of this WWPN; is it logged in elsewhere?") },
    { "No Fabric Support", true,
      N_("the fabric, or this switch port, does not support NPIV; enable it there") },
    { "No Fabric Resources", true,
      N_("the fabric has no resources for another login; raise the limit of logins for this switch port") },
    { "Fabric Logout", false,
      N_("the fabric has logged it out; see the switch's log for the reason") },
    { "Fabric Rejected WWN", true,
      N_("the fabric rejected its WWNs; are they in use elsewhere, or kept out by port security?") },
    { "VPort Failed", true,
      N_("its login has failed; see the kernel's log for the reason") },
};


/* What the kernel and its drivers mean by the errno that they return from
 * vport_create and vport_delete: fc_vport_setup() and VPCERR_* of the FC
 * transport, and codes of lpfc's own (-1 to -4), which are no errnos at all, but
 * which reach user space as such. */
typedef struct _virFCHostVportErrno virFCHostVportErrno;
struct _virFCHostVportErrno {
    int err;
    const char *create; /* NULL: nothing is known beyond the errno's text */
    const char *delete; /* likewise */
};

static const virFCHostVportErrno virFCHostVportErrnos[] = {
    { EPERM, /* lpfc: VPORT_ERROR */
      N_("the HBA's driver has failed to set it up; see the kernel's log for the reason"),
      N_("the HBA's driver does not let go of it, because it made it itself at boot; change the HBA's own configuration") },
    { ENOENT, /* lpfc: VPORT_INVAL */
      N_("the HBA's driver does not accept these WWNs, or NPIV is disabled in it, or the HBA is gone; check the WWNs, and see the kernel's log"),
      N_("the HBA's driver cannot delete vHBAs, or the HBA is gone") },
    { ESRCH, /* lpfc: VPORT_NOMEM */
      N_("the HBA's driver is out of memory"),
      NULL },
    { EINTR, /* lpfc: VPORT_NORESOURCES */
      N_("the HBA has no resources left for another vHBA; destroy one, or use another HBA"),
      NULL },
    { EIO,
      N_("the HBA's driver has failed to set up the port; see the kernel's log for the reason"),
      N_("the HBA does not answer; see the kernel's log for the reason") },
    { EAGAIN,
      N_("the HBA is busy with a reset, or with its link; try again later"),
      N_("it is still logging in, or the HBA is busy; try again later") },
    { ENOMEM,
      N_("the host is out of memory"),
      N_("the host is out of memory") },
    { EACCES,
      N_("libvirt lacks the privilege; use qemu:///system"),
      N_("libvirt lacks the privilege; use qemu:///system") },
    { EBUSY,
      N_("the HBA is busy; try again later"),
      N_("it is being created or deleted; try again later") },
    { ENODEV,
      N_("the HBA is gone, or its driver is being unloaded"),
      N_("there is no such vHBA there, or it is being deleted already") },
    { EINVAL,
      N_("the HBA's driver does not accept these WWNs; are they in use, or not the pattern that it wants?"),
      N_("the HBA's driver does not accept these WWNs") },
    { ENOSPC,
      N_("the HBA carries as many vHBAs as it can; destroy one, or use another HBA"),
      NULL },
    { EROFS,
      N_("sysfs is mounted read-only, as in a container; run libvirt where it is not"),
      N_("sysfs is mounted read-only, as in a container; run libvirt where it is not") },
    { ENOSYS, /* VPCERR_UNSUPPORTED */
      N_("the HBA, its driver or its firmware does not support NPIV, or no further vHBA"),
      N_("the HBA, its driver or its firmware does not support NPIV") },
#ifdef ENOTUNIQ
    { ENOTUNIQ, /* VPCERR_BAD_WWN */
      N_("the HBA has these WWNs in use, or its driver does not accept them; use others"),
      NULL },
#endif
    { EOPNOTSUPP, /* VPCERR_NO_FABRIC_SUPP */
      N_("the HBA is not connected to a fabric that supports NPIV; enable NPIV on the switch port"),
      NULL },
    { ETIMEDOUT,
      N_("the HBA does not answer; see the kernel's log for the reason"),
      N_("the HBA does not answer; see the kernel's log for the reason") },
};


/**
 * virFCHostVportOpProblem:
 * @op: "vport_create" or "vport_delete"
 * @rc: what virFCHostVportOp returned, not 0
 *
 * Returns what @rc means and what to do about it, not translated yet; NULL if
 * nothing is known.
 */
const char *
virFCHostVportOpProblem(const char *op,
                        int rc)
{
    size_t i;

    if (rc > 0)
        return rc < G_N_ELEMENTS(virFCHostVportProblems) ? virFCHostVportProblems[rc].remedy : NULL;

    for (i = 0; i < G_N_ELEMENTS(virFCHostVportErrnos); i++) {
        if (virFCHostVportErrnos[i].err == -rc) {
            if (STREQ(op, "vport_create"))
                return virFCHostVportErrnos[i].create;
            return virFCHostVportErrnos[i].delete;
        }
    }

    return NULL;
}


/* Returns what @rc, from virFCHostVportOp, means, to be freed by the caller. The text that belongs to an
 * errno is given only where there is no better one: what it says, such as "No
 * such file or directory", is seldom what is wrong. */
static char *
virFCHostVportOpReason(const char *op,
                       int rc)
{
    const char *problem = virFCHostVportOpProblem(op, rc);

    if (problem && rc > 0)
        return g_strdup_printf(_("%1$s (vport state '%2$s')"),
                               _(problem), virFCHostVportProblems[rc].state);

    if (problem)
        return g_strdup_printf(_("%1$s (errno %2$d)"), _(problem), -rc);

    if (rc > 0)
        return g_strdup_printf(_("the HBA's driver has returned %1$d"), rc);

    return g_strdup(g_strerror(-rc));
}


static void
virFCHostVportOpError(unsigned int parent,
                      const char *op,
                      const char *wwnn,
                      const char *wwpn,
                      int rc)
{
    g_autofree char *reason = virFCHostVportOpReason(op, rc);

    if (STREQ(op, "vport_create"))
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("cannot create the vHBA with WWPN '%1$s' and WWNN '%2$s' on 'scsi_host%3$u': %4$s"),
                       wwpn, wwnn, parent, reason);
    else
        virReportError(rc == -ENODEV ? VIR_ERR_NO_NODE_DEVICE : VIR_ERR_OPERATION_FAILED,
                       _("cannot delete the vHBA with WWPN '%1$s' and WWNN '%2$s' on 'scsi_host%3$u': %4$s"),
                       wwpn, wwnn, parent, reason);
}


/**
 * virFCHostVportRequest:
 * @parent: N of the HBA's hostN
 * @op: "vport_create" or "vport_delete"
 * @wwnn: node name of the vHBA, 16 hex digits
 * @wwpn: port name of the vHBA, 16 hex digits
 *
 * Asks the kernel, without a look at what is there.
 *
 * Returns 0 on success; -1 with an error that says what to do about it.
 */
int
virFCHostVportRequest(unsigned int parent,
                      const char *op,
                      const char *wwnn,
                      const char *wwpn)
{
    int rc = virFCHostVportOp(parent, op, wwnn, wwpn);

    if (rc == 0)
        return 0;

    virFCHostVportOpError(parent, op, wwnn, wwpn, rc);
    return -1;
}


static int
virFCHostVportCheckObstacle(unsigned int parent,
                            const char *wwpn)
{
    g_autoptr(virFCHost) hba = virFCHostRead(parent);
    const char *obstacle;

    if (!hba)
        return -1;

    if (!(obstacle = virFCHostVportObstacle(hba)))
        return 0;

    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("cannot create the vHBA with WWPN '%1$s' on 'scsi_host%2$u' (port state '%3$s', %4$u of %5$u vHBAs): %6$s"),
                   wwpn, parent, NULLSTR(hba->portState),
                   hba->vports, hba->maxVports, _(obstacle));
    return -1;
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
    if (virFCHostVportCheckObstacle(parent, wwpn) < 0 ||
        virFCHostVportCheckFree(wwpn) < 0)
        return -1;

    return virFCHostVportRequest(parent, "vport_create", wwnn, wwpn);
}


/**
 * virFCHostVportCreateOnFabric:
 * @fabricWWN: name of the fabric in any accepted form; NULL for any fabric
 * @wwnn: node name of the new vHBA, canonical form
 * @wwpn: port name of the new vHBA, canonical form
 * @parent: set to N of the hostN of the HBA that it is on
 *
 * Like virFCHostVportCreate, on the HBA that is the least used; when several
 * threads do that at a time, they spread. An HBA that turns out to be full when
 * the kernel is asked is passed over.
 *
 * Returns 0 on success; -1 with an error that says what to do about it.
 */
int
virFCHostVportCreateOnFabric(const char *fabricWWN,
                             const char *wwnn,
                             const char *wwpn,
                             unsigned int *parent)
{
    g_autoptr(GHashTable) refused = g_hash_table_new(NULL, NULL);

    if (virFCHostVportCheckFree(wwpn) < 0)
        return -1;

    while (true) {
        g_autoptr(virFCHost) hba = virFCHostReserve(fabricWWN, refused);
        int rc;

        if (!hba)
            return -1;

        rc = virFCHostVportOp(hba->host, "vport_create", wwnn, wwpn);
        virFCHostUnreserve(hba->host);

        if (rc == 0) {
            *parent = hba->host;
            return 0;
        }

        if (rc != -ENOSPC) {
            virFCHostVportOpError(hba->host, "vport_create", wwnn, wwpn, rc);
            return -1;
        }

        g_hash_table_add(refused, GUINT_TO_POINTER(hba->host));
    }
}


static const virFCHostVportProblem *
virFCHostVportFindProblem(const char *state)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(virFCHostVportProblems); i++) {
        if (STREQ_NULLABLE(state, virFCHostVportProblems[i].state))
            return &virFCHostVportProblems[i];
    }

    return NULL;
}


/* libfc leaves a new vport in Linkdown while it logs in for the first time, and
 * again and again (fc_lport_enter_reset comes before fc_vport_setlink): that
 * means what it says only if the link of the HBA is down, too. */
static const char *
virFCHostVportRemedy(const virFCHost *vhba)
{
    const virFCHostVportProblem *problem = virFCHostVportFindProblem(vhba->vportState);

    if (STREQ_NULLABLE(vhba->vportState, "Linkdown")) {
        g_autoptr(virFCHost) hba = virFCHostRead(vhba->parent);

        if (hba && STREQ_NULLABLE(hba->portState, "Online"))
            problem = virFCHostVportFindProblem("Initializing");
    }

    return problem ? _(problem->remedy) : _("see the kernel's log for the reason");
}


/* virFCHostVportWaitError:
 * @vhba: what has not become Active
 * @timeoutMs: after how long; not how long exactly, so that the text stays the
 *             same each time
 */
static void
virFCHostVportWaitError(const virFCHost *vhba,
                        unsigned int timeoutMs)
{
    const virFCHostVportProblem *problem = virFCHostVportFindProblem(vhba->vportState);
    const char *state = vhba->vportState ? vhba->vportState : "Unknown";
    const char *remedy = virFCHostVportRemedy(vhba);

    if (problem && problem->final)
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("vHBA with WWPN '%1$s' on 'scsi_host%2$u' cannot be used (vport state '%3$s'): %4$s"),
                       vhba->wwpn, vhba->parent, state, remedy);
    else
        virReportError(VIR_ERR_OPERATION_TIMEOUT,
                       _("vHBA with WWPN '%1$s' on 'scsi_host%2$u' did not become active within %3$u ms (vport state '%4$s'): %5$s"),
                       vhba->wwpn, vhba->parent, timeoutMs, state, remedy);
}


/* The kernel has no event for it: fc_vport_set_state (scsi_transport_fc.h), which
 * all drivers call, only stores the state. There is always one for the vHBA's
 * login to the name server, a remote port, shortly before. Then libfc sets the
 * state (fc_lport_enter_ready) and asks the fabric for other ports, and each that
 * it finds makes an event below the vHBA's host, milliseconds later. Only a vHBA
 * that shares its zone with nobody finds none: for that one, look again without
 * an event after this time in milliseconds. */
#define VPORT_LOOK_AGAIN_MS 1000


/* Whether the vport state of vHBA @host may still become another one. Reads no
 * more than that: with many vHBAs starting at a time, this is done very often. */
static bool
virFCHostVportIsPending(unsigned int host)
{
    g_autofree char *dir = g_strdup_printf(VIR_FC_HOST_SYSFS "/host%u", host);
    g_autoptr(virFCHost) vhba = g_new0(virFCHost, 1);
    const virFCHostVportProblem *problem;

    if (virFCHostReadVport(vhba, dir) < 0)
        virResetLastError();

    if (!vhba->vport)
        return false;

    problem = virFCHostVportFindProblem(vhba->vportState);
    return !problem || !problem->final;
}


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
    g_autoptr(virFCLunWaiter) waiter = virFCLunWaiterNew(host);
    unsigned long long now = 0;
    unsigned long long until;

    if (!waiter || virTimeMillisNow(&now) < 0)
        return NULL;
    until = now + timeoutMs;

    while (true) {
        bool pending = virFCHostVportIsPending(host);
        bool over;

        if (virTimeMillisNow(&now) < 0)
            return NULL;
        over = now >= until;

        if (over || !pending) {
            g_autoptr(virFCHost) vhba = virFCHostRead(host);
            const virFCHostVportProblem *problem;

            if (!vhba)
                return NULL;

            if (STREQ_NULLABLE(vhba->vportState, "Active"))
                return g_steal_pointer(&vhba);

            problem = virFCHostVportFindProblem(vhba->vportState);
            if (over || (problem && problem->final)) {
                virFCHostVportWaitError(vhba, timeoutMs);
                return NULL;
            }
        }

        if (virFCLunWaiterWait(waiter, MIN(now + VPORT_LOOK_AGAIN_MS, until)) < 0)
            return NULL;
    }
}


/* One that waits for its target would keep us waiting, too. */
static void
virFCHostRemoveDevice(const char *device)
{
    g_autofree char *path = g_strdup_printf(SYSFS_SCSI_DEVICE "/%s/device/delete", device);
    g_autofree char *state = NULL;

    if (virFileReadValueString(&state, SYSFS_SCSI_DEVICE "/%s/device/state", device) < 0 ||
        STRNEQ(state, "running"))
        return;

    if (virFileWriteStr(path, "1", 0) < 0)
        VIR_WARN("cannot remove SCSI device '%s' in order: %s", device, g_strerror(errno));
}


/* Removes the SCSI devices behind @host through their "delete" in sysfs, which
 * waits for the commands that are under way and has caches written. */
static void
virFCHostRemoveDevices(unsigned int host)
{
    g_autofree char *prefix = g_strdup_printf("%u:", host);
    g_autoptr(DIR) dir = NULL;
    struct dirent *entry;

    if (virDirOpenQuiet(&dir, SYSFS_SCSI_DEVICE) < 0)
        return;

    while (virDirRead(dir, &entry, SYSFS_SCSI_DEVICE) > 0) {
        if (STRPREFIX(entry->d_name, prefix))
            virFCHostRemoveDevice(entry->d_name);
    }
}


/**
 * virFCHostRescan:
 * @host: N of the hostN of an HBA or vHBA
 *
 * Makes the kernel ask all targets of @host for their units (SPC-4 REPORT LUNS).
 * It returns when they have answered. If it cannot, the log says so.
 */
void
virFCHostRescan(unsigned int host)
{
    g_autofree char *scan = g_strdup_printf(SYSFS_SCSI_HOST "/host%u/scan", host);

    if (virFileWriteStr(scan, "- - -", 0) < 0)
        VIR_WARN("cannot scan for LUNs: %s: %s", scan, g_strerror(errno));
}


/**
 * virFCHostVportDelete:
 * @parent: N of the HBA's hostN
 * @wwnn: node name of the vHBA, canonical form
 * @wwpn: port name of the vHBA, canonical form
 *
 * Deletes a vHBA through the HBA's vport_delete: it logs out of the fabric, and
 * the devices behind it are gone, whoever has them open. They are removed in
 * order before: otherwise commands and caches are cut off. Worse, libfc, which
 * is the kernel's FCoE, locks the whole machine up if a command ends while its
 * exchange is reset. If the vHBA stays after all, they are looked for again.
 *
 * Returns 0 on success, -1 with an error.
 */
int
virFCHostVportDelete(unsigned int parent,
                     const char *wwnn,
                     const char *wwpn)
{
    g_autoptr(virFCHost) vhba = virFCHostFindByWWN(wwnn, wwpn);
    bool found = vhba && vhba->vport && vhba->parent == parent;

    if (found)
        virFCHostRemoveDevices(vhba->host);

    if (virFCHostVportRequest(parent, "vport_delete", wwnn, wwpn) == 0)
        return 0;

    if (found)
        virFCHostRescan(vhba->host);
    return -1;
}
