"""Whether what is kept still holds: every record with its row and bytes, every leaf with its record, chain and tree."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection

from privacy.crypto.keyring import DecryptionFailed, KeyDestroyed
from privacy.exposure import checkpoints, notes, records, tree, witnesses
from privacy.exposure.checkpoints import FileUnusable
from privacy.exposure.leaves import NO_LEAF, exposure_leaf, statement_leaf
from privacy.exposure.merkle import HASH_BYTES, WIDTH, Frontier, leaf_hash
from privacy.exposure.models import Disclosure, Exposure, LogStatement, LogWitness
from privacy.exposure.notes import NoteInvalid, VerifierKey
from privacy.exposure.sealing import open_counter, open_previous

_PAGE: Final = 1000


@dataclass(slots=True)
class Verdict:
    """What a check of the whole log has found."""

    disclosures: int = 0
    exposures: int = 0
    #: Of people who have left: their key is gone, nobody can open these, and that is right.
    erased: int = 0
    #: Leaves of the sealed log.
    leaves: int = 0
    unsealed: int = 0
    #: Lines of the file outside the database.
    checkpoints: int = 0
    faults: list[dict[str, str | int]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The document that `verify_exposures --json` prints."""
        return {
            "ok": not self.faults,
            "disclosures": self.disclosures,
            "exposures": self.exposures,
            "erased": self.erased,
            "leaves": self.leaves,
            "unsealed": self.unsealed,
            "checkpoints": self.checkpoints,
            "faults": self.faults,
        }


def verify() -> Verdict:
    """Open every exposure, compare it with its row, disclosure, bytes and leaf; and every leaf with the tree.

    What is sealed while it runs may or may not be looked at.
    """
    size = tree.head().size
    verdict = Verdict(disclosures=Disclosure.objects.count(), leaves=size)
    chains: dict[str, tuple[int, bytes]] = {}
    for row in _all_rows():
        verdict.exposures += 1
        verdict.unsealed += row.leaf_index is None
        try:
            fault = _fault(row) or _chain_fault(row, chains)
        except KeyDestroyed:
            verdict.erased += 1
            continue
        except DecryptionFailed:
            fault = "does not open"
        if fault:
            verdict.faults.append({"exposure": row.id, "fault": fault})
    empty = Disclosure.objects.filter(exposures=None).values_list("id", flat=True)
    verdict.faults += [{"disclosure": str(one), "fault": "has no exposure"} for one in empty]
    verdict.faults += _tally_faults()
    verdict.faults += _statement_faults()
    verdict.faults += _tree_faults(size)
    verdict.faults += _checkpoint_faults(verdict)
    verdict.faults += _witness_faults()
    return verdict


def _all_rows() -> Iterator[Exposure]:
    """What is sealed in the order of the log, then what is not."""
    rows = Exposure.objects.select_related("disclosure")
    for name, some in (
        ("leaf_index", rows.exclude(leaf_index=None).order_by("leaf_index")),
        ("seq", rows.filter(leaf_index=None).order_by("seq")),
    ):
        last = -1
        while page := list(some.filter(**{f"{name}__gt": last})[:_PAGE]):
            yield from page
            last = getattr(page[-1], name)


def _fault(row: Exposure) -> str:
    """What is wrong with a row, or ""."""
    sealed_record, sealed_body = bytes(row.record_sealed), bytes(row.body_sealed)
    facts = records.open_record(exposure_id=row.id, holder_id=row.holder_id, sealed=sealed_record).facts
    body = records.open_body(exposure_id=row.id, holder_id=row.holder_id, sealed=sealed_body)
    disclosure = row.disclosure
    said = {
        "id": row.id, "holder": row.holder_id, "fields": row.fields, "at": records.time_text(row.at),
        "schema": disclosure.schema, "purpose": disclosure.purpose, "basis": disclosure.basis,
        "channel": disclosure.channel, "request": disclosure.request_id, "digest": bytes(disclosure.digest).hex(),
        "kept": records.digest(body),
    }  # fmt: skip
    wrong = [name for name, value in said.items() if facts.get(name) != value]
    if {row.recipient_id, disclosure.recipient_id} != {facts["recipient"]["id"]}:
        wrong.append("recipient")
    if not facts["withheld"] and facts["kept"] != facts["digest"]:
        wrong.append("body")
    return f"record and row differ: {', '.join(wrong)}" if wrong else ""


def _chain_fault(row: Exposure, chains: dict[str, tuple[int, bytes]]) -> str:
    """What is wrong with a sealed row's counter, chain or leaf, or ""; `chains` has where each holder's ended."""
    if row.leaf is None or row.counter_sealed is None or row.previous_sealed is None:
        return ""
    who = {"exposure_id": row.id, "holder_id": row.holder_id}
    counter = open_counter(**who, sealed=bytes(row.counter_sealed))
    previous = open_previous(**who, sealed=bytes(row.previous_sealed))
    record = records.open_record(**who, sealed=bytes(row.record_sealed))
    last_counter, last_leaf = chains.get(row.holder_id, (0, NO_LEAF))
    leaf = bytes(row.leaf)
    chains[row.holder_id] = counter, leaf
    if (counter, previous) != (last_counter + 1, last_leaf):
        return f"is number {counter} of its holder, and does not follow number {last_counter}"
    made = exposure_leaf(at=row.at, r=record.r, counter=counter, previous=previous, record=record.canonical)
    return "" if made == leaf else "its leaf is not made of its record"


