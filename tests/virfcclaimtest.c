/*
 * virfcclaimtest.c: claims of domains on vHBAs
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
#include <sys/stat.h>
#include <unistd.h>

#include "testutils.h"

#include "configmake.h"
#include "virfcclaim.h"
#include "virfile.h"
#include "virfilewrapper.h"
#include "virthread.h"
#include "virvhba.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define WWNN "2001001b32a90002"
#define WWPN "2101001b32a90002"
#define OTHER_WWPN "2101001b32a90004"

#define ALICE "00000000-0000-4000-8000-00000000000a"
#define BOB "00000000-0000-4000-8000-00000000000b"

/* not there before it is needed */
static char *claimDir;


/* Replaced for this process: what the wrapper of files does not know */

static char *
testWrapPath(const char *path)
{
    const char *rest = STRSKIP(path, RUNSTATEDIR "/libvirt/vhba");

    return rest ? g_strdup_printf("%s%s", claimDir, rest) : g_strdup(path);
}


int
mkdir(const char *path,
      mode_t mode)
{
    g_autofree char *wrapped = testWrapPath(path);

    return mkdirat(AT_FDCWD, wrapped, mode);
}


int
unlink(const char *path)
{
    g_autofree char *wrapped = testWrapPath(path);

    return unlinkat(AT_FDCWD, wrapped, 0);
}


/* Says which domain holds @wwpn: its name, or "nobody" */
static int
testHolder(const char *wwpn,
           const char *expect)
{
    g_autofree char *domain = NULL;
    g_autofree char *uuid = NULL;
    int rc = virFCClaimGet(wwpn, &domain, &uuid);

    if (rc < 0)
        return -1;

    if (STRNEQ(rc ? domain : "nobody", expect)) {
        VIR_TEST_DEBUG("%s is held by %s, not by %s", wwpn,
                       rc ? domain : "nobody", expect);
        return -1;
    }

    return 0;
}


/* Says which domain beside that of @uuid holds @wwpn */
static int
testOther(const char *wwpn,
          const char *uuid,
          const char *expect)
{
    g_autofree char *domain = NULL;
    int rc = virFCClaimGetOther(wwpn, uuid, &domain);

    if (rc < 0)
        return -1;

    if (STRNEQ(rc ? domain : "nobody", expect)) {
        VIR_TEST_DEBUG("%s is held by %s, not by %s", wwpn,
                       rc ? domain : "nobody", expect);
        return -1;
    }

    return 0;
}


static int
testUnclaimed(const void *opaque G_GNUC_UNUSED)
{
    return testHolder(WWPN, "nobody");
}


/* and leaves nothing behind */
static int
testClaimAndDrop(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *path = g_strdup_printf("%s/" WWPN, claimDir);

    if (virFCClaimSet(WWPN, "alice", ALICE, true) < 0 ||
        testHolder(WWPN, "alice") < 0 ||
        testHolder(OTHER_WWPN, "nobody") < 0 ||
        !virFileExists(path) ||
        virFCClaimDrop(WWPN, ALICE) < 0 ||
        virFileExists(path))
        return -1;

    return testHolder(WWPN, "nobody");
}


static int
testAnyForm(const void *opaque G_GNUC_UNUSED)
{
    if (virFCClaimSet("0x2101001B32A90002", "alice", ALICE, true) < 0 ||
        testHolder("21:01:00:1b:32:a9:00:02", "alice") < 0 ||
        virFCClaimDrop(WWPN, ALICE) < 0)
        return -1;

    return testHolder(WWPN, "nobody");
}


static int
testTwice(const void *opaque G_GNUC_UNUSED)
{
    if (virFCClaimSet(WWPN, "alice", ALICE, true) != 1 ||
        virFCClaimSet(WWPN, "alice", ALICE, true) != 0 ||
        virFCClaimDrop(WWPN, ALICE) < 0 ||
        virFCClaimDrop(WWPN, ALICE) < 0)
        return -1;

    return testHolder(WWPN, "nobody");
}


