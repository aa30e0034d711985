/*
 * qemu_migration_vhba_begin.h: what a hand-over takes, and whether it can end well
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

#include "qemu_domain.h"
#include "qemu_migration_vhba_cookie.h"

int
qemuMigrationVHBASrcCheckProtocol(virDomainObj *vm,
                                  char **cookieout);

int
qemuMigrationVHBASrcBegin(virDomainObj *vm,
                          virDomainDef *dstdef,
                          const char **migrate_disks,
                          unsigned int flags,
                          qemuMigrationVHBACookie **cookie);
