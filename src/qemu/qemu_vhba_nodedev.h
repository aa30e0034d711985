/*
 * qemu_vhba_nodedev.h: vHBAs as the node device driver shows them
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

#pragma once

#include "internal.h"
#include "node_device_vhba_conf.h"

/*
 * Node devices are the business of another daemon, so all that is known and
 * done about a vHBA goes through the public API: its XML is read, edited and
 * defined. A definition is on disk when the call that makes it returns.
 *
 * The journal of a hand-over is kept in the definitions of the vHBAs: a mark is
 * written before the step that it announces, and removed after it. What is lent
 * is not started here by anyone, what is borrowed by the hand-over only.
 */

/* A vHBA, as it was when it was looked up */
typedef struct _qemuVHBANodedev qemuVHBANodedev;
struct _qemuVHBANodedev {
    virNodeDevicePtr dev;
    bool active;

    char *wwnn;
    char *wwpn;
    char *fabricWWN;            /* NULL when it is not logged in; of one that
                                 * is not active, what it is defined for */
    virNodeDevVHBADef *def;     /* its partner and its mark; never NULL */
};

void
qemuVHBANodedevFree(qemuVHBANodedev *vhba);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuVHBANodedev, qemuVHBANodedevFree);

void
qemuVHBANodedevListFree(qemuVHBANodedev **vhbas,
                        size_t nvhbas);

int
qemuVHBANodedevFind(virConnectPtr conn,
                    const char *wwpn,
                    qemuVHBANodedev **vhba);

int
qemuVHBANodedevFindActive(virConnectPtr conn,
                          const char *wwnn,
                          const char *wwpn,
                          qemuVHBANodedev **vhba);

int
qemuVHBANodedevFindPartner(virConnectPtr conn,
                           const char *wwpn,
                           qemuVHBANodedev **vhba);

qemuVHBANodedev *
qemuVHBANodedevLookup(virConnectPtr conn,
                      const char *wwpn);

/* where a mark is asked for: lent or borrowed */
#define QEMU_VHBA_NODEDEV_ANY_MARK VIR_NODE_DEV_VHBA_HANDOVER_LAST

bool
qemuVHBANodedevHasMark(const qemuVHBANodedev *vhba,
                       virNodeDevVHBAHandover mark,
                       const char *domain);

int
qemuVHBANodedevListMarked(virConnectPtr conn,
                          virNodeDevVHBAHandover mark,
                          const char *domain,
                          qemuVHBANodedev ***vhbas,
                          size_t *nvhbas);

int
qemuVHBANodedevAnyMarked(virConnectPtr conn);

qemuVHBANodedev *
qemuVHBANodedevDefine(virConnectPtr conn,
                      const qemuVHBANodedev *def);

int
qemuVHBANodedevSetMark(qemuVHBANodedev *vhba,
                       virNodeDevVHBAHandover mark,
                       const char *domain,
                       const char *migration);

int
qemuVHBANodedevLookAgain(qemuVHBANodedev *vhba);

int
qemuVHBANodedevStart(qemuVHBANodedev *vhba);

int
qemuVHBANodedevStop(qemuVHBANodedev *vhba);

int
qemuVHBANodedevUndefine(qemuVHBANodedev *vhba);
