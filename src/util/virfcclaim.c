/*
 * virfcclaim.c: which domains use which vHBA
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

/*
 * There is one file per vHBA, named by its WWPN, with a line "UUID NAME" for
 * each domain that holds it. The file goes with its last line; hence whoever gets
 * the lock of it has to see whether it is still the one that has that name.
 */

#include <config.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "configmake.h"
#include "viralloc.h"
#include "virbuffer.h"
#include "virerror.h"
#include "virfcclaim.h"
#include "virfile.h"
#include "virlog.h"
#include "virstring.h"
#include "virthread.h"
#include "virutil.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NONE

VIR_LOG_INIT("util.fcclaim");

#define CLAIM_DIR RUNSTATEDIR "/libvirt/vhba"

/* more holders than this, and something is badly wrong */
#define CLAIM_FILE_MAX (1024 * 1024)

/* Locks on files exclude other processes; this one excludes other threads. */
static virMutex claimLock = VIR_MUTEX_INITIALIZER;

/* the holders of one vHBA, while its file is locked */
typedef struct _virFCClaimFile virFCClaimFile;
struct _virFCClaimFile {
    char *path;
    int fd; /* -1 if there is no such file */
    char **lines; /* "UUID NAME" */
};


static void
virFCClaimFileClear(virFCClaimFile *file)
{
    g_free(file->path);
    g_strfreev(file->lines);
    VIR_FORCE_CLOSE(file->fd); /* which unlocks it */
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(virFCClaimFile, virFCClaimFileClear);


static int
virFCClaimFileCreate(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0 || errno != ENOENT)
        return fd;

    if (g_mkdir_with_parents(CLAIM_DIR, 0700) < 0)
        return -1;

    return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}


/* Does the name still belong to what was opened by it? */
static bool
virFCClaimFileIsCurrent(const virFCClaimFile *file)
{
    struct stat opened;
    struct stat named;

    return fstat(file->fd, &opened) == 0 &&
        stat(file->path, &named) == 0 &&
        opened.st_dev == named.st_dev &&
        opened.st_ino == named.st_ino;
}


/* Opens and locks the file. Returns 1, or 0 if there is none and @create does
 * not ask to make one, or -1 with an error. */
static int
virFCClaimFileLock(virFCClaimFile *file,
                   bool create)
{
    int rc;

    while (true) {
        if (create)
            file->fd = virFCClaimFileCreate(file->path);
        else
            file->fd = open(file->path, O_RDWR | O_CLOEXEC);

        if (file->fd < 0 && !create && errno == ENOENT)
            return 0;

        if (file->fd < 0) {
            virReportSystemError(errno, _("cannot open the claims on a vHBA in '%1$s'"),
                                 file->path);
            return -1;
        }

        if ((rc = virFileLock(file->fd, false, 0, 0, true)) < 0) {
            virReportSystemError(-rc, _("cannot lock the claims on a vHBA in '%1$s'"),
                                 file->path);
            return -1;
        }

        if (virFCClaimFileIsCurrent(file))
            return 1;

        VIR_FORCE_CLOSE(file->fd);
    }
}


/* Opens and locks the file of the vHBA @wwpn and reads its holders. A file that
 * is not there is created if @create says so; otherwise it has no holders. */
static int
virFCClaimFileOpen(virFCClaimFile *file,
                   const char *wwpn,
                   bool create)
{
    g_autofree char *canonical = NULL;
    g_autofree char *content = NULL;
    int rc;

    if (virWWNParse(wwpn, &canonical) < 0)
        return -1;

    file->path = g_strdup_printf(CLAIM_DIR "/%s", canonical);

    if ((rc = virFCClaimFileLock(file, create)) <= 0)
        return rc;

    if (virFileReadLimFD(file->fd, CLAIM_FILE_MAX, &content) < 0) {
        virReportSystemError(errno, _("cannot read the claims on a vHBA in '%1$s'"),
                             file->path);
        return -1;
    }

    file->lines = g_strsplit(content, "\n", 0);
    return 0;
}


/* "UUID NAME" of a well-formed line: NAME; NULL for anything else */
static const char *
virFCClaimLineName(const char *line)
{
    const char *space = strchr(line, ' ');

    if (!space || space - line != VIR_UUID_STRING_BUFLEN - 1)
        return NULL;

    return space + 1;
}


