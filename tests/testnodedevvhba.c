/*
 * testnodedevvhba.c: a node device driver in memory, for vHBAs
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
#include "testnodedevvhba.h"

#include "datatypes.h"
#include "driver.h"
#include "virerror.h"
#include "virhash.h"
#include "viridentity.h"
#include "virxml.h"

#define VIR_FROM_THIS VIR_FROM_NODEDEV

#define FABRIC "2002000573de9a81"

typedef struct _testVHBA testVHBA;
struct _testVHBA {
    char *wwnn;
    char *wwpn;
    char *partner;              /* the XML of the pairing, "" if there is none */
    char *mark;                 /* the XML of the mark, "" if there is none */
    bool active;
    bool autostart;
};

static GHashTable *vhbas;       /* name -> testVHBA */
static GString *calls;
static char *failing;
static char *deadly;
static const char *starting;
static const char *served;

/* What a connection has for its private data */
typedef struct _testClient testClient;
struct _testClient {
    virIdentity *identity;
    unsigned int life;          /* of the driver, which it was opened in */
};

static unsigned int life;
static unsigned int clients;
static testNodedevVHBACosts costs;


static void
testVHBAFree(void *opaque)
{
    testVHBA *vhba = opaque;

    g_free(vhba->wwnn);
    g_free(vhba->wwpn);
    g_free(vhba->partner);
    g_free(vhba->mark);
    g_free(vhba);
}


/* Notes that @what was done to @name, in one line of the record. */
void
testNodedevVHBANote(const char *what,
                    const char *name)
{
    g_string_append_printf(calls, "%s %s\n", what, name);
}


static bool
testServesIdentity(virIdentity *identity)
{
    const char *user = NULL;

    if (!served)
        return true;

    return identity &&
        virIdentityGetUserName(identity, &user) == 1 &&
        STREQ(user, served);
}


/* Returns true if who is at work may see vHBAs and do something to them, be this
 * another daemon or not. */
static bool
testServes(virConnectPtr conn)
{
    g_autoptr(virIdentity) identity = virIdentityGetCurrent();
    const testClient *client = conn->privateData;

    return testServesIdentity(identity) &&
        testServesIdentity(client->identity);
}


/* To be called first by everything that is asked. Returns -1 with an error if
 * that does not reach us. */
static int
testRequest(virConnectPtr conn)
{
    costs.requests++;

    if (virConnectIsAlive(conn) == 1)
        return 0;

    virReportError(VIR_ERR_RPC, "%s", "connection is dead");
    return -1;
}


/* Returns -1 with an error if the driver was told to die of @what, done to @name. */
static int
testDies(const char *what,
         const char *name)
{
    g_autofree char *of = g_strdup_printf("%s %s", what, name);

    if (STRNEQ_NULLABLE(deadly, of))
        return 0;

    g_clear_pointer(&deadly, g_free);
    testNodedevVHBARestart();
    virReportErrorHelper(VIR_FROM_RPC, VIR_ERR_INTERNAL_ERROR, __FILE__, __FUNCTION__,
                         __LINE__, "the driver has died of '%s'", of);
    return -1;
}


/* Returns -1 with an error if this call was told to fail. */
static int
testVHBACall(virConnectPtr conn,
             const char *what,
             const char *name,
             const char *details)
{
    g_autofree char *call = g_strdup_printf("%s %s", what, name);

    if (!testServes(conn)) {
        virReportError(VIR_ERR_ACCESS_DENIED, "'%s'", call);
        return -1;
    }

    if (STREQ_NULLABLE(failing, call)) {
        virReportError(VIR_ERR_OPERATION_FAILED, "'%s' was told to fail", call);
        return -1;
    }

    if (testDies(what, name) < 0)
        return -1;

    g_string_append_printf(calls, "%s%s\n", call, details);
    return 0;
}


/* To be called when what was asked is done. Returns -1 with an error if that cannot
 * be said. */
static int
testVHBAAnswer(const char *what,
               const char *name)
{
    g_autofree char *answer = g_strdup_printf("answer to %s", what);
    g_autofree char *call = g_strdup_printf("%s %s", what, name);
    testVHBA *vhba = g_hash_table_lookup(vhbas, name);

    if (vhba && STREQ_NULLABLE(starting, call))
        vhba->active = true;

    return testDies(answer, name);
}


/* Whether the call @what is told to fail for @name. */
static bool
testFails(const char *what,
          const char *name)
{
    g_autofree char *call = g_strdup_printf("%s %s", what, name);

    return STREQ_NULLABLE(failing, call);
}


