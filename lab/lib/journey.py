# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest on the move: on which host it is, which vHBAs of its pairs carry it there, and whether all went well."""

import time

from . import fabric, guest, handover, target
from .handover import NAME
from .say import LabError


class Journey:
    """The way of handover.NAME, which begins on a. here, there: the Host that it is on, and the other one.

    pairs: as they are now, each a (primary, secondary), the first of which carries the disk that it writes to.
    nets: the fabric of each. others: domains that stay where they are. life: the guest.Watch of its present life.
    """

    def __init__(self, t, *pairs, nets=(), others=()):
        self.t = t
        self.here, self.there = t.a, t.b
        self.pairs = [tuple(pair) for pair in pairs]
        self.nets = nets or [fabric.FIRST] * len(pairs)
        self.others = others
        self.life = None
        self.consoles = []
        self.begin = 0
        self.marks = {net: 0 for net in fabric.ALL}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.life:
            self.life.stop()

    @property
    def primary(self):
        return self.pairs[0][0]

    @property
    def secondary(self):
        return self.pairs[0][1]

    @property
    def ports(self):
        return [port for pair in self.pairs for port in pair]

    @property
    def uri(self):
        return f"qemu+ssh://{self.there.name}/system"

    def start(self, disk="disk"):
        """Starts the guest where it is; disk: the LUN that it writes to."""
        self.life = guest.Watch(target.backing(disk))
        self.here.virsh("start", NAME)
        self.life.wait(20)

    def departs(self):
        """What follows is part of the next move."""
        self.begin = time.time()
        self.marks = {net: net.mark() for net in fabric.ALL}

    def migrate(self, *options, name=NAME, timeout=300):
        """A move that must succeed."""
        self.departs()
        self.here.virsh("migrate", *options, name, self.uri, timeout=timeout)

    def refused(self, *options, name=NAME, timeout=300):
        """A move that must not succeed; returns the error."""
        self.departs()
        return self.here.virsh_refuses("migrate", *options, name, self.uri, timeout=timeout)

    def has_moved(self, when, name=NAME):
        """The guest and its vHBAs are there, with swapped roles, and nothing is left here; `here` is there from now."""
        self.vhbas_have_moved(when)
        self.is_here(when, name)

    def vhbas_have_moved(self, when):
        """As has_moved, for a guest that need not run."""
        handover.check_has_nothing(self.t, self.here, self.ports, when, self.others)
        self.swap()
        for (primary, secondary), net in zip(self.pairs, self.nets):
            net.wait_login(secondary.wwpn, self.here.name, since=self.marks[net])
            handover.check_pair(self.t, self.here, primary, secondary, when, net)
        self.t.equal(self.here.vhbas(), sorted(port.name for port in self.ports),
                     f"{when}: {self.here.name} knows no other vHBA")

    def wait_back(self):
        """Waits until the secondaries that were lent are logged in here again."""
        for (_, secondary), net in zip(self.pairs, self.nets):
            net.wait_login(secondary.wwpn, self.here.name, since=self.marks[net])

    def has_stayed(self, when):
        """The guest and its vHBAs are where and what they were, and nothing is there."""
        for (primary, secondary), net in zip(self.pairs, self.nets):
            handover.check_pair(self.t, self.here, primary, secondary, when, net)
            gone = [event for event in net.events(self.marks[net]) if event["event"] == "logout"
                    and event["wwpn"] == primary.wwpn]
            self.t.equal(gone, [], f"{when}: {primary.wwpn} never left the fabric")
        handover.check_has_nothing(self.t, self.there, self.ports, when, self.others)
        self.is_here(when)

    def is_here(self, when, name=NAME):
        """The guest runs here and has lost nothing on its way."""
        self.t.equal(self.here.names("list", "--name"), [name], f"{when}: the guest runs on {self.here.name}")
        handover.check_writes(self.t, self.life, self.begin, when)

    def swap(self):
        """It is on the other host now, carried by what was secondary."""
        self.consoles.append(handover.take_console(self.here))
        self.here, self.there = self.there, self.here
        self.pairs = [(secondary, primary) for primary, secondary in self.pairs]

    def gap(self):
        """The longest time in seconds between two writes since the last departure."""
        return self.life.longest_gap(self.begin)[0]

    def end(self, name=NAME):
        """Stops the guest and judges its present life."""
        if not self.life:
            raise LabError(f"{name} was not started")
        self.here.virsh("destroy", name)
        self.life.stop()
        self.consoles.append(handover.take_console(self.here))
        self.t.equal(self.life.lost, [], "no write is lost")
        self.t.nothing_wrong(guest.check_disk(self.life.path), "the guest's disk is as it should be")
        self.t.nothing_wrong(guest.check_console("".join(self.consoles)), "the guest's console is as it should be")
        self.consoles = []
        self.life = None
        self.t.no_double_login()
        handover.no_contest(self.t, *(port.wwpn for port in self.ports))