static bool
virFCClaimLineIs(const char *line,
                 const char *uuid)
{
    return virFCClaimLineName(line) &&
        STREQLEN(line, uuid, VIR_UUID_STRING_BUFLEN - 1);
}


static bool
virFCClaimFileHas(virFCClaimFile *file,
                  const char *uuid)
{
    size_t i;

    for (i = 0; file->lines && file->lines[i]; i++) {
        if (virFCClaimLineIs(file->lines[i], uuid))
            return true;
    }

    return false;
}


/* the first holder other than @uuid, or NULL */
static const char *
virFCClaimFileOther(virFCClaimFile *file,
                    const char *uuid)
{
    size_t i;

    for (i = 0; file->lines && file->lines[i]; i++) {
        if (virFCClaimLineName(file->lines[i]) &&
            !(uuid && virFCClaimLineIs(file->lines[i], uuid)))
            return file->lines[i];
    }

    return NULL;
}


/* Writes the holders back without @uuid, and with @uuid as the last one if it
 * comes with the name of a @domain. Nothing is cut off before the rest is
 * written, so that a writer that is killed leaves no other holder out. */
static int
virFCClaimFileRewrite(virFCClaimFile *file,
                      const char *uuid,
                      const char *domain)
{
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;
    g_autofree char *name = g_strdup(domain);
    size_t i;

    for (i = 0; file->lines && file->lines[i]; i++) {
        if (virFCClaimLineName(file->lines[i]) &&
            !virFCClaimLineIs(file->lines[i], uuid))
            virBufferAsprintf(&buf, "%s\n", file->lines[i]);
    }

    /* A name of two lines is not to be two claims. */
    if (name)
        virBufferAsprintf(&buf, "%s %s\n", uuid, g_strdelimit(name, "\n", ' '));

    if (lseek(file->fd, 0, SEEK_SET) < 0 ||
        safewrite(file->fd, NULLSTR_EMPTY(virBufferCurrentContent(&buf)),
                  virBufferUse(&buf)) < 0 ||
        ftruncate(file->fd, virBufferUse(&buf)) < 0) {
        virReportSystemError(errno, _("cannot write the claims on a vHBA to '%1$s'"),
                             file->path);
        return -1;
    }

    if (virBufferUse(&buf) == 0 && unlink(file->path) < 0)
        VIR_DEBUG("%s stays, empty: %s", file->path, g_strerror(errno));

    return 0;
}


/**
 * virFCClaimSet:
 * @wwpn: the vHBA
 * @domain: name of the domain that uses it from now on
 * @uuid: UUID of that domain, as virUUIDFormat prints it
 * @exclusive: whether nobody else may use it, as with a vHBA of a pair, which
 *             moves from host to host together with the one domain that uses it
 *
 * Claims a vHBA for a domain.
 *
 * Returns 1 if the domain has claimed it now, 0 if it had claimed it before, -1
 * with VIR_ERR_RESOURCE_BUSY if @exclusive and another domain holds it, -1 with
 * another error if the claim cannot be recorded.
 */
int
virFCClaimSet(const char *wwpn,
              const char *domain,
              const char *uuid,
              bool exclusive)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&claimLock);
    g_auto(virFCClaimFile) file = { .fd = -1 };
    const char *other;

    if (virFCClaimFileOpen(&file, wwpn, true) < 0)
        return -1;

    if (exclusive && (other = virFCClaimFileOther(&file, uuid))) {
        virReportError(VIR_ERR_RESOURCE_BUSY,
                       _("vHBA '%1$s' belongs to a pair and is in use by domain '%2$s'; such a vHBA serves one domain only"),
                       wwpn, virFCClaimLineName(other));
        return -1;
    }

    if (virFCClaimFileHas(&file, uuid))
        return 0;

    return virFCClaimFileRewrite(&file, uuid, domain) < 0 ? -1 : 1;
}


