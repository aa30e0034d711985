# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pages that are new in libvirt are well-formed; check-docs, which takes
longer, builds them all."""

import io
import pathlib
import unittest

from docutils.core import publish_doctree

TOP = pathlib.Path(__file__).resolve().parents[2]
ANYTHING = 1


def complaints(page):
    """What docutils says about a page."""
    said = io.StringIO()
    publish_doctree(page.read_text(encoding="utf-8"), source_path=str(page),
                    settings_overrides={"report_level": ANYTHING,
                                        "halt_level": 5,
                                        "warning_stream": said})
    return said.getvalue()


class PagesTest(unittest.TestCase):
    def test_every_page_is_well_formed(self):
        pages = sorted((TOP / "docs").rglob("*.rst"))
        self.assertTrue(pages)
        for page in pages:
            with self.subTest(page=page.name):
                self.assertEqual(complaints(page), "")


if __name__ == "__main__":
    unittest.main()
