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
#include "virwwn.h"
#include "virxml.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

VIR_LOG_INIT("node_device.node_device_vhba_store");

/* what is being written has this appended to its name, see virFileRewrite */
#define PARTIAL_SUFFIX ".new"

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


/* Returns the child of @parent that is called @name and has @skip of the same
 * name before it, NULL if there is none. */
static xmlNodePtr
nodeDeviceVHBAStoreFindChild(xmlNodePtr parent,
                             const xmlChar *name,
                             size_t skip)
{
    xmlNodePtr child;

    for (child = xmlFirstElementChild(parent); child; child = xmlNextElementSibling(child)) {
        if (xmlStrEqual(child->name, name) && skip-- == 0)
            return child;
    }

    return NULL;
}


static int
nodeDeviceVHBAStoreCheckAttrs(xmlNodePtr file,
                              xmlNodePtr known)
{
    xmlAttrPtr attr;

    for (attr = file->properties; attr; attr = attr->next) {
        if (xmlHasProp(known, attr->name))
            continue;

        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("its attribute '%1$s' of <%2$s> is not known; was it written by a newer libvirt?"),
                       (const char *) attr->name, (const char *) file->name);
        return -1;
    }

    return 0;
}


/* Checks that @known has all elements and attributes that are below @file,
 * whatever their values are. */
static int
nodeDeviceVHBAStoreCheckNode(xmlNodePtr file,
                             xmlNodePtr known)
{
    xmlNodePtr child;

    if (nodeDeviceVHBAStoreCheckAttrs(file, known) < 0)
        return -1;

    for (child = xmlFirstElementChild(file); child; child = xmlNextElementSibling(child)) {
        xmlNodePtr twin;
        xmlNodePtr before;
        size_t same = 0;

        for (before = xmlFirstElementChild(file); before != child; before = xmlNextElementSibling(before)) {
            if (xmlStrEqual(before->name, child->name))
                same++;
        }

        if (!(twin = nodeDeviceVHBAStoreFindChild(known, child->name, same))) {
            virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                           _("its element <%1$s> in <%2$s> is not known there; was it written by a newer libvirt?"),
                           (const char *) child->name, (const char *) file->name);
            return -1;
        }

        if (nodeDeviceVHBAStoreCheckNode(child, twin) < 0)
            return -1;
    }

    return 0;
}


/* Parsing skips what it does not know, so that the next change would drop it
 * from the file. Checks that @def, which comes from there, says it all. */
static int
nodeDeviceVHBAStoreCheckKnown(const char *path,
                              const virNodeDeviceDef *def)
{
    g_autofree char *xml = virNodeDeviceDefFormat(def, VIR_NODE_DEVICE_XML_INACTIVE);
    g_autoptr(xmlDoc) file = NULL;
    g_autoptr(xmlDoc) known = NULL;

    if (!xml ||
        !(known = virXMLParse(NULL, xml, NULL, NULL, NULL, NULL, false)) ||
        !(file = virXMLParse(path, NULL, NULL, NULL, NULL, NULL, false)))
        return -1;

    return nodeDeviceVHBAStoreCheckNode(xmlDocGetRootElement(file),
                                        xmlDocGetRootElement(known));
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

    if (nodeDeviceVHBAStoreCheckKnown(path, def) < 0)
        return NULL;

    return g_steal_pointer(&def);
}


/* Removes @name if it is what a power cut has left of a definition that was
 * being written. It was not in force yet, and the caller was not told that it
 * was: the old one, if any, is still there. */
static void
nodeDeviceVHBAStoreDropPartial(nodeDeviceVHBAStore *store,
                               const char *name)
{
    g_autofree char *wwpn = g_strdup(name);
    g_autofree char *canonical = NULL;
    g_autofree char *path = NULL;

    if (!virStringStripSuffix(wwpn, ".xml" PARTIAL_SUFFIX) ||
        virWWNParseQuiet(wwpn, &canonical) < 0 ||
        STRNEQ(wwpn, canonical))
        return;

    path = g_strdup_printf("%s/%s", store->dir, name);
    VIR_INFO("removing '%s', which was never completed", path);
    if (unlink(path) < 0)
        VIR_WARN("cannot remove '%s': %s", path, g_strerror(errno));
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

        if (!virStringStripSuffix(wwpn, ".xml")) {
            nodeDeviceVHBAStoreDropPartial(store, entry->d_name);
            continue;
        }

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
 * nodeDeviceVHBAStorePrepareNew:
 * @store: the store
 * @wwpn: WWPN of a vHBA that is not known, canonical form
 *
 * Makes sure that a first definition replaces nothing, and that it is not
 * started by itself because of a link that somebody has left.
 *
 * Returns 0 if there is no file for it; -1 with an error if there is one, which
 * could not be used and is to be left as it is.
 */
int
nodeDeviceVHBAStorePrepareNew(nodeDeviceVHBAStore *store,
                              const char *wwpn)
{
    g_autofree char *path = nodeDeviceVHBAStoreFile(store, wwpn);
    g_autoptr(virNodeDeviceDef) def = NULL;

    if (!virFileExists(path))
        return nodeDeviceVHBAStoreSetAutostart(store, wwpn, false);

    if (!(def = nodeDeviceVHBAStoreReadFile(store, wwpn))) {
        g_autofree char *reason = g_strdup(virGetLastErrorMessage());

        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("'%1$s' is there and cannot be used: %2$s; move it away first"),
                       path, reason);
    } else {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("'%1$s' has been put there meanwhile; restart virtnodedevd, or move it away first"),
                       path);
    }

    return -1;
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

    VIR_DEBUG("'%s': being written", path);

    /* writes a new file, syncs it and renames it */
    if (virXMLSaveFile(path, NULL, NULL, xml) < 0 ||
        nodeDeviceVHBAStoreSync(store->dir) < 0)
        return -1;

    VIR_DEBUG("'%s': on disk", path);
    return 0;
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
