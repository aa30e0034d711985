/*
 * storagefcrefreshtest.c: first refresh of storage pools on a new vHBA
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

#include <unistd.h>

#include "testutils.h"
#include "storage/storage_backend.h"
#include "storage/storage_backend_scsi.h"
#include "virfile.h"
#include "virfilewrapper.h"
#include "virthread.h"
#include "virutil.h"

#define VIR_FROM_THIS VIR_FROM_STORAGE

/* As the vHBA and its LUNs take their time, a pool that makes its vHBA leaves
 * the first refresh to a thread. Here that thread is run by hand, without the
 * time that it gives them, and the test stands in for the storage driver to
 * which the thread and the pool belong. */

static const char testPoolXML[] =
"<pool type='scsi'>"
"  <name>vhba_pool</name>"
"  <source>"
"    <adapter type='fc_host' parent='scsi_host5'"
"             wwnn='2001001b32a90001' wwpn='2101001b32a90002'/>"
"  </source>"
"  <target>"
"    <path>/dev/disk/by-path</path>"
"  </target>"
"</pool>";

struct testThread {
    virThreadFunc func;
    void *opaque;
    size_t sleeps;
};

static struct testThread testThread;
static virStoragePoolObj *testPool;
static char *testSysDir;


int
virThreadCreateFull(virThread *thread G_GNUC_UNUSED,
                    bool joinable G_GNUC_UNUSED,
                    virThreadFunc func,
                    const char *name G_GNUC_UNUSED,
                    bool worker G_GNUC_UNUSED,
                    void *opaque)
{
    testThread.func = func;
    testThread.opaque = opaque;
    return 0;
}


unsigned int
sleep(unsigned int seconds G_GNUC_UNUSED)
{
    testThread.sleeps++;
    return 0;
}


virStoragePoolObj *
virStoragePoolObjFindPoolByUUID(const unsigned char *uuid G_GNUC_UNUSED)
{
    virObjectRef(testPool);
    virObjectLock(testPool);
    return testPool;
}


char *
virStoragePoolObjBuildTempFilePath(virStoragePoolObj *obj G_GNUC_UNUSED,
                                   virStorageVolDef *voldef G_GNUC_UNUSED)
{
    return NULL;
}


static int
testSetAttr(const char *attr,
            const char *value)
{
    g_autofree char *path = g_strdup_printf("%s/%s", testSysDir, attr);
    g_autofree char *dir = g_path_get_dirname(path);

    if (g_mkdir_with_parents(dir, 0777) < 0)
        return -1;

    return virFileWriteStr(path, value, 0666);
}


/* The kernel and udev need no time here: the vHBA is there when waited for */
void
virWaitForDevices(void)
{
    if (testSetAttr("class/fc_host/host12/node_name",
                    "0x2001001b32a90001\n") < 0 ||
        testSetAttr("class/fc_host/host12/port_name",
                    "0x2101001b32a90002\n") < 0 ||
        testSetAttr("class/scsi_host/host12/scan", "") < 0)
        abort();
}


/* An HBA and, on the vHBA to be, one LUN with these attributes */
static int
testHostInit(const char *lunType)
{
    if (virFileDeleteTree(testSysDir) < 0)
        return -1;

    if (testSetAttr("class/fc_host/host5/vport_create", "") < 0 ||
        testSetAttr("class/fc_host/host5/vport_delete", "") < 0 ||
        testSetAttr("bus/scsi/devices/12:0:0:1/model", "LUN\n") < 0)
        return -1;

    if (lunType &&
        testSetAttr("bus/scsi/devices/12:0:0:1/type", lunType) < 0)
        return -1;

    return 0;
}


/* Starts the pool, which makes its vHBA, then does the first refresh */
static int
testStartAndRefresh(void)
{
    virStorageBackend *backend = virStorageBackendForType(VIR_STORAGE_POOL_SCSI);
    g_autoptr(virStoragePoolDef) def = NULL;
    int ret = -1;

    if (!(def = virStoragePoolDefParse(testPoolXML, NULL, 0)) ||
        !(testPool = virStoragePoolObjNew()))
        return -1;

    virStoragePoolObjSetDef(testPool, g_steal_pointer(&def));
    memset(&testThread, 0, sizeof(testThread));

    if (backend->startPool(testPool) < 0)
        goto cleanup;

    if (!testThread.func) {
        VIR_TEST_DEBUG("No refresh after the creation of the vHBA");
        goto cleanup;
    }

    virStoragePoolObjSetActive(testPool, true);
    virObjectUnlock(testPool);
    testThread.func(testThread.opaque);
    virObjectLock(testPool);

    ret = 0;

 cleanup:
    virStoragePoolObjEndAPI(&testPool);
    return ret;
}


/* With NULL as @opaque the LUN is not yet complete when it is looked at, which
 * makes the refresh fail; else it is of this SCSI device type, one of which no
 * volume can be made. Either way it is worth another look. */
static int
testRetry(const void *opaque)
{
    if (testHostInit(opaque) < 0 ||
        testStartAndRefresh() < 0)
        return -1;

    if (testThread.sleeps != 2) {
        VIR_TEST_DEBUG("Expected 2 attempts, got %zu", testThread.sleeps);
        return -1;
    }

    return 0;
}


static int
mymain(void)
{
    g_autofree char *dir = g_strdup(abs_builddir "/storagefcrefresh-XXXXXX");
    int ret = 0;

    if (!g_mkdtemp(dir) ||
        virStorageBackendSCSIRegister() < 0)
        return EXIT_FAILURE;

    testSysDir = g_strdup_printf("%s/sys", dir);
    virFileWrapperAddPrefix("/sys", testSysDir);

    if (virTestRun("retry when there is no disk", testRetry, "13\n") < 0)
        ret = -1;
    if (virTestRun("retry when the refresh fails", testRetry, NULL) < 0)
        ret = -1;

    virFileWrapperClearPrefixes();
    if (!g_getenv("LIBVIRT_SKIP_CLEANUP"))
        virFileDeleteTree(dir);
    VIR_FREE(testSysDir);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
