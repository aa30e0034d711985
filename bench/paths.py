# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where things are; makes the lab's library importable."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
OBJ = TOP / "build" / "obj"
OUT = TOP / "build" / "bench"

sys.path.append(str(TOP / "lab"))
