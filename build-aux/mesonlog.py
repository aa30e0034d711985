# SPDX-License-Identifier: LGPL-2.1-or-later
"""What 'meson test' has found out."""

import json


def path(build):
    return build / "meson-logs" / "testlog.json"


def read(build, setup=""):
    """The results of the last run in BUILD, of one with --setup if SETUP
    says which: {test: (result, what it printed)}."""
    results = {}
    log = path(build)
    if setup:
        log = log.with_name(f"testlog-{setup}.json")
    with open(log) as lines:
        for line in lines:
            test = json.loads(line)
            name = test["name"].split(" / ")[-1]
            text = test.get("stdout", "") + test.get("stderr", "")
            results[name] = (test["result"], text)
    return results
