# SPDX-License-Identifier: LGPL-2.1-or-later
"""An initramfs archive (cpio "newc", Documentation/driver-api/early-userspace/buffer-format.rst of Linux).

Written here because every file in it belongs to root, whoever runs the lab.
"""

import stat


class Archive:
    def __init__(self):
        self.blob = bytearray()
        self.names = set()

    def _entry(self, name, mode, data=b""):
        path = name.encode() + b"\0"
        inode = len(self.names) + 1
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
        self.blob += b"070701" + b"".join(b"%08x" % value for value in fields) + path
        self.blob += bytes(-len(self.blob) % 4)
        self.blob += data
        self.blob += bytes(-len(self.blob) % 4)
        self.names.add(name)

    def _parents(self, name):
        parts = name.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            self.directory("/".join(parts[:count]))

    def directory(self, name, mode=0o755):
        if name not in self.names:
            self._parents(name)
            self._entry(name, stat.S_IFDIR | mode)

    def file(self, name, data, mode=0o644):
        self._parents(name)
        self._entry(name, stat.S_IFREG | mode, data.encode() if isinstance(data, str) else data)

    def symlink(self, name, to):
        self._parents(name)
        self._entry(name, stat.S_IFLNK | 0o777, to.encode())

    def bytes(self):
        self._entry("TRAILER!!!", 0)
        return bytes(self.blob)
