"""Make, re-invite or dismiss a member of the staff, from the machine itself: nobody is made in a browser."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.commands import WalletCommand
from wallet.core.errors import WalletError
from wallet.core.staff import Role
from wallet.users import staff

_ACTOR = Actor.system("create_staff")


class Command(WalletCommand):
    help = "Make a member of the staff and print the one code that lets them make their passkey (good for 24 hours)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--role", action="append", default=[], choices=[str(role) for role in Role])
        parser.add_argument("--staff", metavar="HOLDER", help="a new code for somebody who lost their passkeys")
        parser.add_argument("--dismiss", metavar="HOLDER", help="shut somebody out")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        roles = [Role(role) for role in options["role"]]
        try:
            if options["dismiss"]:
                staff.dismiss_staff(staff_id=options["dismiss"], actor=_ACTOR, now=clock.now())
                self._say({"staff": options["dismiss"], "dismissed": True}, as_json=options["json"])
                return
            invitation = self._invite(options["staff"], roles)
        except WalletError:
            raise CommandError("There is no such member of the staff") from None
        answer = {
            "staff": invitation.staff_id,
            "url": f"{settings.PUBLIC_URL}/recover",
            "code": invitation.code,
            "expires_at": invitation.expires_at.isoformat(timespec="seconds"),
        }
        self._say(answer, as_json=options["json"])

    def _invite(self, staff_id: str | None, roles: list[Role]) -> staff.Invitation:
        if staff_id:
            return staff.reinvite_staff(staff_id=staff_id, roles=roles, actor=_ACTOR, now=clock.now())
        if not roles:
            raise CommandError("--role: at least one of " + ", ".join(Role))
        return staff.create_staff(roles=roles, actor=_ACTOR, now=clock.now())

    def _say(self, answer: dict[str, Any], *, as_json: bool) -> None:
        lines = (f"{name:12}{value}" for name, value in answer.items())
        self.stdout.write(json.dumps(answer) if as_json else "\n".join(lines))
