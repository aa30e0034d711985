/*
 * virfclunindex.c: an index of Fibre Channel hosts and their units
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

#include "viralloc.h"
#include "virerror.h"
#include "virfclunindex.h"
#include "virhash.h"
#include "virlog.h"
#include "virstring.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NONE

VIR_LOG_INIT("util.fclunindex");

typedef struct _virFCLunIndexHost virFCLunIndexHost;
struct _virFCLunIndexHost {
    unsigned int number;
    char *wwnn;
    char *wwpn; /* NULL: not read yet, or the host had no name; then, and only
                   then, it is one of the index's @unnamed */

    bool known; /* has been walked, and no event came since; if so: */
    virFCLun **luns; /* ordered by unit */
    size_t nluns;
    GHashTable *first; /* unit -> index of the first one in @luns, plus 1 */
};

struct _virFCLunIndex {
    const virFCLunIndexReader *reader;

    bool listed; /* all hosts are in @hosts */
    GHashTable *hosts; /* number -> virFCLunIndexHost, owned */
    GHashTable *named; /* WWPN -> virFCLunIndexHost; the key is the host's */
    GHashTable *unnamed; /* set of virFCLunIndexHost */
};


static void
virFCLunIndexHostForgetLuns(virFCLunIndexHost *host)
{
    virFCLunListFree(host->luns, host->nluns);
    host->luns = NULL;
    host->nluns = 0;
    g_clear_pointer(&host->first, g_hash_table_unref);
    host->known = false;
}


static void
virFCLunIndexHostFree(void *opaque)
{
    virFCLunIndexHost *host = opaque;

    virFCLunIndexHostForgetLuns(host);
    g_free(host->wwnn);
    g_free(host->wwpn);
    g_free(host);
}


/**
 * virFCLunIndexNew:
 * @reader: what the index reads with; must live as long as it does
 *
 * Returns an index that has not read anything yet.
 */
virFCLunIndex *
virFCLunIndexNew(const virFCLunIndexReader *reader)
{
    virFCLunIndex *index = g_new0(virFCLunIndex, 1);

    index->reader = reader;
    index->hosts = g_hash_table_new_full(NULL, NULL, NULL, virFCLunIndexHostFree);
    index->named = g_hash_table_new(g_str_hash, g_str_equal);
    index->unnamed = g_hash_table_new(NULL, NULL);
    return index;
}


void
virFCLunIndexFree(virFCLunIndex *index)
{
    if (!index)
        return;

    g_hash_table_unref(index->named);
    g_hash_table_unref(index->unnamed);
    g_hash_table_unref(index->hosts);
    g_free(index);
}


/* --- events --- */

static virFCLunIndexHost *
virFCLunIndexAddHost(virFCLunIndex *index,
                     unsigned int number)
{
    virFCLunIndexHost *host = g_hash_table_lookup(index->hosts, GUINT_TO_POINTER(number));

    if (!host) {
        host = g_new0(virFCLunIndexHost, 1);
        host->number = number;
        g_hash_table_insert(index->hosts, GUINT_TO_POINTER(number), host);
        g_hash_table_add(index->unnamed, host);
    }

    return host;
}


static void
virFCLunIndexForgetNames(virFCLunIndex *index,
                         virFCLunIndexHost *host)
{
    if (!host->wwpn)
        return;

    if (g_hash_table_lookup(index->named, host->wwpn) == host)
        g_hash_table_remove(index->named, host->wwpn);

    g_clear_pointer(&host->wwnn, g_free);
    g_clear_pointer(&host->wwpn, g_free);
    g_hash_table_add(index->unnamed, host);
}


static void
virFCLunIndexRemoveHost(virFCLunIndex *index,
                        virFCLunIndexHost *host)
{
    virFCLunIndexForgetNames(index, host);
    g_hash_table_remove(index->unnamed, host);
    g_hash_table_remove(index->hosts, GUINT_TO_POINTER(host->number));
}


/* Finds the last component "hostN" of @devpath: below an HBA's host there are
 * those of its vHBAs. @own is set if the path ends there. */
static bool
virFCLunIndexParsePath(const char *devpath,
                       unsigned int *number,
                       bool *own)
{
    const char *at = devpath;
    bool found = false;

    while ((at = strstr(at, "/host"))) {
        char *end = NULL;
        unsigned int n;

        at += strlen("/host");
        if (g_ascii_isdigit(*at) &&
            virStrToLong_uip(at, &end, 10, &n) == 0 &&
            (*end == '/' || *end == '\0')) {
            *number = n;
            *own = *end == '\0';
            found = true;
        }
    }

    return found;
}


/* A multipath map is below no host. The device mapper tells of one when it can
 * be used, or has changed, but not what it is made of. */