static int
testExclusive(const void *opaque G_GNUC_UNUSED)
{
    if (virFCClaimSet(WWPN, "alice", ALICE, true) < 0)
        return -1;

    if (virFCClaimSet(WWPN, "bob", BOB, true) >= 0 ||
        virGetLastErrorCode() != VIR_ERR_RESOURCE_BUSY ||
        !strstr(virGetLastErrorMessage(), "'alice'"))
        return -1;
    virResetLastError();

    if (testHolder(WWPN, "alice") < 0 ||
        virFCClaimDrop(WWPN, BOB) < 0 ||
        testHolder(WWPN, "alice") < 0)
        return -1;

    return virFCClaimDrop(WWPN, ALICE);
}


static int
testShared(const void *opaque G_GNUC_UNUSED)
{
    if (virFCClaimSet(WWPN, "alice", ALICE, false) < 0 ||
        testOther(WWPN, ALICE, "nobody") < 0 ||
        testOther(WWPN, BOB, "alice") < 0 ||
        virFCClaimSet(WWPN, "bob", BOB, false) < 0 ||
        testHolder(WWPN, "alice") < 0 ||
        testOther(WWPN, ALICE, "bob") < 0 ||
        virFCClaimDrop(WWPN, ALICE) < 0 ||
        testHolder(WWPN, "bob") < 0 ||
        virFCClaimDrop(WWPN, BOB) < 0)
        return -1;

    return testHolder(WWPN, "nobody");
}


static int
testDropAll(const void *opaque G_GNUC_UNUSED)
{
    if (virFCClaimSet(WWPN, "alice", ALICE, false) < 0 ||
        virFCClaimSet(WWPN, "bob", BOB, false) < 0 ||
        virFCClaimSet(OTHER_WWPN, "alice", ALICE, true) < 0 ||
        virFCClaimDropAll(ALICE) < 0 ||
        testHolder(WWPN, "bob") < 0 ||
        testHolder(OTHER_WWPN, "nobody") < 0)
        return -1;

    return virFCClaimDropAll(BOB);
}


static int
testNameWithSpaces(const void *opaque G_GNUC_UNUSED)
{
    if (virFCClaimSet(WWPN, "my old guest", ALICE, true) < 0 ||
        testHolder(WWPN, "my old guest") < 0)
        return -1;

    return virFCClaimDrop(WWPN, ALICE);
}


/* and one that looks like a claim of another domain is none */
static int
testNameOfTwoLines(const void *opaque G_GNUC_UNUSED)
{
    if (virFCClaimSet(WWPN, "alice\n" BOB " bob", ALICE, false) < 0 ||
        testOther(WWPN, ALICE, "nobody") < 0 ||
        virFCClaimDrop(WWPN, ALICE) < 0)
        return -1;

    return testHolder(WWPN, "nobody");
}


/* Only the daemons read and write claims. */
static int
testModes(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *path = g_strdup_printf("%s/" WWPN, claimDir);
    struct stat dir = { 0 };
    struct stat file = { 0 };
    mode_t mask;
    int rc;

    if (virFileDeleteTree(claimDir) < 0)
        return -1;

    mask = umask(0);
    rc = virFCClaimSet(WWPN, "alice", ALICE, true);
    umask(mask);

    if (rc < 0 || stat(claimDir, &dir) < 0 || stat(path, &file) < 0)
        return -1;

    if ((dir.st_mode & 0777) != 0700 || (file.st_mode & 0777) != 0600) {
        VIR_TEST_DEBUG("modes %o and %o", dir.st_mode & 0777, file.st_mode & 0777);
        return -1;
    }

    return virFCClaimDrop(WWPN, ALICE);
}


/* what a writer leaves that is killed before it has cut off the rest */
static int
testTornFile(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *path = g_strdup_printf("%s/" WWPN, claimDir);

    if (virFileWriteStr(path, BOB " bob\n0000000b bob\n", 0600) < 0 ||
        testHolder(WWPN, "bob") < 0 ||
        virFCClaimDrop(WWPN, BOB) < 0)
        return -1;

    return testHolder(WWPN, "nobody");
}


