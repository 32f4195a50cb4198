"""The words that the source asks to be translated, found without gettext, and the catalogues that hold the French.

`make messages` runs this file: what is new comes into each `.po` empty, what nobody asks for any more leaves it.
The titles of refusals are words too, and what their docstrings explain: both are shown on the pages of problems through `_`,
so they are read off the classes.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import polib
from babel.messages.extract import extract
from django.utils.translation.template import templatize

from wallet.embedded.catalogues import APPS

ROOT = Path(__file__).resolve().parents[2]
LANGUAGE = "fr"
HEADER = {
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Language": LANGUAGE,
    "MIME-Version": "1.0",
    "Plural-Forms": "nplurals=2; plural=(n > 1);",
}
#: Which arguments of a call are the text, its plural and its context.
_FORMS = {"": (0, None, None), "n": (0, 1, None), "p": (1, None, 0), "np": (1, 2, 0)}
_CALLS = {
    "_": _FORMS[""],
    **{f"{form}gettext{ending}": _FORMS[form] for form in _FORMS for ending in ("", "_lazy", "_noop")},
}
#: The same for the Python-like text that Django makes of a template.
_KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


@dataclass(frozen=True, order=True)
class Message:
    """One text to translate: its context and its plural are "" where it has none."""

    text: str
    plural: str = ""
    context: str = ""


def catalogue_path(app: str) -> Path:
    """Where an app's French stands."""
    return ROOT / app / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"


def messages_of(app: str) -> list[Message]:
    """Every message of an app's source, once, in the order in which the source has them."""
    found: dict[Message, None] = {}
    for path in sorted((ROOT / app).rglob("*")):
        if path.suffix in {".py", ".html", ".txt"}:
            found.update(dict.fromkeys(_messages_in(path)))
    return list(found)


def _messages_in(path: Path) -> Iterator[Message]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        nodes = sorted(ast.walk(ast.parse(text)), key=lambda node: getattr(node, "lineno", 0))
        yield from filter(None, map(_called, nodes))
        yield from map(Message, _titles(nodes))
        return
    source = BytesIO(templatize(text, origin=str(path)).encode())
    for _line, message, _comments, context in extract("python", source, keywords=_KEYWORDS):
        singular, plural = (message, "") if isinstance(message, str) else message
        yield Message(singular, plural, context or "")


def _called(node: ast.AST) -> Message | None:
    """A call such as `_("…")`, wherever it stands: in an f-string too, where Babel does not look."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _CALLS:
            texts = [one.value if isinstance(one, ast.Constant) else "" for one in arguments]
            text, plural, context = ("" if at is None else texts[at] for at in _CALLS[name])
            return Message(text, plural, context) if text else None
    return None


def _titles(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The `title` of each class that also has a `slug`, and what it explains: a refusal (wallet.core.errors)."""
    for node in nodes:
        if isinstance(node, ast.ClassDef) and node.name != "WalletError":  # the pattern of all, no refusal itself
            members = dict(filter(None, map(_constant, node.body)))
            if "slug" in members:
                yield from filter(None, [members.get("title")])
                yield from filter(None, [" ".join((ast.get_docstring(node) or "").split())])


def _constant(statement: ast.stmt) -> tuple[str, str] | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(value))):
            return name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(value))):
            return name, value
    return None


def message_of(entry: polib.POEntry) -> Message:
    """A catalogue's entry without its translation."""
    return Message(entry.msgid, entry.msgid_plural, entry.msgctxt or "")


def translations_of(entry: polib.POEntry) -> list[str]:
    """The French of an entry: one text, or one for each number."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def placeholders(text: str) -> list[str]:
    """What is filled in: %(name)s."""
    return sorted(re.findall(r"%\([a-z0-9_]+\)[sd]|%%", text))


def update(app: str) -> int:
    """Bring an app's catalogue up to its source; how many messages still have no French."""
    path = catalogue_path(app)
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {message_of(entry): entry for entry in polib.pofile(str(path))} if path.exists() else {}
    catalogue = polib.POFile(wrapwidth=0)
    catalogue.metadata = dict(HEADER)
    catalogue.extend(known.get(message) or _empty(message) for message in messages_of(app))
    catalogue.save(str(path))
    return sum(not all(translations_of(entry)) for entry in catalogue)


def _empty(message: Message) -> polib.POEntry:
    return polib.POEntry(
        msgid=message.text,
        msgid_plural=message.plural,
        msgctxt=message.context or None,
        msgstr_plural={0: "", 1: ""} if message.plural else {},
        flags=["python-format"] if placeholders(message.text) else [],
    )


def main() -> None:
    """Update every catalogue and say what is left to translate."""
    for app in APPS:
        print(f"{catalogue_path(app).relative_to(ROOT)}: {update(app)} to translate")


if __name__ == "__main__":
    from django.conf import settings

    settings.configure()
    main()
