# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole lab: up, down, and the power switch of each machine."""

import contextlib
import fcntl
import shutil
import signal

from . import daemon, fabric, follow, image, nodes, ssh, target, vm
from .paths import BUILD, LIVE, RUNS
from .say import LabError, LabTimeout, say


@contextlib.contextmanager
def lock(what=LIVE.name):
    """One command at a time changes which machines of a lab run; one makes images, for all labs."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / f"{what}.lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build():
    """Makes everything that `up` needs and that can be made beforehand."""
    with lock("images"):
        _build()


def _build():
    fabric.build()
    image.base()
    image.libvirt()
    image.lab()


def up(names):
    """Starts the fabric and the named machines, new and empty, and waits until the fabric has them all."""
    with lock():
        if daemon.running():
            raise LabError(f"the lab runs already ({', '.join(daemon.running())}); `lab down` ends it")
        shutil.rmtree(LIVE, ignore_errors=True)
        LIVE.mkdir(parents=True, mode=0o700)
        with lock("images"):
            _build()
            vm.take_images()
        ssh.make_keys()
        fabric.FIRST.start(nodes.FABRIC_PORTS)
        fabric.SECOND.start(nodes.NODES)
        machines = [nodes.NODES[name] for name in names]
        say(f"starting {', '.join(names)}")
        try:
            for node in machines:
                vm.prepare(node)
            for node, offset in [(node, vm.start(node)) for node in machines]:
                _see_it_boot(node, 0)
                _come_up(node, offset, 0)
        except BaseException:
            logs = keep_logs(RUNS / f"up-{LIVE.name}")
            say(f"not all machines came up; the logs are in {logs}, `lab down` removes what is left")
            raise


def keep_logs(home):
    """Copies all logs that are on this machine to the directory `home`, which is made anew; returns it."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for pattern in ("*.log", "*.out", "*.console", "luns.json"):
        for path in LIVE.glob(pattern):
            shutil.copy(path, home)
    return home


def _see_it_boot(node, console_offset):
    """Gives power once more to a machine whose kernel says nothing: an emulator that hangs has been seen."""
    try:
        vm.wait_kernel(node, console_offset)
    except LabTimeout as silence:
        say(f"{silence}; it gets power again")
        daemon.stop(node.name, signals=(signal.SIGKILL,))
        vm.start(node)


def _come_up(node, offset, fabric_mark):
    vm.wait_ready(node, offset)
    (LIVE / f"{node.name}.port").write_text(str(vm.ssh_port(node)))
    ssh.set_ports({path.stem: int(path.read_text()) for path in LIVE.glob("*.port")})
    fabric.wait_login(node.hba_wwpn, node.name, since=fabric_mark)
    if node.role == "target":
        target.restore()
    say(f"{node.name} is up and on the fabric")


def down():
    """Ends everything and removes what only the running lab needs. True if there was something to end."""
    with lock():
        for node in nodes.NODES:
            if (LIVE / f"{node}.ssh").exists():
                ssh.disconnect(node)
        # The machines' disks are thrown away, so there is nothing to shut down gently.
        ended = [daemon.stop(name, signals=(signal.SIGKILL,)) for name in daemon.running()]
        shutil.rmtree(LIVE, ignore_errors=True)
        return any(ended)


def kill(name):
    """Cuts a machine's power."""
    with lock():
        ssh.disconnect(name)
        if not daemon.stop(name, signals=(signal.SIGKILL,)):
            raise LabError(f"{name} has no power already; `lab start {name}` gives it power")
        (LIVE / f"{name}.port").unlink(missing_ok=True)


def is_up(name):
    """Whether a machine has come up, and has power still."""
    return bool(daemon.pid(name)) and (LIVE / f"{name}.port").exists()


def start(name):
    """Gives a machine power again; its disk is as the power cut left it."""
    with lock():
        node = nodes.NODES[name]
        if not vm.events(node).exists():
            raise LabError(f"{name} is not part of the running lab; start it with `lab up`")
        fabric_mark, console_offset = fabric.mark(), follow.size(vm.console(node))
        offset = vm.start(node)
        _see_it_boot(node, console_offset)
        _come_up(node, offset, fabric_mark)


def reboot(name):
    """Shuts a machine down in order and waits until it is back on the fabric."""
    with lock():
        node = nodes.NODES[name]
        offset, fabric_mark, console_offset = follow.size(vm.events(node)), fabric.mark(), follow.size(vm.console(node))
        ssh.run(name, ["systemctl", "reboot"])
        ssh.disconnect(name)
        vm.wait_restart(node, console_offset)
        _see_it_boot(node, follow.size(vm.console(node)))
        _come_up(node, offset, fabric_mark)


def status():
    """One line for each part of the lab."""
    alive = daemon.running()
    lines = [f"{each.name:8} {'runs' if each.name in alive else 'off'}" for each in fabric.ALL]
    for name, node in nodes.NODES.items():
        lines.append(f"{name:8} {'runs' if name in alive else 'off':5} HBA {node.hba_wwpn}")
    return lines
