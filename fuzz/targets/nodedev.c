/*
 * nodedev.c: fuzz the XML of node devices that are HBAs and vHBAs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An input is what a client gives to virNodeDeviceDefineXML, or what
 * virNodeDeviceGetXMLDesc shows.
 */

#include <config.h>

#include "fuzz.h"
#include "internal.h"
#include "libvirt.h"

#include "node_device_conf.h"
#include "virxml.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define PARTNER \
    "<device><capability type='scsi_host'><capability type='fc_host'>" \
    "<wwnn>2001001b32a9da4e</wwnn><wwpn>2101001b32a90014</wwpn>" \
    "<primary wwpn='2101001b32a90012'/>" \
    "</capability></capability></device>"

static virXMLValidator *schema;
static virNodeDeviceDef *partner;

static virNodeDeviceDef *
parse_definition(const char *xml)
{
    g_autoptr(virNodeDeviceDef) def = NULL;

    def = virNodeDeviceDefParse(xml, NULL, CREATE_DEVICE, NULL, NULL, NULL,
                                false);
    if (!def || virNodeDeviceVHBANormalize(def) < 0)
        return NULL;
    return g_steal_pointer(&def);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    fuzz_libvirt_init();
    schema = virXMLValidatorInit(abs_top_srcdir
                                 "/src/conf/schemas/nodedev.rng");
    partner = parse_definition(PARTNER);
    return schema && partner ? 0 : -1;
}

static void
check_schema(const char *xml)
{
    g_autoptr(xmlDoc) doc = virXMLParse(NULL, xml, NULL, NULL, NULL, NULL,
                                        false);

    PROMISE(doc, "what is formatted is no XML:\n%s", xml);
    PROMISE(virXMLValidatorValidate(schema, doc) == 0,
            "what is formatted is not valid: %s\n%s",
            virGetLastErrorMessage(), xml);
}

/* What is taken as a definition stays the same when it is written and read. */
static void
check_definition(const char *input)
{
    g_autoptr(virNodeDeviceDef) def = parse_definition(input);
    g_autoptr(virNodeDeviceDef) again = NULL;
    g_autoptr(virNodeDeviceDef) copy = NULL;
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    g_autofree char *third = NULL;

    if (!def)
        return;

    first = virNodeDeviceDefFormat(def, VIR_NODE_DEVICE_XML_INACTIVE);
    PROMISE(first, "a definition that cannot be written");
    check_schema(first);

    again = parse_definition(first);
    PROMISE(again, "a definition is not taken back: %s\n%s",
            virGetLastErrorMessage(), first);
    second = virNodeDeviceDefFormat(again, VIR_NODE_DEVICE_XML_INACTIVE);
    fuzz_same("a definition", first, second);

    copy = virNodeDeviceVHBACopy(def);
    PROMISE(copy && virNodeDeviceVHBASameHardware(copy, def),
            "a copy is another vHBA:\n%s", first);
    PROMISE(virNodeDeviceVHBACheckPair(def, partner) ==
            virNodeDeviceVHBACheckPair(partner, def),
            "two vHBAs contradict each other from one side only:\n%s", first);
}

/* The kernel's numbers are ints, and libvirt writes those of SCSI hosts as such. */
static bool
is_fc_host(const virNodeDeviceDef *def)
{
    return def->caps->data.type == VIR_NODE_DEV_CAP_SCSI_HOST &&
        def->caps->data.scsi_host.host <= INT_MAX &&
        def->caps->data.scsi_host.flags & VIR_NODE_DEV_CAP_FLAG_HBA_FC_HOST &&
        !def->caps->next;
}

static virNodeDeviceDef *
parse_device(const char *xml)
{
    return virNodeDeviceDefParse(xml, NULL, EXISTING_DEVICE, NULL, NULL, NULL,
                                 false);
}

static char *
shown_again(const char *xml)
{
    g_autoptr(virNodeDeviceDef) def = parse_device(xml);

    PROMISE(def, "an FC host is not taken back: %s\n%s",
            virGetLastErrorMessage(), xml);
    return virNodeDeviceDefFormat(def, 0);
}

/* What is shown of an FC host stays the same when it is shown again; but for a
 * tab in an attribute, which is a blank for whoever reads it. */
static void
check_device(const char *input)
{
    g_autoptr(virNodeDeviceDef) def = parse_device(input);
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    g_autofree char *third = NULL;

    if (!def)
        return;

    first = virNodeDeviceDefFormat(def, 0);
    PROMISE(first, "a device that cannot be shown");
    if (!is_fc_host(def))
        return;

    second = shown_again(first);
    third = shown_again(second);
    fuzz_same("an FC host", second, third);

    virNodeDeviceVHBADeactivate(def, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *input = g_strndup((const char *) data, size);

    check_definition(input);
    check_device(input);
    virResetLastError();
    return 0;
}
