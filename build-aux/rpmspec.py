# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an RPM spec file lists to be packaged, as patterns of paths."""

import fnmatch
import re

MACROS = {
    "_bindir": "/usr/bin", "_sbindir": "/usr/sbin", "_libdir": "/usr/lib*",
    "_libexecdir": "/usr/libexec", "_includedir": "/usr/include",
    "_datadir": "/usr/share", "_mandir": "/usr/share/man",
    "_sysconfdir": "/etc", "_localstatedir": "/var", "_rundir": "/run",
    "_prefix": "/usr", "_unitdir": "/usr/lib/systemd/system",
    "_sysusersdir": "/usr/lib/sysusers.d",
}

# The HTML pages are moved to where a %doc line, which has no path, takes them
# from; see %install.
DOCS = "/usr/share/doc/libvirt/"


def listed(line):
    """The pattern of paths that LINE of a spec file lists, or None."""
    path = re.sub(r"%(attr|config|verify)(\([^)]*\))?|%(dir|ghost|doc)\b",
                  "", line).strip()
    path = re.sub(r"%\{(\w+)\}",
                  lambda macro: MACROS.get(macro[1], macro[0]), path)
    return path if path.startswith("/") else None


def patterns(spec):
    """All that the text SPEC lists."""
    return [path for path in map(listed, spec.splitlines()) if path]


def matches(path, pattern):
    return fnmatch.fnmatchcase(path, pattern.rstrip("/"))


def unlisted(paths, spec):
    """Those of the installed PATHS that the text SPEC does not list."""
    known = patterns(spec)
    return [path for path in sorted(paths) if not path.startswith(DOCS)
            and not any(matches(path, pattern) for pattern in known)]
