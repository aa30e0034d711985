/*
 * node_device_vhba_store.c: definitions of vHBAs on disk
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

#include "node_device_vhba_store.h"

#include "viralloc.h"
#include "virerror.h"
#include "virfile.h"
#include "virlog.h"
#include "virstring.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

VIR_LOG_INIT("node_device.node_device_vhba_store");

struct _nodeDeviceVHBAStore {
    char *dir;
    char *autostartDir;
};


/**
 * nodeDeviceVHBAStoreNew:
 * @dir: where the definitions are kept; it need not exist yet
 *
 * Returns the store, to be freed by the caller.
 */
nodeDeviceVHBAStore *
nodeDeviceVHBAStoreNew(const char *dir)
{
    nodeDeviceVHBAStore *store = g_new0(nodeDeviceVHBAStore, 1);

    store->dir = g_strdup(dir);
    store->autostartDir = g_strdup_printf("%s/autostart", dir);

    return store;
}


void
nodeDeviceVHBAStoreFree(nodeDeviceVHBAStore *store)
{
    if (!store)
        return;

    g_free(store->dir);
    g_free(store->autostartDir);
    g_free(store);
}


static char *
nodeDeviceVHBAStoreFile(nodeDeviceVHBAStore *store,
                        const char *wwpn)
{
    return g_strdup_printf("%s/%s.xml", store->dir, wwpn);
}


static char *
nodeDeviceVHBAStoreLink(nodeDeviceVHBAStore *store,
                        const char *wwpn)
{
    return g_strdup_printf("%s/%s.xml", store->autostartDir, wwpn);
}


/* A file that has been made, renamed or removed is only then sure to stay so
 * when its directory has been synced, too. */
static int
nodeDeviceVHBAStoreSync(const char *dir)
{
    VIR_AUTOCLOSE fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || g_fsync(fd) < 0) {
        virReportSystemError(errno, _("cannot sync directory '%1$s'"), dir);
        return -1;
    }

    return 0;
}


/* Makes the directory, those above it, and makes sure that they stay. */
static int
nodeDeviceVHBAStoreMakeDir(const char *dir)
{
    g_autofree char *parent = NULL;

    if (virFileIsDir(dir))
        return 0;

    parent = g_path_get_dirname(dir);
    if (nodeDeviceVHBAStoreMakeDir(parent) < 0)
        return -1;

    if (g_mkdir_with_parents(dir, 0700) < 0) {
        virReportSystemError(errno, _("cannot create directory '%1$s'"), dir);
        return -1;
    }

    return nodeDeviceVHBAStoreSync(parent);
}


static virNodeDeviceDef *
nodeDeviceVHBAStoreReadFile(nodeDeviceVHBAStore *store,
                            const char *wwpn)
{
    g_autofree char *path = nodeDeviceVHBAStoreFile(store, wwpn);
    g_autoptr(virNodeDeviceDef) def = NULL;

    /* Without a virt_type, no missing WWN is made up. */
    if (!(def = virNodeDeviceDefParse(NULL, path, CREATE_DEVICE, NULL,
                                      NULL, NULL, false)))
        return NULL;

    if (virNodeDeviceVHBANormalize(def) < 0)
        return NULL;

    if (STRNEQ(virNodeDeviceVHBAGetWWPN(def), wwpn)) {
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("it defines '%1$s', which does not match its file name"),
                       def->name);
        return NULL;
    }

    if (def->parent) {
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("its parent '%1$s' is a name, which may mean another HBA after a reboot; use WWNs"),
                       def->parent);
        return NULL;
    }

    return g_steal_pointer(&def);
}


/**
 * nodeDeviceVHBAStoreLoad:
 * @store: the store
 * @found: called for each definition, which it then owns
 * @opaque: for @found
 *
 * A file that cannot be used is reported in the log, and left as it is.
 *
 * Returns 0 on success, -1 with an error if the directory cannot be read.
 */