static testVHBA *
testVHBAGet(virNodeDevicePtr dev)
{
    testVHBA *vhba;

    if (testRequest(dev->conn) < 0)
        return NULL;

    if (testFails("look at", dev->name)) {
        virReportError(VIR_ERR_RPC, "%s", "connection is dead");
        return NULL;
    }

    if (testDies("look at", dev->name) < 0)
        return NULL;

    if (testFails("find", dev->name) ||
        !(vhba = g_hash_table_lookup(vhbas, dev->name))) {
        virReportError(VIR_ERR_NO_NODE_DEVICE, "'%s'", dev->name);
        return NULL;
    }

    return vhba;
}


static char *
testVHBAFormat(const testVHBA *vhba)
{
    return g_strdup_printf("<device>"
                           "<name>vhba_%s</name>"
                           "<parent fabric_wwn='" FABRIC "'/>"
                           "<capability type='scsi_host'><capability type='fc_host'>"
                           "<wwnn>%s</wwnn><wwpn>%s</wwpn>%s%s%s"
                           "</capability></capability>"
                           "</device>",
                           vhba->wwpn, vhba->wwnn, vhba->wwpn,
                           vhba->active ? "<fabric_wwn>" FABRIC "</fabric_wwn>" : "",
                           vhba->partner, vhba->mark);
}


static virNodeDevicePtr
testLookupByName(virConnectPtr conn,
                 const char *name)
{
    testVHBA *vhba = g_hash_table_lookup(vhbas, name);

    if (testRequest(conn) < 0)
        return NULL;

    if (!vhba || !testServes(conn)) {
        virReportError(vhba ? VIR_ERR_ACCESS_DENIED : VIR_ERR_NO_NODE_DEVICE,
                       "'%s'", name);
        return NULL;
    }

    return virGetNodeDevice(conn, name);
}


static int
testListAll(virConnectPtr conn,
            virNodeDevicePtr **devices,
            unsigned int flags)
{
    g_autofree virHashKeyValuePair *items = NULL;
    size_t n = 0;
    size_t i;

    if (!(flags & VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE) ||
        !(flags & VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE)) {
        virReportError(VIR_ERR_INTERNAL_ERROR, "%s", "not all were asked for");
        return -1;
    }

    costs.lists++;
    if (testRequest(conn) < 0)
        return -1;

    items = virHashGetItems(vhbas, &n, true);
    if (!testServes(conn))
        n = 0;
    *devices = g_new0(virNodeDevicePtr, n + 1);
    for (i = 0; i < n; i++)
        (*devices)[i] = virGetNodeDevice(conn, items[i].key);

    return n;
}


static char *
testGetXMLDesc(virNodeDevicePtr dev,
               unsigned int flags)
{
    testVHBA *vhba = testVHBAGet(dev);

    virCheckFlags(VIR_NODE_DEVICE_XML_INACTIVE, NULL);

    return vhba ? testVHBAFormat(vhba) : NULL;
}


static char *
testNodeString(xmlDocPtr doc,
               xmlXPathContextPtr ctxt,
               const char *name)
{
    g_autofree char *xpath = g_strdup_printf("//%s", name);
    xmlNodePtr node = virXPathNode(xpath, ctxt);

    if (!node)
        return g_strdup("");

    return g_strdelimit(virXMLNodeToString(doc, node), "\"", '\'');
}


static void
testPutRole(GString *details,
            const char *partner)
{
    g_auto(GStrv) parts = g_strsplit_set(partner, "<> '\"/=", 0);
    size_t i;

    for (i = 0; parts[i]; i++) {
        if (STREQ(parts[i], "primary"))
            g_string_append(details, " secondary of");
        else if (STREQ(parts[i], "secondary"))
            g_string_append(details, " primary of");
        else if (strlen(parts[i]) == 16)
            g_string_append_printf(details, " %s", parts[i]);
    }
}


static char *
testDetails(const testVHBA *vhba,
            xmlXPathContextPtr ctxt)
{
    GString *details = g_string_new(NULL);
    g_autofree char *state = virXPathString("string(//handover/@state)", ctxt);
    g_autofree char *domain = virXPathString("string(//handover/@domain)", ctxt);

    testPutRole(details, vhba->partner);
    if (state)
        g_string_append_printf(details, " %s for %s", state, NULLSTR(domain));

    return g_string_free(details, false);
}


