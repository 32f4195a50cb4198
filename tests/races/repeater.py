"""A worker that posts the same keys as everybody else, at the same time."""

from tests.wallet.ledger.moving import CLEARING, transfer
from wallet.core.transactions import owns_transaction
from wallet.ledger import accounts
from wallet.ledger.transfers import post


def work(*, number: int, holder: str, keys: list[str]):
    to = accounts.main(holder, "EUR")
    commit = owns_transaction(lambda key: post([transfer(CLEARING, to, 10, key=key)])[0])
    results = {key: commit(key) for key in keys}
    return {
        "ids": {key: posted.id for key, posted in results.items()},
        "new": sum(not posted.is_replayed for posted in results.values()),
    }
