/*
 * domainvhbasourcetest.c: disk sources behind a Fibre Channel vHBA
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

#include "domain_conf.h"
#include "domain_vhba_source_conf.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define WWNS "wwnn='2001001b32a9da4e' wwpn='2101001b32a90002'"
#define OTHER_WWNS "wwnn='2001001b32a9da4e' wwpn='2101001b32a90004'"
#define BY_PATH "/dev/disk/by-path/pci-0000:05:00.0-fc-0x50060e801049cfd1-lun-4"

static virDomainDefParserConfig parserConfig = {
    .features = VIR_DOMAIN_DEF_FEATURE_DISK_VHBA,
};

static virDomainXMLOption *xmlopt;


static virStorageSource *
testParse(const char *source,
          unsigned int flags)
{
    g_autofree char *disk = g_strdup_printf("<disk type='block' device='disk'>%s"
                                            "<target dev='sda' bus='scsi'/>"
                                            "</disk>", source);

    return virDomainDiskDefParseSource(disk, xmlopt, flags);
}


static int
testFormat(virStorageSource *src,
           unsigned int flags,
           const char *expect)
{
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;
    g_autofree char *actual = NULL;

    if (virDomainDiskSourceFormat(&buf, src, "source", 0, false, flags,
                                  false, false, xmlopt) < 0)
        return -1;

    actual = virBufferContentAndReset(&buf);

    if (STRNEQ(actual, expect)) {
        virTestDifference(stderr, expect, actual);
        return -1;
    }

    return 0;
}


/* What the resolver does when the domain starts */
static void
testResolve(virStorageSource *src)
{
    g_free(src->path);
    src->path = g_strdup("/dev/sdx");
    src->vhba->active = g_strdup("2101001b32a90004");
}


struct testForm {
    const char *in;
    const char *config; /* as configured: inactive, migratable, not started */
    const char *live; /* while the domain runs */
    const char *status; /* what the daemon saves for itself */
};


static int
testForm(const void *opaque)
{
    const struct testForm *form = opaque;
    g_autoptr(virStorageSource) src = testParse(form->in, VIR_DOMAIN_DEF_PARSE_INACTIVE);
    g_autoptr(virStorageSource) copy = NULL;
    g_autoptr(virStorageSource) again = NULL;

    if (!src || !src->vhba || virStorageSourceIsEmpty(src) ||
        testFormat(src, 0, form->config) < 0)
        return -1;

    if (virStorageSourceIsLocalStorage(src) != src->vhba->byPath)
        return -1;

    testResolve(src);

    if (virStorageSourceIsEmpty(src) || !virStorageSourceIsLocalStorage(src))
        return -1;

    copy = virStorageSourceCopy(src, false);

    if (testFormat(copy, 0, form->live) < 0 ||
        testFormat(copy, VIR_DOMAIN_DEF_FORMAT_INACTIVE, form->config) < 0 ||
        testFormat(copy, VIR_DOMAIN_DEF_FORMAT_MIGRATABLE, form->config) < 0 ||
        testFormat(copy, VIR_DOMAIN_DEF_FORMAT_STATUS, form->status) < 0)
        return -1;

    if (!(again = testParse(form->status, VIR_DOMAIN_DEF_PARSE_STATUS)) ||
        testFormat(again, VIR_DOMAIN_DEF_FORMAT_STATUS, form->status) < 0 ||
        testFormat(again, 0, form->live) < 0 ||
        testFormat(again, VIR_DOMAIN_DEF_FORMAT_INACTIVE, form->config) < 0)
        return -1;

    virStorageSourceVHBAForget(copy);
    return testFormat(copy, VIR_DOMAIN_DEF_FORMAT_STATUS, form->config);
}


/* What a running domain shows can be given back to define or to plug a disk; and
 * it is no run time state, as long as it does not say what it was resolved to */
static int
testLiveIsConfig(const void *opaque)
{
    const struct testForm *form = opaque;
    g_autoptr(virStorageSource) src = testParse(form->live, 0);
    g_autoptr(virStorageSource) status = testParse(form->live, VIR_DOMAIN_DEF_PARSE_STATUS);

    if (!src || !status)
        return -1;

    if (testFormat(src, 0, form->config) < 0)
        return -1;

    return testFormat(status, 0, form->config);
}


struct testLocation {
    const char *a;
    const char *b;
    bool same;
};


static int
testLocation(const void *opaque)
{
    const struct testLocation *location = opaque;
    g_autoptr(virStorageSource) a = testParse(location->a, 0);
    g_autoptr(virStorageSource) b = testParse(location->b, 0);

    if (!a || !b)
        return -1;

    /* one is in use, the other comes from a configuration */
    if (a->vhba)
        testResolve(a);

    if (virStorageSourceIsSameLocation(a, b) != location->same ||
        virStorageSourceIsSameLocation(b, a) != location->same)
        return -1;

    return 0;
}


