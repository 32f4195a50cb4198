"""Generated sign-in names, such as `amber-heron-4821`: nobody chooses one, so none can be "taken" (settled.md 11)."""

import secrets

_FIRST = [
    "amber", "ample", "azure", "brave", "brisk", "calm", "cedar", "civil", "clear",
    "coral", "crisp", "daily", "eager", "early", "fair", "fern", "fleet", "fresh",
    "gentle", "glad", "golden", "grand", "green", "hazel", "honest", "ivory", "jade",
    "jolly", "keen", "kind", "lemon", "light", "linen", "lively", "lucid", "mellow",
    "merry", "mild", "misty", "modest", "noble", "olive", "opal", "pale", "patient",
    "pearl", "plain", "plum", "proud", "quick", "quiet", "ready", "rosy", "royal",
    "ruby", "sandy", "serene", "silver", "simple", "smooth", "snowy", "solid", "sunny",
    "tidy", "tranquil", "velvet", "warm", "willow", "windy", "wise",
]  # fmt: skip
_SECOND = [
    "acorn", "anchor", "arbor", "badger", "beacon", "birch", "bridge", "brook", "canyon",
    "castle", "cedar", "cherry", "cloud", "clover", "comet", "cove", "crane", "daisy",
    "delta", "dove", "dune", "falcon", "fern", "fjord", "forest", "fountain", "garden",
    "glacier", "grove", "harbor", "hawk", "heron", "hill", "island", "lagoon", "lantern",
    "lark", "laurel", "maple", "marble", "meadow", "mill", "mirror", "moon", "moss",
    "oak", "orchard", "otter", "owl", "paper", "pebble", "pine", "plover", "pond",
    "poplar", "prairie", "quartz", "raven", "reed", "river", "robin", "sail", "screen",
    "shore", "spring", "stone", "summit", "swan", "thistle", "tide", "trail", "valley",
    "violet", "walnut", "wave", "willow", "wren",
]  # fmt: skip


def new_name() -> str:
    """A fresh name; some fifty million are possible."""
    return f"{secrets.choice(_FIRST)}-{secrets.choice(_SECOND)}-{secrets.randbelow(9000) + 1000}"


def normal(name: str) -> str:
    """How a typed name is compared: case, spaces and the kind of hyphen do not matter."""
    return "-".join(name.lower().replace("\u2010", "-").replace("\u2011", "-").replace("_", "-").split())[:80]
