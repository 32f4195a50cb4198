"""Cards of holders: made, loaded, controlled, shown, closed. Each card holds its own money (a ledger account).

`cards` has the services, `controls` what a card may be used for, `place_numbers` its numbers for one place each,
`numbers` what others may ask of a number without seeing one, `networks` the port through which numbers come
(CARD_NETWORK).

May import cards.vault, wallet.limits, activity, ledger, users, privacy's rooms and the floor.

Invariants: a leaked card costs at most what is on it; every change of state or rule raises `state_version`, which an
authorization checks again under the card's row lock; a closed card takes no money and what its holds release goes to
the holder's main account; a number is shown to its owner alone, after a fresh step-up, and that is on record.
"""
