/*
 * testsysfstree.c: a sysfs tree for a test, unpacked from one file
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
#include "testsysfstree.h"

#include "virerror.h"
#include "virfile.h"
#include "virfilewrapper.h"
#include "virstring.h"

#define VIR_FROM_THIS VIR_FROM_NONE

/* what /sys leads to; virFileWrapperAddPrefix does not copy it */
static char *sys;


static int
testSysfsTreeMakeParent(const char *path)
{
    g_autofree char *parent = g_path_get_dirname(path);

    return g_mkdir_with_parents(parent, 0777);
}


static int
testSysfsTreeMakeEntry(const char *dir,
                       const char *line)
{
    g_auto(GStrv) parts = NULL;
    g_autofree char *path = NULL;

    if ((parts = g_strsplit(line, " -> ", 2)) && parts[1]) {
        path = g_strdup_printf("%s%s", dir, parts[0]);
        return testSysfsTreeMakeParent(path) < 0 || symlink(parts[1], path) < 0 ? -1 : 0;
    }
    g_strfreev(parts);

    if ((parts = g_strsplit(line, " =", 2)) && parts[1]) {
        const char *value = parts[1] + strspn(parts[1], " ");
        g_autofree char *text = g_strdup_printf("%s\n", value);

        path = g_strdup_printf("%s%s", dir, parts[0]);
        return testSysfsTreeMakeParent(path) < 0 ? -1 : virFileWriteStr(path, text, 0666);
    }

    errno = EINVAL;
    return -1;
}


/**
 * testSysfsTreeUnpack:
 * @file: describes the tree, one entry per line:
 *
 *          /sys/path/of/attribute = its value
 *          /sys/path/of/symlink -> its target
 *
 *        Directories come by themselves. Empty lines and those that begin
 *        with '#' are skipped.
 *
 * Makes the tree in a new temporary directory and lets /sys lead there for
 * this process (see virFileWrapperAddPrefix). There can be one at a time.
 *
 * Returns the directory that stands for the root of the file system, to be
 * given to testSysfsTreeRemove; NULL on failure.
 */
char *
testSysfsTreeUnpack(const char *file)
{
    g_autofree char *dir = g_strdup(abs_builddir "/sysfs-XXXXXX");
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    size_t i;

    if (virTestLoadFile(file, &text) < 0 ||
        !g_mkdtemp(dir))
        return NULL;

    lines = g_strsplit(text, "\n", 0);
    for (i = 0; lines[i]; i++) {
        if (*lines[i] == '\0' || *lines[i] == '#')
            continue;

        if (testSysfsTreeMakeEntry(dir, lines[i]) < 0) {
            fprintf(stderr, "%s:%zu: %s: %s\n",
                    file, i + 1, g_strerror(errno), lines[i]);
            virFileDeleteTree(dir);
            return NULL;
        }
    }

    sys = g_strdup_printf("%s/sys", dir);
    virFileWrapperAddPrefix("/sys", sys);

    return g_steal_pointer(&dir);
}


/* Undoes what testSysfsTreeUnpack did, and frees @dir. */
void
testSysfsTreeRemove(char *dir)
{
    if (!dir)
        return;

    virFileWrapperClearPrefixes();
    g_clear_pointer(&sys, g_free);

    if (!g_getenv("LIBVIRT_SKIP_CLEANUP"))
        virFileDeleteTree(dir);
    g_free(dir);
}


/**
 * testSysfsTreeWrite:
 * @dir: directory that stands for the root of the tree
 * @value: what the file shall hold
 * @format: its path below @dir
 *
 * Makes a file with its directories. Ends the program if that fails.
 */
void
testSysfsTreeWrite(const char *dir,
                   const char *value,
                   const char *format,
                   ...)
{
    g_autofree char *file = NULL;
    g_autofree char *path = NULL;
    va_list args;

    va_start(args, format);
    file = g_strdup_vprintf(format, args);
    va_end(args);

    path = g_strdup_printf("%s/%s", dir, file);

    if (testSysfsTreeMakeParent(path) < 0 ||
        !g_file_set_contents(path, value, -1, NULL))
        abort();
}