struct testRefusal {
    const char *in;
    const char *error;
};


static int
testRefusal(const void *opaque)
{
    const struct testRefusal *refusal = opaque;
    g_autoptr(virStorageSource) src = testParse(refusal->in, 0);

    if (src)
        return -1;

    if (!strstr(virGetLastErrorMessage(), refusal->error)) {
        VIR_TEST_DEBUG("not the error expected: %s", virGetLastErrorMessage());
        return -1;
    }

    virResetLastError();
    return 0;
}


/* A driver that knows nothing of vHBAs takes no disk that needs one. */
static int
testUnsupported(const void *opaque)
{
    const char *disk = opaque;
    g_autoptr(virDomainXMLOption) without = virDomainXMLOptionNew(NULL, NULL, NULL, NULL, NULL, NULL);
    g_autoptr(virDomainDef) def = virDomainDefNew(without);
    g_autoptr(virDomainDeviceDef) dev = NULL;

    dev = virDomainDeviceDefParse(disk, def, without, NULL, VIR_DOMAIN_DEF_PARSE_INACTIVE);

    if (dev || !strstr(virGetLastErrorMessage(), "driver does not support a vHBA")) {
        VIR_TEST_DEBUG("not the error expected: %s", virGetLastErrorMessage());
        return -1;
    }

    virResetLastError();
    return 0;
}