static virNodeDevicePtr
testDefineXML(virConnectPtr conn,
              const char *xml,
              unsigned int flags)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(xmlXPathContext) ctxt = NULL;
    g_autofree char *name = NULL;
    g_autofree char *details = NULL;
    testVHBA *vhba = NULL;
    testVHBA *old;

    virCheckFlags(0, NULL);

    if (testRequest(conn) < 0)
        return NULL;

    vhba = g_new0(testVHBA, 1);

    if (!(doc = virXMLParseStringCtxt(xml, "vhba", &ctxt)))
        goto error;

    vhba->wwnn = virXPathString("string(//wwnn)", ctxt);
    vhba->wwpn = virXPathString("string(//wwpn)", ctxt);
    vhba->partner = testNodeString(doc, ctxt, "primary");
    if (STREQ(vhba->partner, "")) {
        g_free(vhba->partner);
        vhba->partner = testNodeString(doc, ctxt, "secondary");
    }
    vhba->mark = testNodeString(doc, ctxt, "handover");

    name = g_strdup_printf("vhba_%s", vhba->wwpn);
    details = testDetails(vhba, ctxt);

    if (testVHBACall(conn, "define", name, details) < 0)
        goto error;

    if ((old = g_hash_table_lookup(vhbas, name))) {
        vhba->active = old->active;
        vhba->autostart = old->autostart;
    }

    g_hash_table_replace(vhbas, g_strdup(name), vhba);

    return testVHBAAnswer("define", name) < 0 ? NULL : virGetNodeDevice(conn, name);

 error:
    testVHBAFree(vhba);
    return NULL;
}


static int
testSetActive(virNodeDevicePtr dev,
              const char *call,
              bool active)
{
    testVHBA *vhba = testVHBAGet(dev);

    if (!vhba)
        return -1;

    if (vhba->active == active) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       "cannot %s '%s' again", call, dev->name);
        return -1;
    }

    if (testVHBACall(dev->conn, call, dev->name, "") < 0)
        return -1;

    vhba->active = active;
    return testVHBAAnswer(call, dev->name);
}


static int
testCreate(virNodeDevicePtr dev,
           unsigned int flags)
{
    virCheckFlags(0, -1);

    return testSetActive(dev, "start", true);
}


static int
testDestroy(virNodeDevicePtr dev)
{
    return testSetActive(dev, "stop", false);
}


static int
testUndefine(virNodeDevicePtr dev,
             unsigned int flags)
{
    virCheckFlags(0, -1);

    if (!testVHBAGet(dev) ||
        testVHBACall(dev->conn, "undefine", dev->name, "") < 0)
        return -1;

    g_hash_table_remove(vhbas, dev->name);
    return testVHBAAnswer("undefine", dev->name);
}


static int
testIsActive(virNodeDevicePtr dev)
{
    testVHBA *vhba = testVHBAGet(dev);

    return vhba ? vhba->active : -1;
}


static int
testGetAutostart(virNodeDevicePtr dev,
                 int *autostart)
{
    testVHBA *vhba = testVHBAGet(dev);

    if (!vhba)
        return -1;

    *autostart = vhba->autostart;
    return 0;
}


static int
testSetAutostart(virNodeDevicePtr dev,
                 int autostart)
{
    testVHBA *vhba = testVHBAGet(dev);

    if (!vhba ||
        (autostart && testVHBACall(dev->conn, "autostart", dev->name, "") < 0))
        return -1;

    vhba->autostart = autostart;
    return 0;
}


static virNodeDeviceDriver testNodedevVHBADriver = {
    .name = "vHBA test",
    .connectListAllNodeDevices = testListAll,
    .nodeDeviceLookupByName = testLookupByName,
    .nodeDeviceGetXMLDesc = testGetXMLDesc,
    .nodeDeviceDefineXML = testDefineXML,
    .nodeDeviceUndefine = testUndefine,
    .nodeDeviceCreate = testCreate,
    .nodeDeviceDestroy = testDestroy,
    .nodeDeviceIsActive = testIsActive,
    .nodeDeviceGetAutostart = testGetAutostart,
    .nodeDeviceSetAutostart = testSetAutostart,
};


/* As with a real one, to close a dead connection is an error as well. */
static int
testConnectClose(virConnectPtr conn)
{
    testClient *client = conn->privateData;

    if (client->life != life)
        virReportErrorHelper(VIR_FROM_RPC, VIR_ERR_INTERNAL_ERROR, __FILE__, __FUNCTION__,
                             __LINE__, "%s", "client socket is closed");

    g_clear_object(&client->identity);
    g_free(client);
    clients--;
    return 0;
}


static int
testConnectIsAlive(virConnectPtr conn)
{
    const testClient *client = conn->privateData;

    return client->life == life;
}


static virHypervisorDriver testConnectDriver = {
    .name = "vHBA test",
    .connectClose = testConnectClose,
    .connectIsAlive = testConnectIsAlive,
};


static virConnectPtr
testConnectOpen(void)
{
    virConnectPtr conn = virGetConnect();
    testClient *client;

    if (!conn)
        return NULL;

    client = g_new0(testClient, 1);
    client->identity = virIdentityGetCurrent();
    client->life = life;

    conn->privateData = client;
    conn->driver = &testConnectDriver;
    conn->nodeDeviceDriver = &testNodedevVHBADriver;
    clients++;

    return conn;
}


