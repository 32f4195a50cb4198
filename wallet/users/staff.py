"""Members of the staff: accounts without a wallet, made by a command, opened by a passkey and nothing else."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import Group

from wallet.core import staff
from wallet.core.actors import Actor
from wallet.core.staff import Role
from wallet.core.transactions import owns_transaction
from wallet.users import codes
from wallet.users.models import Holder
from wallet.users.people import HolderNotFound

#: How long an invitation can be used.
INVITATION: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the new colleague needs once: /recover takes the code and asks for a passkey."""

    staff_id: str
    code: str
    expires_at: datetime


@owns_transaction
def create_staff(*, roles: Collection[Role], actor: Actor, now: datetime) -> Invitation:
    """A member of the staff without a key yet, and the code that lets them make one."""
    member = Holder(is_staff=True, created_at=now)
    member.set_unusable_password()
    member.save(force_insert=True)
    _set_roles(member, roles)
    _record(member, "staff.create", roles, actor, now)
    return _invite(member, now)


@owns_transaction
def reinvite_staff(*, staff_id: str, roles: Collection[Role], actor: Actor, now: datetime) -> Invitation:
    """A new code for somebody who lost their passkeys, which open nothing any more; other roles where some are named.

    Raises:
        HolderNotFound: there is no such member of the staff.
    """
    member = _get(staff_id)
    member.passkeys.all().delete()
    member.sessions.all().delete()
    if roles:
        _set_roles(member, roles)
    _record(member, "staff.reinvite", roles, actor, now)
    return _invite(member, now)


@owns_transaction
def dismiss_staff(*, staff_id: str, actor: Actor, now: datetime) -> None:
    """Shut somebody out: their sessions, passkeys and codes end; what they did stays on record.

    Raises:
        HolderNotFound: there is no such member of the staff.
    """
    member = _get(staff_id)
    member.passkeys.all().delete()
    member.sessions.all().delete()
    member.recovery_codes.all().delete()
    member.groups.clear()
    Holder.objects.filter(pk=member.pk).update(is_active=False)
    _record(member, "staff.dismiss", (), actor, now)


def roles_of(member: Holder) -> list[str]:
    """The roles of a member of the staff, in order."""
    return sorted(member.groups.values_list("name", flat=True))


def _get(staff_id: str) -> Holder:
    member = Holder.objects.select_for_update().filter(id=staff_id, is_staff=True, is_active=True).first()
    if member is None:
        raise HolderNotFound
    return member


def _set_roles(member: Holder, roles: Collection[Role]) -> None:
    member.groups.set(Group.objects.filter(name__in=[str(role) for role in roles]))


def _record(member: Holder, act: str, roles: Collection[Role], actor: Actor, now: datetime) -> None:
    facts = {"roles": " ".join(sorted(str(role) for role in roles))}
    staff.record(actor=actor, act=act, subject=member.id, facts=facts, now=now)


def _invite(member: Holder, now: datetime) -> Invitation:
    expires_at = now + INVITATION
    return Invitation(member.id, codes.invite(holder=member, expires_at=expires_at), expires_at)