int
nodeDeviceVHBAStoreLoad(nodeDeviceVHBAStore *store,
                        nodeDeviceVHBAStoreFound found,
                        void *opaque)
{
    g_autoptr(DIR) dir = NULL;
    struct dirent *entry = NULL;
    int rc;

    if ((rc = virDirOpenIfExists(&dir, store->dir)) <= 0)
        return rc;

    while ((rc = virDirRead(dir, &entry, store->dir)) > 0) {
        g_autofree char *wwpn = g_strdup(entry->d_name);
        g_autofree char *path = NULL;
        g_autofree char *linkpath = NULL;
        virNodeDeviceDef *def = NULL;

        if (!virStringStripSuffix(wwpn, ".xml"))
            continue;

        path = nodeDeviceVHBAStoreFile(store, wwpn);
        linkpath = nodeDeviceVHBAStoreLink(store, wwpn);

        if (!(def = nodeDeviceVHBAStoreReadFile(store, wwpn))) {
            VIR_ERROR(_("Ignoring the definition of a vHBA in '%1$s': %2$s"),
                      path, virGetLastErrorMessage());
            virResetLastError();
            continue;
        }

        found(def, virFileLinkPointsTo(linkpath, path), opaque);
    }

    return rc;
}


/**
 * nodeDeviceVHBAStoreSave:
 * @store: the store
 * @def: definition of a vHBA
 *
 * Puts @def in the place of what the store has for its WWPN, if anything.
 *
 * Returns 0 when it is on disk, -1 with an error.
 */
int
nodeDeviceVHBAStoreSave(nodeDeviceVHBAStore *store,
                        const virNodeDeviceDef *def)
{
    g_autofree char *path = nodeDeviceVHBAStoreFile(store, virNodeDeviceVHBAGetWWPN(def));
    g_autofree char *xml = NULL;

    if (nodeDeviceVHBAStoreMakeDir(store->dir) < 0)
        return -1;

    if (!(xml = virNodeDeviceDefFormat(def, VIR_NODE_DEVICE_XML_INACTIVE)))
        return -1;

    /* writes a new file, syncs it and renames it */
    if (virXMLSaveFile(path, NULL, NULL, xml) < 0)
        return -1;

    return nodeDeviceVHBAStoreSync(store->dir);
}


/* Returns 0 if @path is gone for good, whether or not it was there. */
static int
nodeDeviceVHBAStoreUnlink(const char *dir,
                          const char *path)
{
    if (unlink(path) < 0) {
        if (errno == ENOENT)
            return 0;

        virReportSystemError(errno, _("cannot remove '%1$s'"), path);
        return -1;
    }

    return nodeDeviceVHBAStoreSync(dir);
}


/**
 * nodeDeviceVHBAStoreRemove:
 * @store: the store
 * @wwpn: WWPN of a vHBA, canonical form
 *
 * Forgets the vHBA and its autostart. It may be unknown.
 *
 * Returns 0 when it is gone from the disk, -1 with an error.
 */
int
nodeDeviceVHBAStoreRemove(nodeDeviceVHBAStore *store,
                          const char *wwpn)
{
    g_autofree char *path = nodeDeviceVHBAStoreFile(store, wwpn);

    if (nodeDeviceVHBAStoreSetAutostart(store, wwpn, false) < 0)
        return -1;

    return nodeDeviceVHBAStoreUnlink(store->dir, path);
}


/**
 * nodeDeviceVHBAStoreSetAutostart:
 * @store: the store
 * @wwpn: WWPN of a vHBA that is in the store, canonical form
 * @autostart: whether it is to be started by itself
 *
 * Returns 0 when that is on disk, -1 with an error.
 */
int
nodeDeviceVHBAStoreSetAutostart(nodeDeviceVHBAStore *store,
                                const char *wwpn,
                                bool autostart)
{
    g_autofree char *path = nodeDeviceVHBAStoreFile(store, wwpn);
    g_autofree char *linkpath = nodeDeviceVHBAStoreLink(store, wwpn);

    if (!autostart)
        return nodeDeviceVHBAStoreUnlink(store->autostartDir, linkpath);

    if (virFileLinkPointsTo(linkpath, path))
        return 0;

    if (nodeDeviceVHBAStoreMakeDir(store->autostartDir) < 0 ||
        nodeDeviceVHBAStoreUnlink(store->autostartDir, linkpath) < 0)
        return -1;

    if (symlink(path, linkpath) < 0) {
        virReportSystemError(errno, _("cannot create symlink '%1$s' to '%2$s'"),
                             linkpath, path);
        return -1;
    }

    return nodeDeviceVHBAStoreSync(store->autostartDir);
}