static void
virFCLunIndexForgetMaps(virFCLunIndex *index)
{
    GHashTableIter iter;
    void *host;

    g_hash_table_iter_init(&iter, index->hosts);
    while (g_hash_table_iter_next(&iter, NULL, &host))
        virFCLunIndexHostForgetLuns(host);
}


/**
 * virFCLunIndexTell:
 * @index: the index
 * @devpath: a device, as in a uevent of the kernel: "/devices/…"
 * @host: filled with the number of the SCSI host that it is, or that it is
 *        below; with VIR_FC_LUN_ALL_HOSTS if it may concern any of them
 *
 * Something has happened to the device; what, does not matter.
 *
 * Returns whether that may change what the index says.
 */
bool
virFCLunIndexTell(virFCLunIndex *index,
                  const char *devpath,
                  unsigned int *host)
{
    virFCLunIndexHost *entry;
    bool own = false;

    if (STRPREFIX(devpath, "/devices/virtual/block/dm-")) {
        virFCLunIndexForgetMaps(index);
        *host = VIR_FC_LUN_ALL_HOSTS;
        return true;
    }

    if (!virFCLunIndexParsePath(devpath, host, &own))
        return false;

    entry = virFCLunIndexAddHost(index, *host);
    virFCLunIndexHostForgetLuns(entry);
    if (own)
        virFCLunIndexForgetNames(index, entry);

    return true;
}


/* Something has happened to @host, or to what it shows. */
void
virFCLunIndexForget(virFCLunIndex *index,
                    unsigned int host)
{
    virFCLunIndexHost *entry = virFCLunIndexAddHost(index, host);

    virFCLunIndexHostForgetLuns(entry);
    virFCLunIndexForgetNames(index, entry);
}


/* Events were lost: anything may have happened. */
void
virFCLunIndexForgetAll(virFCLunIndex *index)
{
    g_hash_table_remove_all(index->named);
    g_hash_table_remove_all(index->unnamed);
    g_hash_table_remove_all(index->hosts);
    index->listed = false;
}


/* --- questions --- */

static int
virFCLunIndexListHosts(virFCLunIndex *index)
{
    g_autofree unsigned int *hosts = NULL;
    size_t nhosts = 0;
    size_t i;

    if (index->listed)
        return 0;

    if (index->reader->hosts(&hosts, &nhosts) < 0)
        return -1;

    for (i = 0; i < nhosts; i++)
        virFCLunIndexAddHost(index, hosts[i]);

    index->listed = true;
    return 0;
}


/* No fabric lets two hosts in with one name; but if there are, on two fabrics,
 * the first one is meant, as in a walk. */
static void
virFCLunIndexAddName(virFCLunIndex *index,
                     virFCLunIndexHost *host)
{
    virFCLunIndexHost *other = g_hash_table_lookup(index->named, host->wwpn);

    if (!other || host->number < other->number)
        g_hash_table_replace(index->named, host->wwpn, host);
}


/* Reads the names of those hosts that it does not know them of. */
static void
virFCLunIndexReadNames(virFCLunIndex *index)
{
    g_autoptr(GList) hosts = g_hash_table_get_keys(index->unnamed);
    GList *next;

    for (next = hosts; next; next = next->next) {
        virFCLunIndexHost *host = next->data;
        int rc = index->reader->names(host->number, &host->wwnn, &host->wwpn);

        if (rc > 0) {
            g_hash_table_remove(index->unnamed, host);
            virFCLunIndexAddName(index, host);
        } else if (rc < 0) {
            virFCLunIndexRemoveHost(index, host);
        }
    }
}


/* Returns the host with these names in canonical form, @wwnn being optional. */
static virFCLunIndexHost *
virFCLunIndexSearchHost(virFCLunIndex *index,
                        const char *wwnn,
                        const char *wwpn)
{
    virFCLunIndexHost *found = g_hash_table_lookup(index->named, wwpn);
    GHashTableIter iter;
    void *value;

    if (found && (!wwnn || STREQ(found->wwnn, wwnn)))
        return found;

    /* there might be another one of that name */
    found = NULL;
    g_hash_table_iter_init(&iter, index->hosts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        virFCLunIndexHost *host = value;

        if (STREQ_NULLABLE(host->wwpn, wwpn) &&
            (!wwnn || STREQ(host->wwnn, wwnn)) &&
            (!found || host->number < found->number))
            found = host;
    }

    return found;
}


/* Whether @host still is what the index takes it for. A port has one node. */
static bool
virFCLunIndexConfirmName(virFCLunIndex *index,
                         const virFCLunIndexHost *host)
{
    g_autofree char *wwpn = NULL;

    return index->reader->names(host->number, NULL, &wwpn) > 0 &&
        STREQ(host->wwpn, wwpn);
}


