# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line of lab/lab."""

import argparse
import json
import signal
import sys

from . import cluster, daemon, fabric, nodes, scenario, several, ssh, target
from .say import LabError, say

HOST_NAMES = sorted(nodes.NODES)


def parser():
    main = argparse.ArgumentParser(prog="lab", description="A Fibre Channel fabric in software, and machines on it.")
    commands = main.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, run, text, **more):
        made = commands.add_parser(name, help=text, description=text, **more)
        made.set_defaults(run=run)
        return made

    command("build", do_build, "make the images that `up` needs")
    made = command("up", do_up, "start the fabric and the machines, and wait until they are on the fabric")
    made.add_argument("--nodes", type=lambda text: text.split(","), default=HOST_NAMES, metavar="A,B",
                      help=f"only these of {', '.join(HOST_NAMES)}")
    made = command("down", do_down, "end the lab and forget its machines' disks")
    made.add_argument("--all", action="store_true", help="all labs that `run --labs` has left behind, too")
    command("status", do_status, "what runs")
    command("list", do_list, "the scenarios")
    made = command("exec", do_exec, "run a command on a machine: status and both streams come through")
    made.add_argument("host", choices=HOST_NAMES)
    made.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD…")
    for name, run, text in (("shell", do_shell, "a shell on a machine"),
                            ("reboot", do_reboot, "reboot a machine in order, and wait for it"),
                            ("kill", do_kill, "cut a machine's power"),
                            ("start", do_start, "give a machine power again, and wait for it")):
        command(name, run, text).add_argument("host", choices=HOST_NAMES)
    made = command("fabric", do_fabric, "log: every login and logout so far; other words go to the fabric as they are")
    made.add_argument("words", nargs="+", metavar="log|ports|logins|policy|link|zone|zones|stats")
    made = command("lun", do_lun, "list | add NAME SIZE | del NAME | map NAME WWPN UNIT | unmap WWPN UNIT")
    made.add_argument("words", nargs="+", metavar="WORD")
    made = command("run", do_run, "run scenarios; they print TAP")
    made.add_argument("--labs", type=int, default=1, metavar="N",
                      help="in N labs at once; each needs two processors and 3 GiB of memory")
    made.add_argument("--limit", type=int, default=0, metavar="SECONDS", help="that each may take; 0: no limit")
    made.add_argument("scenarios", nargs="+", metavar="SCENARIO")
    return main


def do_build(_):
    cluster.build()


def do_up(arguments):
    unknown = set(arguments.nodes) - set(HOST_NAMES)
    if unknown:
        raise LabError(f"there is no machine {', '.join(sorted(unknown))}; there are {', '.join(HOST_NAMES)}")
    cluster.up(arguments.nodes)


def do_down(arguments):
    if arguments.all:
        return 0 if several.down() else 1
    say("the lab is down" if cluster.down() else "the lab was not up")


def do_status(_):
    print("\n".join(cluster.status()))


def do_list(_):
    for name, text, by_name in scenario.listing():
        print(f"{name:20} {text}" + (f" [by name only: {by_name}]" if by_name else ""))


def do_exec(arguments):
    argv = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    if not argv:
        raise LabError("exec needs a command: lab exec HOST -- CMD…")
    return ssh.call(arguments.host, argv)


def do_shell(arguments):
    return ssh.call(arguments.host, [], terminal=True)


def do_reboot(arguments):
    cluster.reboot(arguments.host)


def do_kill(arguments):
    cluster.kill(arguments.host)


def do_start(arguments):
    cluster.start(arguments.host)


def do_fabric(arguments):
    if arguments.words == ["log"]:
        if not fabric.LOG.exists():
            raise LabError("there is no log, since there is no lab; `lab up` starts one")
        sys.stdout.write(fabric.LOG.read_text())
    else:
        print(json.dumps(fabric.control(*arguments.words)))


def do_lun(arguments):
    match arguments.words:
        case ["list"]:
            print(json.dumps(target.listing(), indent=1))
        case ["add", name, size]:
            target.add(name, target.parse_size(size))
        case ["del", name]:
            target.remove(name)
        case ["map", name, wwpn, unit]:
            target.show(name, wwpn, int(unit))
        case ["unmap", wwpn, unit]:
            target.unmap(wwpn, int(unit))
        case _:
            raise LabError("lun takes: list | add NAME SIZE | del NAME | map NAME WWPN UNIT | unmap WWPN UNIT")


def do_run(arguments):
    if arguments.labs == 1:
        return 0 if scenario.run_all(arguments.scenarios, arguments.limit) else 1
    if daemon.running():
        raise LabError("a lab runs already; `lab down` ends it, then there can be several")
    for name in arguments.scenarios:
        scenario.load(name)
    cluster.build()
    return 0 if several.Labs(arguments.scenarios, arguments.labs, arguments.limit).play() else 1


def main():
    arguments = parser().parse_args()
    # So that what must be undone is undone, as after a keyboard interrupt.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return arguments.run(arguments) or 0
    except (LabError, PermissionError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
