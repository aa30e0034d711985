# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-packaging, and what it reads of a spec file."""

import shutil
import unittest

from synthetic import StackTest
import rpmspec

SPEC = """\
%if %{with_qemu}
%attr(0755, root, root) %{_bindir}/virt-thing
%config(noreplace) %{_sysconfdir}/libvirt/thing.conf
%dir %attr(0700, root, root) %{_sysconfdir}/libvirt/thing/
%{_datadir}/libvirt/schemas/*.rng
%{_mandir}/man1/virt-thing.1*
%{_libdir}/libvirt/thing.so
"""


class SpecTest(unittest.TestCase):

    def test_what_is_listed_is_known(self):
        self.assertEqual([], rpmspec.unlisted([
            "/usr/bin/virt-thing", "/etc/libvirt/thing.conf",
            "/etc/libvirt/thing", "/usr/share/libvirt/schemas/a.rng",
            "/usr/share/man/man1/virt-thing.1", "/usr/lib64/libvirt/thing.so",
            "/usr/share/doc/libvirt/html/thing.html"], SPEC))

    def test_what_is_not_listed_is_told(self):
        self.assertEqual(["/usr/bin/virt-other"], rpmspec.unlisted(
            ["/usr/bin/virt-other", "/usr/bin/virt-thing"], SPEC))


class PackagingTest(StackTest):

    def setUp(self):
        super().setUp()
        for tool in "quilt", "rpmbuild":
            if not shutil.which(tool):
                self.skipTest(f"there is no {tool}")

    def stack(self, **files):
        self.commit("util: Add a thing", {
            **self.hook(10), "src/util/virthing.c": "int thing;\n", **files})
        self.commit("qemu: Use it", self.hook(30))
        self.run_tool("export-series", "--replace")

    def test_a_good_series(self):
        self.stack()
        said = self.run_tool("check-packaging")
        self.assertIn("ok 1 - quilt applies the series without fuzz", said)
        self.assertIn("ok 2 - rpm applies the series with git am", said)
        self.assertIn("# SKIP nothing is configured", said)

    def test_carriage_returns_do_not_survive_a_mail(self):
        self.stack(**{"tests/crlf.xml": b"<a>\r\n<b/>\r\n"})
        said = self.run_tool("check-packaging", status=1)
        self.assertIn("not ok 2 - rpm", said)
        self.assertIn("tests/crlf.xml is not what the stack makes", said)


if __name__ == "__main__":
    unittest.main()
