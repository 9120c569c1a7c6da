#!/usr/bin/env python3
"""Duban's one entry point: makes its own environment, finds the database, runs the command.

python3 manage.py up      serve Duban on this machine
python3 manage.py test    run the tests (arguments go to pytest)
python3 manage.py help    everything else
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

from config import bootstrap

# Commands that touch no database, so none is started for them.
WITHOUT_DATABASE = {
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "version",
}
# Commands that write a lot and get a server of their own, under the data directory.
APART = {"test", "bench"}
# Commands that speak to the database as a role of their own; the others are the application.
ROLES = {
    "backup": "owner",
    "key": "worker",
    "migrate": "owner",
    "open_origin": "worker",
    "rebuild_search": "worker",
    "restore": "owner",
    "sqlmigrate": "owner",
    "worker": "worker",
}


def main(argv: list[str]) -> int:
    command = argv[1] if len(argv) > 1 else "help"
    argv = bootstrap.take_data_option(argv)
    bootstrap.enter_environment(with_tests=command in APART)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["DUBAN_ROLE"] = ROLES.get(command, "app")

    # From here on the packages of requirements.lock are there.
    from config import postgres

    database: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if not (command in WITHOUT_DATABASE or "--help" in argv or command.startswith("-")):
        data = bootstrap.data_dir() / (command if command in APART else "")
        database = postgres.available(data, durable=command != "test")
    with database:
        if command == "test":
            return run_pytest(argv[2:])
        return run_django(argv)


def run_django(argv: list[str]) -> int:
    from django.core.management import execute_from_command_line

    execute_from_command_line(argv)
    return 0


def run_pytest(arguments: list[str]) -> int:
    """Run pytest beside us, so that the database outlives an interrupted run by a moment."""
    process = subprocess.Popen([sys.executable, "-m", "pytest", *arguments], cwd=bootstrap.HOME)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # pytest got the same signal and is tidying up


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv))
    except bootstrap.Obstacle as obstacle:
        sys.exit(f"duban: {obstacle}")
    except KeyboardInterrupt:
        sys.exit(130)
