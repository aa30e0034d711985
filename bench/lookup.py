# SPDX-License-Identifier: LGPL-2.1-or-later
"""Row 1: a LUN's device by the WWNs of its vHBA, by the index and by libvirt's own walks, in one process."""

import os
import subprocess

import plot
from paths import OBJ
from table import compare, median

PROGRAM = OBJ / "tests" / "virfclunscaletest"
LUNS = 64


def measure(vhbas, rounds):
    """So many samples in microseconds, for so many vHBAs: the index, the walk, the index asked about one vHBA only, and
    the index with nothing in the processor's caches."""
    done = subprocess.run([PROGRAM], env={**os.environ, "VIR_TEST_SCALE": f"{vhbas},{rounds}"},
                          check=True, capture_output=True, text=True)
    lines = [line.split()[2:] for line in done.stdout.splitlines() if line.startswith("@ ")]
    return [[int(value) / 1000 for value in column] for column in zip(*lines)]


def rows(say, quick, picture):
    """The table's rows; picture: a file for the plot of growth."""
    table, growth, few, cold = [], {}, {}, {}
    for vhbas in (1, 255) if quick else (1, 4, 16, 64, 255):
        say(f"row 1: lookup among {vhbas} x {LUNS} LUNs")
        ours, other, few[vhbas], cold[vhbas] = measure(vhbas, 3 if quick else 9)
        growth[vhbas] = (ours, other)
        most = vhbas == 255
        table.append(compare(f"1 lookup, {vhbas} x {LUNS}", ours, other, "us",
                             "1000 times faster" if most else "faster",
                             lambda mine, theirs, times=1000 if most else 1: mine * times <= theirs))
    table += [compare("1 lookup, ours at 255 x 64 / at 1 x 64", growth[255][0], growth[1][0], "us",
                      "within 1.2", lambda mine, theirs: mine <= 1.2 * theirs,
                      f"asked about one vHBA's LUNs only, among all of them: {median(few[255]):.1f} us. The rest is "
                      "cache misses, three quarters of them in the kernel's look-up of paths (__d_lookup_rcu, "
                      "inode_permission)"),
              compare("1 lookup, the same with nothing in the caches", cold[255], cold[1], "us",
                      "within 1.2", lambda mine, theirs: mine <= 1.2 * theirs)]
    picture.write_text(plot.draw({vhbas: tuple(map(median, samples)) for vhbas, samples in growth.items()}, LUNS))
    return table