/* Replaced for this process: the way to the other daemon. */
virConnectPtr
virGetConnectNodeDev(void)
{
    if (STREQ_NULLABLE(failing, "connect")) {
        virReportError(VIR_ERR_RPC, "%s", "cannot connect");
        return NULL;
    }

    costs.connections++;
    return testConnectOpen();
}


/**
 * testNodedevVHBAOpen:
 *
 * Returns a connection to an empty driver, which virGetConnectNodeDev leads to
 * from now on; close with testNodedevVHBAClose.
 */
virConnectPtr
testNodedevVHBAOpen(void)
{
    vhbas = virHashNew(testVHBAFree);
    calls = g_string_new(NULL);

    return testConnectOpen();
}


void
testNodedevVHBAClose(virConnectPtr conn)
{
    if (!conn)
        return;

    g_clear_pointer(&vhbas, g_hash_table_unref);
    g_string_free(g_steal_pointer(&calls), true);
    g_clear_pointer(&failing, g_free);
    g_clear_pointer(&deadly, g_free);
    served = NULL;
    ignore_value(testNodedevVHBATakeCosts());
    virObjectUnref(conn);
}


/* Adds a vHBA with an XML element for its @partner, and one for its @mark;
 * both may be NULL. */
void
testNodedevVHBAAdd(const char *wwnn,
                   const char *wwpn,
                   const char *partner,
                   const char *mark,
                   bool active,
                   bool autostart)
{
    testVHBA *vhba = g_new0(testVHBA, 1);

    vhba->wwnn = g_strdup(wwnn);
    vhba->wwpn = g_strdup(wwpn);
    vhba->partner = g_strdup(partner ? partner : "");
    vhba->mark = g_strdup(mark ? mark : "");
    vhba->active = active;
    vhba->autostart = autostart;

    g_hash_table_insert(vhbas, g_strdup_printf("vhba_%s", wwpn), vhba);
}


/* Lets a call fail from now on, such as "stop vhba_2101001b32a90002", or each
 * attempt to "connect"; NULL for none. To "look at" a vHBA fails as it does when
 * the driver dies meanwhile, and to "find" one when that has just been removed. */
void
testNodedevVHBAFail(const char *call)
{
    g_free(failing);
    failing = g_strdup(call);
}


/* Lets the other daemon die of the next such call, or of none if that is NULL. Of an
 * "answer to" a call it dies when that is done. It is back at once, as after
 * testNodedevVHBARestart. */
void
testNodedevVHBADie(const char *call)
{
    g_free(deadly);
    deadly = g_strdup(call);
}


/* A start by somebody else is over when this call is done, until that is NULL. */
void
testNodedevVHBAStartAt(const char *call)
{
    starting = call;
}


/* From now on all vHBAs are hidden from everybody but @user; NULL shows them to
 * everybody again. */
void
testNodedevVHBAServe(const char *user)
{
    served = user;
}


/* The other daemon is another one from now on. It knows what it has known. */
void
testNodedevVHBARestart(void)
{
    life++;
}


/* Checks how many connections are open, but for that of testNodedevVHBAOpen. */
int
testNodedevVHBACheckOpen(unsigned int connections)
{
    if (clients == connections + 1)
        return 0;

    VIR_TEST_VERBOSE("%u connections are open, not %u", clients - 1, connections);
    return -1;
}


/* Returns what was asked since the last time. */
testNodedevVHBACosts
testNodedevVHBATakeCosts(void)
{
    testNodedevVHBACosts taken = costs;

    costs = (testNodedevVHBACosts) { 0 };
    return taken;
}


/* Compares what was called since the last time with @expected. */
int
testNodedevVHBACheckCalls(const char *expected)
{
    g_autofree char *actual = g_strdup(calls->str);

    g_string_truncate(calls, 0);

    return virTestCompareToString(expected, actual);
}


/**
 * testNodedevVHBADump:
 *
 * Returns all there is, in a line for each vHBA:
 *
 *   W active|inactive [autostart] <partner/><mark/>
 */
char *
testNodedevVHBADump(void)
{
    g_autofree virHashKeyValuePair *items = NULL;
    GString *dump = g_string_new(NULL);
    size_t n = 0;
    size_t i;

    items = virHashGetItems(vhbas, &n, true);
    for (i = 0; i < n; i++) {
        const testVHBA *vhba = items[i].value;

        g_string_append_printf(dump, "%s %s%s %s%s\n",
                               vhba->wwpn,
                               vhba->active ? "active" : "inactive",
                               vhba->autostart ? " autostart" : "",
                               vhba->partner, vhba->mark);
    }

    return g_string_free(dump, false);
}