/**
 * virFCClaimGet:
 * @wwpn: the vHBA
 * @domain: filled with the name of a domain that holds it; may be NULL
 * @uuid: filled with its UUID; may be NULL
 *
 * Tells whether a vHBA is in use, and by which domain; by the one that has
 * claimed it first if there are several. The caller frees both strings.
 *
 * Returns 1 if it is in use, 0 if not, -1 with an error if that cannot be told.
 * The strings are left alone unless 1 is returned.
 */
int
virFCClaimGet(const char *wwpn,
              char **domain,
              char **uuid)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&claimLock);
    g_auto(virFCClaimFile) file = { .fd = -1 };
    const char *holder;

    if (virFCClaimFileOpen(&file, wwpn, false) < 0)
        return -1;

    if (!(holder = virFCClaimFileOther(&file, NULL)))
        return 0;

    if (domain)
        *domain = g_strdup(virFCClaimLineName(holder));
    if (uuid)
        *uuid = g_strndup(holder, VIR_UUID_STRING_BUFLEN - 1);

    return 1;
}


/**
 * virFCClaimCheckUnused:
 * @wwpn: of a vHBA that is to be deleted
 *
 * Returns 0 if no running domain has its disks there, otherwise -1 with an error
 * that names the domain.
 */
int
virFCClaimCheckUnused(const char *wwpn)
{
    g_autofree char *domain = NULL;
    int rc;

    if ((rc = virFCClaimGet(wwpn, &domain, NULL)) <= 0)
        return rc;

    virReportError(VIR_ERR_RESOURCE_BUSY,
                   _("vHBA '%1$s' is in use by domain '%2$s'; stop that, or unplug its disks behind the vHBA, first"),
                   wwpn, domain);
    return -1;
}


/**
 * virFCClaimGetOther:
 * @wwpn: the vHBA
 * @uuid: UUID of a domain that does not count
 * @domain: filled with the name of another domain that holds it; caller frees
 *
 * Returns 1 if there is such a domain, 0 with @domain left alone if there is
 * none, -1 with an error if that cannot be told.
 */
int
virFCClaimGetOther(const char *wwpn,
                   const char *uuid,
                   char **domain)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&claimLock);
    g_auto(virFCClaimFile) file = { .fd = -1 };
    const char *holder;

    if (virFCClaimFileOpen(&file, wwpn, false) < 0)
        return -1;

    if (!(holder = virFCClaimFileOther(&file, uuid)))
        return 0;

    *domain = g_strdup(virFCClaimLineName(holder));
    return 1;
}


static int
virFCClaimDropLocked(const char *wwpn,
                     const char *uuid)
{
    g_auto(virFCClaimFile) file = { .fd = -1 };

    if (virFCClaimFileOpen(&file, wwpn, false) < 0)
        return -1;

    if (!virFCClaimFileHas(&file, uuid))
        return 0;

    return virFCClaimFileRewrite(&file, uuid, NULL);
}


/**
 * virFCClaimDrop:
 * @wwpn: the vHBA
 * @uuid: UUID of the domain that does not use it any more
 *
 * Takes back a domain's claim. To drop one that does not exist is no error.
 *
 * Returns 0 on success, -1 with an error if the claim may still stand.
 */
int
virFCClaimDrop(const char *wwpn,
               const char *uuid)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&claimLock);

    return virFCClaimDropLocked(wwpn, uuid);
}


/**
 * virFCClaimDropAll:
 * @uuid: UUID of a domain that has stopped
 *
 * Takes back all claims of a domain, whatever it may have claimed in its life.
 *
 * Returns 0 on success, -1 with an error if a claim may still stand.
 */
int
virFCClaimDropAll(const char *uuid)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&claimLock);
    g_autoptr(DIR) dir = NULL;
    struct dirent *ent;
    int ret = 0;
    int rc;

    /* who may not even look there, as a session daemon, has claimed nothing */
    if (geteuid() != 0 && access(CLAIM_DIR, R_OK) < 0)
        return 0;

    if ((rc = virDirOpenIfExists(&dir, CLAIM_DIR)) <= 0)
        return rc;

    while ((rc = virDirRead(dir, &ent, CLAIM_DIR)) > 0) {
        if (virFCClaimDropLocked(ent->d_name, uuid) < 0)
            ret = -1;
    }

    return rc < 0 ? -1 : ret;
}
