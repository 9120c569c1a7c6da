import contextlib
import hashlib
import http.client
import os
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from typing import Any

import psycopg2
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command, get_commands
from django.core.management.base import BaseCommand
from django.utils import translation
from django.utils.translation import gettext as _

from config import postgres, terminal
from config.supervisor import Broken, Child, Supervisor

STAMP = "prepared"  # in the data directory: which state of the code everything was prepared for
ACCOUNTS = "accounts.txt"  # in the data directory: how to sign in to the demo


class Command(BaseCommand):
    """Serve Duban on this machine: database, web and worker under one supervisor."""

    help = __doc__ or ""
    requires_system_checks = []  # `migrate` runs them, when anything changed
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument("--no-demo", action="store_true", help="start without the demo")
        parser.add_argument("--data", help="directory for all data (default: .data)")

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(terminal.language()):
            self.up(options["host"], options["port"], demo=not options["no_demo"])

    def up(self, host: str, port: int, *, demo: bool) -> None:
        """Prepare, start, tell how to get in, and stay until told to stop."""
        require_free_port(host, port)
        self.prepare(demo=demo)
        self.say(_("Starting the web server and the worker"))
        try:
            with Supervisor() as processes:
                web = processes.add("web", gunicorn(host, port))
                processes.add(
                    "worker", manage("worker"), {"DUBAN_ROLE": "worker", "PYTHONUNBUFFERED": "1"}
                )
                if wait_until_served(processes, web, host, port):
                    self.welcome(host, port)
                processes.watch(also=keep_database_running)
        except Broken as broken:
            raise CommandError(
                _("The %(process)s process stops right after its start; see the lines above.")
                % {"process": str(broken)}
            ) from broken
        self.say(_("Stopped. All data is kept in %(place)s.") % {"place": settings.DATA_DIR})

    def prepare(self, *, demo: bool) -> None:
        """Whatever the code of today needs and the data directory doesn't have yet."""
        stamp, state = settings.DATA_DIR / STAMP, state_of_code()
        if not stamp.exists() or stamp.read_text() != state:
            self.say(_("Bringing the database up to date"))
            run(manage("migrate", "--verbosity", "0"))
            self.say(_("Collecting static files"))
            call_command("collectstatic", interactive=False, verbosity=0)
            stamp.write_text(state)
        if demo and "load_demo" in get_commands() and not has_organisation():
            self.say(_("Loading the demo: a plan, its units and invented people"))
            call_command("load_demo", verbosity=0)

    def welcome(self, host: str, port: int) -> None:
        """The address and the ways in: all that a newcomer needs."""
        shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::"} else host  # noqa: S104
        address = settings.ORIGIN or f"http://{shown}:{port}"
        lines = ["", _("Duban is ready: %(address)s") % {"address": address}, ""]
        accounts = settings.DATA_DIR / ACCOUNTS
        if accounts.exists():
            lines += [accounts.read_text().rstrip(), ""]
        if settings.EMBEDDED:
            lines.append(_("Its PostgreSQL is embedded: right for evaluation and small offices."))
        lines.append(_("Ctrl-C stops it."))
        self.stdout.write("\n".join(lines))
        self.stdout.flush()

    def say(self, text: str) -> None:
        self.stdout.write(f"· {text}")
        self.stdout.flush()


def manage(*arguments: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]


def gunicorn(host: str, port: int) -> list[str]:
    """gthread keeps connections open cheaply; preloading forks what is imported once."""
    workers = max(2, min(os.cpu_count() or 2, 4))
    return [
        *(sys.executable, "-m", "gunicorn", "config.wsgi"),
        *("--bind", f"[{host}]:{port}" if ":" in host else f"{host}:{port}"),
        *("--worker-class", "gthread", "--workers", str(workers), "--threads", "4"),
        *("--preload", "--no-control-socket", "--chdir", str(settings.BASE_DIR)),
        *("--log-level", "warning", "--graceful-timeout", "8", "--timeout", "60"),
    ]


def run(command: list[str]) -> None:
    """Run a step in a process of its own; its own words say what went wrong."""
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode:
        raise CommandError(_("A step of the start failed; the lines above say why."))


def require_free_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                _("Port %(port)s can't be used here (%(reason)s). Choose another with --port.")
                % {"port": port, "reason": error}
            ) from error


def wait_until_served(processes: Supervisor, web: Child, host: str, port: int) -> bool:
    """True once the web server answers anything at all; False if we were told to stop first."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    while not processes.stopping:
        web.revive()
        connection = http.client.HTTPConnection(target, port, timeout=5)
        try:
            connection.request("GET", "/livez")
            connection.getresponse().read()
            return True
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    return False


def keep_database_running() -> None:
    """Start our own PostgreSQL again if it was killed under us.

    One that resets its sessions at this very moment may close ours: the next look comes soon.
    """
    if settings.EMBEDDED:
        with contextlib.suppress(psycopg2.OperationalError):
            postgres.Cluster.at(settings.DATA_DIR).ensure_running()


def has_organisation() -> bool:
    return apps.get_model("directory", "Organisation").objects.exists()


def state_of_code() -> str:
    """Changes whenever tables, privileges or static files might: names, sizes, times of files."""
    digest = hashlib.sha256(str(settings.STATIC_ROOT).encode())
    patterns = (
        "*/migrations/*.py",
        "*/models.py",
        "*/models/*.py",
        "config/*.py",
        "static/**/*",
        "*.lock",
    )
    for path in sorted(path for pattern in patterns for path in settings.BASE_DIR.glob(pattern)):
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
