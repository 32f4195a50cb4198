"""Whether what is kept still holds: every record with its row and bytes, every leaf with its record, chain and tree."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from privacy.crypto.keyring import DecryptionFailed, KeyDestroyed
from privacy.exposure import records, tree
from privacy.exposure.leaves import NO_LEAF, exposure_leaf, statement_leaf
from privacy.exposure.merkle import HASH_BYTES, WIDTH, Frontier, leaf_hash
from privacy.exposure.models import Disclosure, Exposure, LogStatement
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
    verdict.faults += _statement_faults()
    verdict.faults += _tree_faults(size)
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