def _tally_faults() -> list[dict[str, str | int]]:
    """Sums that are not those of the exposures that they count."""
    statement = """
        SELECT t.id FROM privacy_tally AS t LEFT JOIN (
            SELECT tally_id, holder_id, recipient_id, fields, count(*) AS count, max(at) AS last_at
            FROM privacy_exposure WHERE tally_id IS NOT NULL GROUP BY 1, 2, 3, 4
        ) AS x ON x.tally_id = t.id
        WHERE (x.holder_id, x.recipient_id, x.fields, x.count, x.last_at)
            IS DISTINCT FROM (t.holder_id, t.recipient_id, t.fields, t.count, t.last_at)
        UNION ALL
        SELECT x.tally_id FROM privacy_exposure AS x
        WHERE (x.leaf_index IS NOT NULL OR x.is_unsealable) <> (x.tally_id IS NOT NULL)
    """
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [{"tally": found or 0, "fault": "is not the sum of its exposures"} for (found,) in cursor.fetchall()]


def _statement_faults() -> list[dict[str, str | int]]:
    found: list[dict[str, str | int]] = []
    for one in LogStatement.objects.exclude(leaf=None).order_by("id").iterator():
        made = statement_leaf(at=one.at, text=one.text, r=None if one.r is None else bytes(one.r))
        if made != bytes(one.leaf or b""):
            found.append({"statement": one.id, "fault": "its leaf is not made of its text"})
    return found


def _tree_faults(size: int) -> list[dict[str, str | int]]:
    """The first leaf that is not the one in the tree; else the first tile that does not follow from those below."""
    frontier = Frontier()
    for n in range(-(-size // WIDTH)):
        start, end = n * WIDTH, min((n + 1) * WIDTH, size)
        hashes = [leaf_hash(leaf) for leaf in tree.leaves(start, end)]
        kept = tree.read_tile(0, n)
        for place in range(end - start):
            there = kept[place * HASH_BYTES : (place + 1) * HASH_BYTES]
            if place >= len(hashes) or hashes[place] != there:
                return [{"leaf": start + place, "fault": "is not the leaf that the tree was made of"}]
        for (level, tile), made in frontier.grow(hashes).items():
            if level and not tree.read_tile(level, tile).startswith(made):
                return [{"tile": f"{level}/{tile}", "fault": "does not follow from the leaves below it"}]
    if frontier.root() != tree.tree().root(size):
        return [{"root": size, "fault": "is not the root of the leaves"}]
    head = tree.head()
    if head.size == size and bytes(head.root) != frontier.root():
        return [{"root": size, "fault": "is not the root of the leaves"}]
    return []


def _checkpoint_faults(verdict: Verdict) -> list[dict[str, str | int]]:
    """The first published checkpoint that is not of this log and key, or whose tree this log does not begin with.

    What was published before a restore that is acknowledged belongs to another history, and is passed over.
    """
    keys, whole = notes.own_keys(), tree.tree()
    forgiven = checkpoints.acknowledged()
    pending: list[dict[str, str | int]] = []
    try:
        for note in checkpoints.from_settings().all():
            verdict.checkpoints += 1
            found = notes.verify(note, keys)
            if found.size > tree.head().size or whole.root(found.size) != found.root:
                pending.append({"checkpoint": verdict.checkpoints, "fault": "is not of this log's history"})
            if found in forgiven:
                pending.clear()
    except FileUnusable as unusable:
        return [{"checkpoint": verdict.checkpoints + 1, "fault": str(unusable)}]
    except NoteInvalid as invalid:
        return [{"checkpoint": verdict.checkpoints, "fault": str(invalid)}]
    return pending[:1]


def _witness_faults() -> list[dict[str, str | int]]:
    """What a witness has signed and this log does not begin with; and who says so by itself."""
    found: list[dict[str, str | int]] = []
    asked = {str(one.key) for one in witnesses.configured()}
    rows = list(LogWitness.objects.order_by("key"))
    whole, size = tree.tree(), tree.head().size
    for row in rows:
        key = VerifierKey.parse(row.key)
        try:
            seen = notes.verify(row.note, [key]) if row.note else None
        except NoteInvalid as invalid:
            found.append({"witness": key.name, "fault": str(invalid)})
            continue
        if seen and (seen.size > size or whole.root(seen.size) != seen.root):
            found.append({"witness": key.name, "fault": "has signed what is not the beginning of this log"})
        if row.key in asked and row.failure in witnesses.ACCUSES:
            found.append({"witness": key.name, "fault": f"does not sign: {row.failure}"})
    return found
