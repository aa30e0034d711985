/*
 * domain.c: fuzz the XML of domains whose disks are LUNs behind a vHBA
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An input is what a client gives to virDomainDefineXML.
 */

#include <config.h>

#include "fuzz.h"
#include "libvirt.h"
#include "qemu.h"

#include "domain_conf.h"
#include "domain_vhba_source_conf.h"
#include "virerror.h"
#include "virxml.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define PARSE VIR_DOMAIN_DEF_PARSE_INACTIVE

static virDomainXMLOption *xmlopt;
static virQEMUCaps *caps;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    fuzz_libvirt_init();
    xmlopt = fuzz_qemu_driver()->xmlopt;
    caps = fuzz_qemu_caps();
    return 0;
}

static char *
format(virStorageSource *src, unsigned int flags)
{
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;

    PROMISE(virDomainDiskSourceFormat(&buf, src, "source", 0, false, flags,
                                      false, false, xmlopt) == 0,
            "a source that cannot be shown: %s", virGetLastErrorMessage());
    return virBufferContentAndReset(&buf);
}

/* What the resolver does when the domain starts. */
static void
resolve(virStorageSource *src)
{
    g_free(src->path);
    src->path = g_strdup("/dev/sdx");
    g_free(src->vhba->active);
    src->vhba->active = g_strdup("2101001b32a90004");
}

static virStorageSource *
parse(const char *source, unsigned int flags)
{
    g_autofree char *xml = g_strdup_printf(
        "<disk type='block' device='disk'>%s"
        "<target dev='sda' bus='scsi'/></disk>", source);

    return virDomainDiskDefParseSource(xml, xmlopt, flags);
}

/* Behind a vHBA, and not by a path with a line break, which libvirt writes as it is
 * in any attribute, and reads as a blank. */
static bool
is_ours(const virStorageSource *src)
{
    return src && src->vhba &&
        !(src->vhba->dev && strpbrk(src->vhba->dev, "\t\n\r"));
}

/* Configuration, and the state of a running domain, stay the same when they
 * are written and read; and configuration never tells the device. */
static void
check_source(virStorageSource *original)
{
    g_autoptr(virStorageSource) src = virStorageSourceCopy(original, false);
    g_autoptr(virStorageSource) again = NULL;
    g_autoptr(virStorageSource) running = NULL;
    g_autofree char *config = format(src, VIR_DOMAIN_DEF_FORMAT_INACTIVE);
    g_autofree char *config_again = NULL;
    g_autofree char *config_running = NULL;
    g_autofree char *status = NULL;
    g_autofree char *status_again = NULL;

    PROMISE((again = parse(config, PARSE)),
            "a source is not taken back: %s\n%s", virGetLastErrorMessage(),
            config);
    config_again = format(again, VIR_DOMAIN_DEF_FORMAT_INACTIVE);
    fuzz_same("a source", config, config_again);
    PROMISE(virStorageSourceVHBAIsEqual(src->vhba, again->vhba),
            "a source is another one:\n%s", config);

    resolve(src);
    config_running = format(src, VIR_DOMAIN_DEF_FORMAT_MIGRATABLE |
                            VIR_DOMAIN_DEF_FORMAT_INACTIVE);
    fuzz_same("the configuration of a running disk", config, config_running);

    status = format(src, VIR_DOMAIN_DEF_FORMAT_STATUS);
    PROMISE((running = parse(status, VIR_DOMAIN_DEF_PARSE_STATUS)),
            "a state is not taken back: %s\n%s", virGetLastErrorMessage(),
            status);
    status_again = format(running, VIR_DOMAIN_DEF_FORMAT_STATUS);
    fuzz_same("a state", status, status_again);
    PROMISE(virStorageSourceVHBACheckResolved(running) == 0,
            "a state has lost its device:\n%s", status);

    virStorageSourceVHBAForget(src);
    PROMISE(!src->path == !src->vhba->byPath,
            "a source that was forgotten has a device:\n%s", config);
}

/* libvirt makes something for each virtual processor, and for each controller up to
 * the one that a disk needs, and looks at all of them for each of these. Where many
 * are asked for that takes it for ever. Numbers are text that may lie in children. */
static bool
asks_for_too_much(const char *input)
{
    g_autoptr(xmlXPathContext) ctxt = NULL;
    g_autoptr(xmlDoc) doc = virXMLParseStringCtxt(input, "(input)", &ctxt);

    return doc &&
        virXPathBoolean("boolean(//vcpu[string-length(normalize-space(.)) > 4 or contains(., '-')] | "
                        "//@controller[string-length(.) > 3] | "
                        "//target/@dev[string-length(.) > 4])", ctxt) != 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *input = g_strndup((const char *) data, size);
    g_autoptr(virDomainDef) def = NULL;

    if (asks_for_too_much(input))
        return 0;

    def = virDomainDefParseString(input, xmlopt, caps, PARSE);
    if (def) {
        g_autofree char *xml = virDomainDefFormat(def, xmlopt, 0);

        for (size_t i = 0; i < def->ndisks; i++) {
            virStorageSource *src = def->disks[i]->src;

            for (; src; src = src->backingStore) {
                if (is_ours(src))
                    check_source(src);
                if (is_ours(src->dataFileStore))
                    check_source(src->dataFileStore);
            }
        }
    }

    virResetLastError();
    return 0;
}
