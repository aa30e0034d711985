/*
 * storagefchosttest.c: start of storage pools on an fc_host
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

#include "testutils.h"
#include "storage/storage_backend.h"
#include "storage/storage_backend_scsi.h"
#include "virfile.h"
#include "virfilewrapper.h"

#define VIR_FROM_THIS VIR_FROM_STORAGE

struct testStartData {
    const char *wwnn;
    const char *wwpn;
    virErrorNumber error; /* VIR_ERR_OK if the pool has to start */
};

static char *testFCHostDir;


static int
testSetAttr(const char *host,
            const char *attr,
            const char *value)
{
    g_autofree char *dir = g_strdup_printf("%s/%s", testFCHostDir, host);
    g_autofree char *path = g_strdup_printf("%s/%s", dir, attr);

    if (g_mkdir_with_parents(dir, 0777) < 0)
        return -1;

    return virFileWriteStr(path, value, 0666);
}


/* An HBA, host5, and a vHBA on it, host12 */
static int
testHostInit(void)
{
    if (testSetAttr("host5", "node_name", "0x2001001b32a9da4e\n") < 0 ||
        testSetAttr("host5", "port_name", "0x2101001b32a9da4e\n") < 0 ||
        testSetAttr("host5", "vport_create", "") < 0 ||
        testSetAttr("host5", "vport_delete", "") < 0 ||
        testSetAttr("host12", "node_name", "0x2001001b32a90001\n") < 0 ||
        testSetAttr("host12", "port_name", "0x2101001b32a90002\n") < 0)
        return -1;

    return 0;
}


static virStoragePoolObj *
testPoolNew(const char *wwnn,
            const char *wwpn)
{
    g_autofree char *xml = NULL;
    g_autoptr(virStoragePoolDef) def = NULL;
    virStoragePoolObj *pool = NULL;

    xml = g_strdup_printf("<pool type='scsi'>"
                          "  <name>vhba_pool</name>"
                          "  <source>"
                          "    <adapter type='fc_host' wwnn='%s' wwpn='%s'/>"
                          "  </source>"
                          "  <target>"
                          "    <path>/dev/disk/by-path</path>"
                          "  </target>"
                          "</pool>", wwnn, wwpn);

    if (!(def = virStoragePoolDefParse(xml, NULL, 0)) ||
        !(pool = virStoragePoolObjNew()))
        return NULL;

    virStoragePoolObjSetDef(pool, g_steal_pointer(&def));
    return pool;
}


/* The port that the pool names exists already: a vHBA is used as it is, but
 * an HBA is not for a pool to take */
static int
testStartExisting(const void *opaque)
{
    const struct testStartData *data = opaque;
    virStorageBackend *backend = virStorageBackendForType(VIR_STORAGE_POOL_SCSI);
    virStoragePoolObj *pool = testPoolNew(data->wwnn, data->wwpn);
    int rc;

    if (!pool)
        return -1;

    virResetLastError();
    rc = backend->startPool(pool);
    virStoragePoolObjEndAPI(&pool);

    if ((rc == 0) != (data->error == VIR_ERR_OK) ||
        virGetLastErrorCode() != data->error) {
        VIR_TEST_DEBUG("Expected error %d, got %d: %s",
                       data->error, virGetLastErrorCode(),
                       virGetLastErrorMessage());
        return -1;
    }

    return 0;
}


static int
mymain(void)
{
    g_autofree char *dir = g_strdup(abs_builddir "/storagefchost-XXXXXX");
    int ret = 0;

    if (!g_mkdtemp(dir))
        return EXIT_FAILURE;

    testFCHostDir = g_strdup_printf("%s/fc_host", dir);
    if (testHostInit() < 0 ||
        virStorageBackendSCSIRegister() < 0)
        return EXIT_FAILURE;

    virFileWrapperAddPrefix("/sys/class/fc_host", testFCHostDir);
    virFileWrapperAddPrefix("/sys/class/scsi_host", testFCHostDir);

#define DO_TEST_START(name, n, p, err) \
    do { \
        struct testStartData data = { n, p, err }; \
        if (virTestRun("start " name, testStartExisting, &data) < 0) \
            ret = -1; \
    } while (0)

    DO_TEST_START("on an existing vHBA",
                  "2001001b32a90001", "2101001b32a90002", VIR_ERR_OK);
    DO_TEST_START("on an HBA",
                  "2001001b32a9da4e", "2101001b32a9da4e",
                  VIR_ERR_CONFIG_UNSUPPORTED);

    virFileWrapperClearPrefixes();
    if (!g_getenv("LIBVIRT_SKIP_CLEANUP"))
        virFileDeleteTree(dir);
    VIR_FREE(testFCHostDir);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
