# SPDX-License-Identifier: LGPL-2.1-or-later
"""What came of many actions with several clients, as a table in Markdown."""

WORKS = "works"


class Matrix:
    """Rows are actions in the order in which they were first tried; columns are clients."""

    def __init__(self, what, columns):
        self.what, self.columns = what, list(columns)
        self.rows = {}

    def put(self, action, client, outcome):
        self.rows.setdefault(action, {})[client] = outcome

    def __str__(self):
        lines = [[self.what, *self.columns], ["---"] * (1 + len(self.columns))]
        lines += [[action, *(cells.get(column, "") for column in self.columns)]
                  for action, cells in self.rows.items()]
        return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