/**
 * virFCLunIndexFindHost:
 * @index: the index
 * @wwnn: node name in any accepted form, or NULL if it does not matter
 * @wwpn: port name in any accepted form
 * @host: filled with the number of the HBA's or vHBA's SCSI host
 *
 * Returns 1 if it was found, 0 if this machine has none of that name now,
 * -1 with an error.
 */
int
virFCLunIndexFindHost(virFCLunIndex *index,
                      const char *wwnn,
                      const char *wwpn,
                      unsigned int *host)
{
    g_autofree char *node = NULL;
    g_autofree char *port = NULL;

    if (virWWNParseQuiet(wwpn, &port) < 0 ||
        (wwnn && virWWNParseQuiet(wwnn, &node) < 0))
        return 0;

    while (true) {
        virFCLunIndexHost *found;

        if (virFCLunIndexListHosts(index) < 0)
            return -1;

        virFCLunIndexReadNames(index);

        if (!(found = virFCLunIndexSearchHost(index, node, port)))
            return 0;

        if (virFCLunIndexConfirmName(index, found)) {
            *host = found->number;
            return 1;
        }

        virFCLunIndexForget(index, found->number);
    }
}


static int
virFCLunIndexWalk(virFCLunIndex *index,
                  virFCLunIndexHost *host)
{
    size_t i;

    virFCLunIndexHostForgetLuns(host);

    /* Is it gone, or was there no memory to read it, for one? Its names are read
     * again before it is used, which tells. */
    if (index->reader->walk(host->number, &host->luns, &host->nluns) < 0) {
        virFCLunIndexForget(index, host->number);
        return -1;
    }

    host->first = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (i = host->nluns; i > 0; i--)
        g_hash_table_insert(host->first, &host->luns[i - 1]->unit, GSIZE_TO_POINTER(i));

    host->known = true;
    return 0;
}


/* Gives the range of luns that have @unit, or of all of them: @from, and @to as
 * the one after the last. */
static void
virFCLunIndexRange(const virFCLunIndexHost *host,
                   const unsigned long long *unit,
                   size_t *from,
                   size_t *to)
{
    size_t first = 0;

    *from = 0;
    *to = unit ? 0 : host->nluns;

    if (unit && (first = GPOINTER_TO_SIZE(g_hash_table_lookup(host->first, unit)))) {
        *from = first - 1;
        for (*to = first; *to < host->nluns && host->luns[*to]->unit == *unit;)
            (*to)++;
    }
}


static virFCLun *
virFCLunIndexCopy(const virFCLun *lun)
{
    virFCLun *copy = g_new0(virFCLun, 1);

    copy->path = g_strdup(lun->path);
    copy->disk = g_strdup(lun->disk);
    copy->device = g_strdup(lun->device);
    copy->target = g_strdup(lun->target);
    copy->unit = lun->unit;
    copy->id = g_strdup(lun->id);
    copy->size = lun->size;
    return copy;
}


/* Returns false if one of them is not there any more. */
static bool
virFCLunIndexReadAgain(virFCLunIndex *index,
                       virFCLunIndexHost *host,
                       const unsigned long long *unit)
{
    size_t from;
    size_t to;

    virFCLunIndexRange(host, unit, &from, &to);
    for (; from < to; from++) {
        if (!index->reader->again(host->luns[from]))
            return false;
    }

    return true;
}


/**
 * virFCLunIndexGet:
 * @index: the index
 * @host: number of the SCSI host of an HBA or vHBA
 * @unit: the number that the units must have, or NULL for all of them
 * @luns: filled with copies of the logical units, ordered by unit and target
 *        port, to be released with virFCLunListFree
 * @nluns: filled with their number
 *
 * Returns 0 if the list comes from what the index has known, each unit of it
 * being confirmed; 1 if it had to walk @host; -1 with an error if that does not
 * exist.
 */
int
virFCLunIndexGet(virFCLunIndex *index,
                 unsigned int host,
                 const unsigned long long *unit,
                 virFCLun ***luns,
                 size_t *nluns)
{
    virFCLunIndexHost *entry = virFCLunIndexAddHost(index, host);
    int walked = 0;
    size_t from;
    size_t to;
    size_t i;

    if (!entry->known || !virFCLunIndexReadAgain(index, entry, unit)) {
        if (virFCLunIndexWalk(index, entry) < 0)
            return -1;
        walked = 1;
    }

    virFCLunIndexRange(entry, unit, &from, &to);
    *nluns = to - from;
    *luns = g_new0(virFCLun *, *nluns);
    for (i = 0; i < *nluns; i++)
        (*luns)[i] = virFCLunIndexCopy(entry->luns[from + i]);

    return walked;
}
