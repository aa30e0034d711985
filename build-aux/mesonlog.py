# SPDX-License-Identifier: LGPL-2.1-or-later
"""What 'meson test' has found out."""

import json


def path(build, setup=""):
    """The log of a run in BUILD, of one with --setup if SETUP says which."""
    suffix = f"-{setup}" if setup else ""
    return build / "meson-logs" / f"testlog{suffix}.json"


def read(build, setup=""):
    """The results of the last run: {test: (result, what it printed)}; none
    if there was no run."""
    results = {}
    log = path(build, setup)
    if not log.exists():
        return results
    with open(log) as lines:
        for line in lines:
            test = json.loads(line)
            name = test["name"].split(" / ")[-1]
            text = test.get("stdout", "") + test.get("stderr", "")
            results[name] = (test["result"], text)
    return results
