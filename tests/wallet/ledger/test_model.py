"""Random transfers against a model of a few lines: after each step both say the same (a small L06)."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.wallet.ledger.moving import CLEARING, fresh_main, transfer
from wallet.ledger import accounts, balances
from wallet.ledger.refusals import HoldClosed, InsufficientFunds, LedgerRefusal, SettleBeyondHold
from wallet.ledger.transfers import Op, post
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db

_NAMES = ("alice", "bob", "card", "owed")


class Model:
    """Posted and held money by name; `owed` counts what is owed, and clearing is bottomless."""

    def __init__(self) -> None:
        self.posted = dict.fromkeys(_NAMES, 0)
        self.held = dict.fromkeys(_NAMES, 0)
        self.holds = []

    def free(self, name: str):
        return self.posted[name] - self.held[name]

    def change(self, op: Op, debit: str, credit: str, amount: int):
        """Move in place, or raise what the ledger must raise."""
        posted, held = {Op.POST: (amount, 0), Op.HOLD: (0, amount), Op.SETTLE: (amount, -amount),
                        Op.RELEASE: (0, -amount)}[op]  # fmt: skip
        for name, side in ((debit, 1), (credit, -1)):
            if name == "clearing":
                continue
            # Debits use money up; for what is owed it is the other way round.
            uses = side if name != "owed" else -side
            if uses == 1 and posted + held > self.free(name):
                raise InsufficientFunds
        for name, side in ((debit, 1), (credit, -1)):
            if name == "clearing":
                continue
            uses = side if name != "owed" else -side
            self.posted[name] -= uses * posted
            if uses == 1:
                self.held[name] += held

    def step(self, op: Op, debit: str, credit: str, amount: int, index: int | None):
        if op is Op.POST:
            self.change(op, debit, credit, amount)
        elif op is Op.HOLD and index is None:
            self.change(op, debit, credit, amount)
            self.holds.append([debit, credit, amount])
        else:
            hold = self.holds[index]
            if hold[2] == 0:
                raise HoldClosed
            if op is not Op.HOLD and amount > hold[2]:
                raise SettleBeyondHold
            self.change(op, hold[0], hold[1], amount)
            hold[2] += amount if op is Op.HOLD else -amount


_steps = st.lists(
    st.tuples(
        st.sampled_from([Op.POST, Op.POST, Op.HOLD, Op.HOLD, Op.SETTLE, Op.RELEASE]),
        st.permutations([*_NAMES, "clearing"]),
        st.integers(1, 120),
        st.none() | st.integers(0, 7),
    ),
    min_size=5,
    max_size=40,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip
@given(steps=_steps)
def test_the_ledger_does_what_the_model_does(steps: Any):
    """A failure is not shrunk: every step is a round trip. Break: settling without taking from `debits_pending`."""
    with transaction.atomic():
        alice = fresh_main(200)
        refs = {
            "alice": alice, "bob": fresh_main(50), "card": accounts.card("card_m" + alice.holder, alice.holder, "EUR"),
            "owed": accounts.shortfall(alice.holder, "EUR"), "clearing": CLEARING,
        }  # fmt: skip
        model, ids = Model(), []
        model.posted |= {"alice": 200, "bob": 50}
        for op, (debit, credit, *_), amount, chosen in steps:
            index = None
            if op in {Op.SETTLE, Op.RELEASE} or (op is Op.HOLD and chosen is not None):
                if not ids:
                    continue
                index = (chosen or 0) % len(ids)
                debit, credit, _ = model.holds[index]  # noqa: PLW2901 - a hold is ended between its own accounts
            hold = None if index is None else ids[index]
            expected = actual = None
            try:
                model.step(op, debit, credit, amount, index)
            except LedgerRefusal as refusal:
                expected = type(refusal)
            try:
                posted = post([transfer(refs[debit], refs[credit], amount, op=op, hold=hold)])[0]
                if op is Op.HOLD and hold is None:
                    ids.append(posted.id)
            except LedgerRefusal as refusal:
                actual = type(refusal)
            assert actual is expected
            for name in _NAMES:
                found = balances.of_account(refs[name])
                assert (found.available.minor, found.held.minor) == (model.free(name), model.held[name])
        assert verify().differences == []
        transaction.set_rollback(True)
