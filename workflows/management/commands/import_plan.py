"""manage.py import_plan FILE: a plan document becomes a proposal, or a draft plan."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.errors import Refused
from directory.models import Organisation, Person
from workflows import importing, wording
from workflows.actions import import_review, imports
from workflows.importing import DirectorySnapshot, Proposal, sandbox
from workflows.models import PlanImport
from workflows.queries import imports as queries


class Command(BaseCommand):
    help = str(_("Import a plan document: show what would be proposed, or store a draft plan."))

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help=str(_("a .docx, .html or .txt file")))
        parser.add_argument(
            "--dry-run", action="store_true", help=str(_("propose only, store nothing"))
        )
        parser.add_argument(
            "--json", action="store_true", help=str(_("print the proposal as JSON (dry run)"))
        )
        parser.add_argument(
            "--organisation", help=str(_("whose directory names are looked up in (dry run)"))
        )
        parser.add_argument(
            "--as", dest="username", help=str(_("the coordinator in whose name it is stored"))
        )

    def handle(self, *, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise CommandError(_("%s can't be read.") % file) from error
        try:
            if dry_run:
                self._propose(data, file.name, options["organisation"], options["json"])
            else:
                self._store(data, file.name, options["username"])
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal

    def _propose(self, data: bytes, name: str, organisation: str | None, as_json: bool) -> None:
        directory = _directory(organisation) if organisation else DirectorySnapshot()
        try:
            proposal = sandbox.propose_file(data, name, directory)
        except importing.Refused as refusal:
            raise imports.DocumentRefused(
                reason=str(wording.REFUSALS[refusal.code]) % refusal.params
            ) from refusal
        if as_json:
            self.stdout.write(json.dumps(proposal.to_score_json(), ensure_ascii=False, indent=1))
        else:
            self._describe(proposal)

    def _describe(self, proposal: Proposal) -> None:
        self.stdout.write(proposal.title)
        if proposal.not_a_plan:
            why = proposal.not_a_plan
            self.stdout.write(str(wording.NOT_A_PLAN[why.reason]) % why.params)
        for measure in proposal.measures:
            units = "、".join(unit.text for unit in measure.units) or "–"
            self.stdout.write(f"{measure.number} {measure.heading}  [{units}]")
        for question in proposal.questions:
            mark = "!" if question.severity == "blocking" else "?"
            self.stdout.write(f"{mark} {wording.asked(question, {})}")

    def _store(self, data: bytes, name: str, username: str | None) -> None:
        """Upload; accept what is proposed; make the draft unless something only a person knows."""
        if not username:
            raise CommandError(_("Say with --as in which coordinator's name the plan is stored."))
        actor = Person.objects.filter(username=username, is_active=True).first()
        if actor is None:
            raise CommandError(_("There is no account %s.") % username)
        at = timezone.now()
        found = imports.upload_document(filename=name, data=data, actor=actor, at=at)
        found = import_review.accept_proposals(
            import_id=found.pk, revision=found.revision, actor=actor, at=at
        )
        self._finish(found, actor)

    def _finish(self, found: PlanImport, actor: Person) -> None:
        draft = queries.draft_of(found)
        coordinator = found.answers["document"]["coordinator"]
        if count := len(queries.blockers(draft, coordinator)):
            self.stdout.write(
                _("%(count)d questions only a person can answer; the import waits at:")
                % {"count": count}
            )
            self.stdout.write(_address("plan_review", found.pk))
            return
        plan = imports.confirm_import(
            import_id=found.pk, revision=found.revision, actor=actor, at=timezone.now()
        )
        self.stdout.write(_address("plan", plan.pk))


def _directory(name: str) -> DirectorySnapshot:
    organisation = Organisation.objects.filter(name=name).first()
    if organisation is None:
        raise CommandError(_("There is no organisation %s.") % name)
    return queries.snapshot(organisation.pk)


def _address(page: str, key: Any) -> str:
    return f"{settings.ORIGIN}{reverse(page, args=[key])}"