static int
mymain(void)
{
    int ret = 0;

    if (!(xmlopt = virDomainXMLOptionNew(&parserConfig, NULL, NULL, NULL, NULL, NULL)))
        return EXIT_FAILURE;

#define DO_TEST(name, in_, config_, live_, status_) \
    do { \
        const struct testForm form = { \
            .in = in_, .config = config_, .live = live_, .status = status_, \
        }; \
        if (virTestRun(name, testForm, &form) < 0 || \
            virTestRun(name ", live is config", testLiveIsConfig, &form) < 0) \
            ret = -1; \
    } while (0)

    DO_TEST("by WWN",
            "<source " WWNS "/>",
            "<source " WWNS "/>\n",
            "<source dev='/dev/sdx' " WWNS "/>\n",
            "<source dev='/dev/sdx' " WWNS ">\n"
            "  <vhba wwpn='2101001b32a90004'/>\n"
            "</source>\n");
    DO_TEST("WWN in other forms",
            "<source wwnn='0x2001001B32A9DA4E' wwpn='21:01:00:1b:32:a9:00:02'/>",
            "<source " WWNS "/>\n",
            "<source dev='/dev/sdx' " WWNS "/>\n",
            "<source dev='/dev/sdx' " WWNS ">\n"
            "  <vhba wwpn='2101001b32a90004'/>\n"
            "</source>\n");
    DO_TEST("by WWN and unit",
            "<source " WWNS "><lun unit='0'/></source>",
            "<source " WWNS ">\n"
            "  <lun unit='0'/>\n"
            "</source>\n",
            "<source dev='/dev/sdx' " WWNS ">\n"
            "  <lun unit='0'/>\n"
            "</source>\n",
            "<source dev='/dev/sdx' " WWNS ">\n"
            "  <lun unit='0'/>\n"
            "  <vhba wwpn='2101001b32a90004'/>\n"
            "</source>\n");
    DO_TEST("by WWN, unit and target",
            "<source " WWNS "><lun unit='4' target='0x50060E801049CFD1'/></source>",
            "<source " WWNS ">\n"
            "  <lun unit='4' target='50060e801049cfd1'/>\n"
            "</source>\n",
            "<source dev='/dev/sdx' " WWNS ">\n"
            "  <lun unit='4' target='50060e801049cfd1'/>\n"
            "</source>\n",
            "<source dev='/dev/sdx' " WWNS ">\n"
            "  <lun unit='4' target='50060e801049cfd1'/>\n"
            "  <vhba wwpn='2101001b32a90004'/>\n"
            "</source>\n");
    DO_TEST("by path",
            "<source dev='" BY_PATH "' model='vport'/>",
            "<source dev='" BY_PATH "' model='vport'/>\n",
            "<source dev='" BY_PATH "' model='vport'/>\n",
            "<source dev='/dev/sdx' model='vport'>\n"
            "  <vhba wwpn='2101001b32a90004' dev='" BY_PATH "'/>\n"
            "</source>\n");

#define DO_TEST_LOCATION(name, a_, b_, same_) \
    do { \
        const struct testLocation location = { .a = a_, .b = b_, .same = same_ }; \
        if (virTestRun(name, testLocation, &location) < 0) \
            ret = -1; \
    } while (0)

    DO_TEST_LOCATION("same vHBA, same place",
                     "<source " WWNS "/>", "<source " WWNS "/>", true);
    DO_TEST_LOCATION("same unit, same place",
                     "<source " WWNS "><lun unit='4'/></source>",
                     "<source " WWNS "><lun unit='4'/></source>", true);
    DO_TEST_LOCATION("other vHBA, other place",
                     "<source " WWNS "/>", "<source " OTHER_WWNS "/>", false);
    DO_TEST_LOCATION("other unit, other place",
                     "<source " WWNS "><lun unit='4'/></source>",
                     "<source " WWNS "><lun unit='5'/></source>", false);
    DO_TEST_LOCATION("unit 0 is not any unit",
                     "<source " WWNS "><lun unit='0'/></source>",
                     "<source " WWNS "/>", false);
    DO_TEST_LOCATION("a device node is not a vHBA's unit",
                     "<source " WWNS "/>", "<source dev='/dev/sdx'/>", false);
    DO_TEST_LOCATION("same path behind a vHBA, same place",
                     "<source dev='" BY_PATH "' model='vport'/>",
                     "<source dev='" BY_PATH "' model='vport'/>", true);
    DO_TEST_LOCATION("other path behind a vHBA, other place",
                     "<source dev='" BY_PATH "' model='vport'/>",
                     "<source dev='/dev/sda' model='vport'/>", false);

#define DO_TEST_REFUSAL(name, in_, error_) \
    do { \
        const struct testRefusal refusal = { .in = in_, .error = error_ }; \
        if (virTestRun(name, testRefusal, &refusal) < 0) \
            ret = -1; \
    } while (0)

    DO_TEST_REFUSAL("no WWPN", "<source wwnn='2001001b32a9da4e'/>", "'wwpn'");
    DO_TEST_REFUSAL("no WWNN", "<source wwpn='2101001b32a90002'/>", "'wwnn'");
    DO_TEST_REFUSAL("not a WWN",
                    "<source wwnn='2001001b32a9da4e' wwpn='eth0'/>", "'eth0'");
    DO_TEST_REFUSAL("a WWN of no authority",
                    "<source wwnn='2001001b32a9da4e' wwpn='0101001b32a90002'/>",
                    "'0101001b32a90002'");
    DO_TEST_REFUSAL("a data store behind a WWN of no authority",
                    "<source dev='/dev/sdx'><dataStore type='block'><format type='raw'/>"
                    "<source wwnn='2001001b32a9da4e' wwpn='0101001b32a90002'/></dataStore></source>",
                    "'0101001b32a90002'");
    DO_TEST_REFUSAL("WWNN and WWPN are the same",
                    "<source wwnn='2101001b32a90002' wwpn='2101001b32a90002'/>",
                    "both be '2101001b32a90002'");
    DO_TEST_REFUSAL("target is not a WWN",
                    "<source " WWNS "><lun unit='4' target='array'/></source>",
                    "'array'");
    DO_TEST_REFUSAL("unit is not a number",
                    "<source " WWNS "><lun unit='four'/></source>", "'unit'");
    DO_TEST_REFUSAL("lun says nothing",
                    "<source " WWNS "><lun/></source>", "'unit' or 'target'");
    DO_TEST_REFUSAL("lun without vHBA",
                    "<source dev='/dev/sdx'><lun unit='4'/></source>",
                    "'wwnn' and 'wwpn'");
    DO_TEST_REFUSAL("unknown model",
                    "<source dev='/dev/sdx' model='hba'/>", "'hba'");
    DO_TEST_REFUSAL("vport without path", "<source model='vport'/>", "'dev'");
    DO_TEST_REFUSAL("vport with an empty path", "<source dev='' model='vport'/>", "'dev'");
    DO_TEST_REFUSAL("vport with WWNs",
                    "<source dev='/dev/sdx' model='vport' " WWNS "/>",
                    "takes 'dev' only");
    DO_TEST_REFUSAL("vport with lun",
                    "<source dev='/dev/sdx' model='vport'><lun unit='4'/></source>",
                    "takes 'dev' only");

#define DO_TEST_UNSUPPORTED(name, disk_) \
    do { \
        if (virTestRun("driver without vHBAs: " name, testUnsupported, \
                       "<disk type='file' device='disk'><driver type='qcow2'/>" disk_ \
                       "<target dev='vda'/></disk>") < 0) \
            ret = -1; \
    } while (0)

    DO_TEST_UNSUPPORTED("backing store",
                        "<source file='/overlay.qcow2'/><backingStore type='block'>"
                        "<format type='raw'/><source " WWNS "/></backingStore>");
    DO_TEST_UNSUPPORTED("data store",
                        "<source file='/data.qcow2'><dataStore type='block'>"
                        "<format type='raw'/><source " WWNS "/></dataStore></source>");

    if (virTestRun("driver without vHBAs: disk", testUnsupported,
                   "<disk type='block' device='disk'><source " WWNS "/>"
                   "<target dev='vda'/></disk>") < 0)
        ret = -1;

    virObjectUnref(xmlopt);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