struct testRace {
    const char *name;
    const char *uuid;
    bool won;
};


static void
testRaceThread(void *opaque)
{
    struct testRace *race = opaque;

    race->won = virFCClaimSet(WWPN, race->name, race->uuid, true) == 1;
}


static int
testOneWins(const void *opaque G_GNUC_UNUSED)
{
    struct testRace alice = { .name = "alice", .uuid = ALICE };
    struct testRace bob = { .name = "bob", .uuid = BOB };
    virThread a;
    virThread b;

    if (virThreadCreate(&a, true, testRaceThread, &alice) < 0 ||
        virThreadCreate(&b, true, testRaceThread, &bob) < 0)
        return -1;

    virThreadJoin(&a);
    virThreadJoin(&b);

    if (alice.won == bob.won ||
        testHolder(WWPN, alice.won ? "alice" : "bob") < 0)
        return -1;

    return virFCClaimDropAll(alice.won ? ALICE : BOB);
}


/* Storage pools delete their vHBAs in this way. */
static int
testClaimedIsNotDeleted(const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *file = g_strdup_printf("%s/host5/vport_delete", claimDir);
    g_autofree char *dir = g_path_get_dirname(file);
    g_autofree char *untouched = NULL;
    g_autofree char *written = NULL;

    if (g_mkdir_with_parents(dir, 0777) < 0 ||
        virFileWriteStr(file, "", 0666) < 0 ||
        virFCClaimSet(WWPN, "alice", ALICE, true) < 0)
        return -1;

    virFileWrapperAddPrefix("/sys/class/fc_host", claimDir);

    if (virVHBAManageVport(5, WWPN, WWNN, VPORT_DELETE) == 0 ||
        !strstr(virGetLastErrorMessage(), "in use by domain 'alice'") ||
        virFileReadAll(file, 100, &untouched) < 0 ||
        virTestCompareToString("", untouched) < 0)
        return -1;
    virResetLastError();

    if (virFCClaimDrop(WWPN, ALICE) < 0 ||
        virVHBAManageVport(5, WWPN, WWNN, VPORT_DELETE) < 0 ||
        virFileReadAll(file, 100, &written) < 0)
        return -1;

    return virTestCompareToString(WWPN ":" WWNN, written);
}


static int
mymain(void)
{
    char top[] = "/tmp/virfcclaimtest-XXXXXX";
    int ret = 0;

    if (!g_mkdtemp(top)) {
        fprintf(stderr, "cannot create a directory for the claims\n");
        return EXIT_FAILURE;
    }

    claimDir = g_strdup_printf("%s/vhba", top);
    virFileWrapperAddPrefix(RUNSTATEDIR "/libvirt/vhba", claimDir);

#define DO_TEST(name, func) \
    if (virTestRun(name, func, NULL) < 0) \
        ret = -1

    DO_TEST("a vHBA that nobody has claimed is free", testUnclaimed);
    DO_TEST("a claim lasts until it is dropped", testClaimAndDrop);
    DO_TEST("a WWPN may be written in any form", testAnyForm);
    DO_TEST("claiming and dropping twice is claiming and dropping once", testTwice);
    DO_TEST("an exclusive claim keeps others out", testExclusive);
    DO_TEST("a shared vHBA is held until the last one drops it", testShared);
    DO_TEST("dropping all spares other domains", testDropAll);
    DO_TEST("a domain's name may contain spaces", testNameWithSpaces);
    DO_TEST("a domain's name may contain a line break", testNameOfTwoLines);
    DO_TEST("claims are the daemons' own", testModes);
    DO_TEST("a torn line is nobody's claim", testTornFile);
    DO_TEST("of two at once one wins", testOneWins);
    DO_TEST("what is claimed is not deleted", testClaimedIsNotDeleted);

    virFileWrapperClearPrefixes();
    virFileDeleteTree(top);
    g_free(claimDir);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
