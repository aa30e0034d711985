/*
 * store.c: fuzz the files in which virtnodedevd keeps definitions of vHBAs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An input is a file in /etc/libvirt/nodedev/vhba. Its name is that of the
 * vHBA, unless the input has none that can be found in its text.
 */

#include <config.h>

#include "fuzz.h"
#include "internal.h"
#include "libvirt.h"

#include "node_device/node_device_vhba_store.h"
#include "virfile.h"
#include "virwwn.h"

static char dir[] = "/dev/shm/fuzz-store-XXXXXX";

static void
remove_dir(void)
{
    virFileDeleteTree(dir);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    fuzz_libvirt_init();
    if (!g_mkdtemp(dir))
        return -1;
    atexit(remove_dir);
    return 0;
}

/* The WWPN after the first <wwpn>, in the form that file names have. */
static char *
name_of(const char *input)
{
    const char *tag = strstr(input, "<wwpn>");
    const char *end = tag ? strchr(tag + 6, '<') : NULL;
    g_autofree char *text = end ? g_strndup(tag + 6, end - tag - 6) : NULL;
    char *wwpn = NULL;

    if (!text || virWWNParseQuiet(text, &wwpn) < 0)
        return g_strdup("2101001b32a90012");
    return wwpn;
}

static void
keep(virNodeDeviceDef *def, bool autostart, void *opaque)
{
    virNodeDeviceDef **kept = opaque;

    (void) autostart;
    PROMISE(!*kept, "one file is two definitions");
    *kept = def;
}

static virNodeDeviceDef *
load(nodeDeviceVHBAStore *store)
{
    virNodeDeviceDef *def = NULL;

    PROMISE(nodeDeviceVHBAStoreLoad(store, keep, &def) == 0,
            "one file keeps all others from being read: %s",
            virGetLastErrorMessage());
    return def;
}

/* What is not taken is left as it is, and nothing is put in its place. */
static void
check_left(nodeDeviceVHBAStore *store, const char *wwpn, const char *path,
           const uint8_t *data, size_t size)
{
    g_autofree char *now = NULL;
    size_t len = 0;

    PROMISE(nodeDeviceVHBAStorePrepareNew(store, wwpn) < 0,
            "a file may be replaced that cannot be used");
    PROMISE(g_file_get_contents(path, &now, &len, NULL) && len == size &&
            (size == 0 || memcmp(now, data, size) == 0),
            "a file was changed that cannot be used");
}

/* What is taken says the same after it was written. */
static void
check_saved(nodeDeviceVHBAStore *store, const virNodeDeviceDef *def)
{
    g_autoptr(virNodeDeviceDef) again = NULL;
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;

    PROMISE(nodeDeviceVHBAStoreSave(store, def) == 0,
            "a definition cannot be written: %s", virGetLastErrorMessage());
    again = load(store);
    PROMISE(again, "a definition is not taken back");

    first = virNodeDeviceDefFormat(def, VIR_NODE_DEVICE_XML_INACTIVE);
    second = virNodeDeviceDefFormat(again, VIR_NODE_DEVICE_XML_INACTIVE);
    fuzz_same("a definition", first, second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(nodeDeviceVHBAStore) store = nodeDeviceVHBAStoreNew(dir);
    g_autofree char *input = g_strndup((const char *) data, size);
    g_autofree char *wwpn = name_of(input);
    g_autofree char *path = g_strdup_printf("%s/%s.xml", dir, wwpn);
    g_autoptr(virNodeDeviceDef) def = NULL;

    if (!g_file_set_contents_full(path, (const char *) data, size,
                                  G_FILE_SET_CONTENTS_NONE, 0600, NULL))
        abort();

    if ((def = load(store)))
        check_saved(store, def);
    else
        check_left(store, wwpn, path, data, size);

    unlink(path);
    virResetLastError();
    return 0;
}
