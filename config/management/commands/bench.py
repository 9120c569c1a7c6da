import importlib
import json
import subprocess
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

MODULES = {"import": "importing"}  # where the name of a benchmark can't be that of a module


class Command(BaseCommand):
    """Run one of the benchmarks in bench/; the last line is its result as JSON.

    It writes a lot, so it gets a database server of its own beside the product's, as durable.
    """

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=names(), metavar="NAME", help=", ".join(names()))
        parser.add_argument("--json", action="store_true", help="print the result alone")

    def handle(self, *args: Any, **options: Any) -> None:
        migrate = [sys.executable, str(settings.BASE_DIR / "manage.py"), "migrate", "-v", "0"]
        subprocess.run(migrate, check=True)
        module = importlib.import_module(f"bench.{MODULES.get(options['name'], options['name'])}")
        result = module.main(json_only=options["json"])
        self.stdout.write(json.dumps(result, ensure_ascii=False, sort_keys=True))


def names() -> list[str]:
    files = (settings.BASE_DIR / "bench").glob("*.py")
    modules = {path.stem for path in files if not path.stem.startswith("_")}
    return sorted(modules - set(MODULES.values()) | set(MODULES))
