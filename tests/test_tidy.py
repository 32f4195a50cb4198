"""The house rules, as a test over the tree: what no linter knows."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("wallet", "cards", "payments", "privacy", "demo")
ROOMS = (
    "wallet/core", "wallet/users", "wallet/ledger", "wallet/limits", "wallet/activity", "wallet/approvals", "wallet/monitoring", "wallet/stripe", "wallet/embedded",
    "cards/vault", "cards/issuing", "cards/authorizations", "cards/network",
    "payments/topups", "payments/platforms", "payments/requests", "payments/detection", "payments/webhooks", "payments/developers",
    "privacy/crypto", "privacy/consent", "privacy/exposure", "privacy/rights", "privacy/dashboard",
)  # fmt: skip
BANNED_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "managers",
    "handler",
    "handlers",
    "info",
}
#: Which rooms' tables and functions a room's SQL may name: its own and lower ones (settled.md 5).
SQL_PREFIXES = {
    "privacy/crypto": {"keyring"},
    "wallet/core": {"core"},
    "privacy/consent": {"core", "consent"},
    "privacy/exposure": {"core", "consent", "exposure"},
    "wallet/users": {"core", "consent", "exposure", "users"},
    "wallet/ledger": {"core", "consent", "exposure", "ledger"},
    "wallet/activity": {"core", "exposure", "ledger", "activity"},
    "wallet/limits": {"core", "exposure", "ledger", "activity", "limits"},
    "wallet/approvals": {"core", "users", "ledger", "limits", "approvals"},
    "cards/vault": {"core", "exposure", "ledger", "activity", "limits", "vault"},
    "cards/issuing": {"core", "users", "exposure", "ledger", "activity", "limits", "vault", "issuing"},
    "cards/authorizations": {"core", "exposure", "ledger", "activity", "limits", "vault", "issuing", "cards"},
}


def tracked(*endings: str) -> list[Path]:
    """Files of the tree with these endings."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    return [ROOT / name for name in names if name.endswith(endings) and (ROOT / name).is_file()]


def source() -> Iterator[tuple[Path, ast.Module]]:
    """Every module of ours but tests and migrations."""
    for path in tracked(".py"):
        relative = path.relative_to(ROOT)
        if relative.parts[0] in PACKAGES and "migrations" not in relative.parts:
            yield relative, ast.parse(path.read_text(encoding="utf-8"))


def test_the_top_level_is_what_the_mission_fixed() -> None:
    allowed = {
        "manage.py", "pyproject.toml", "README.md", "wallet", "cards", "payments", "privacy", "tests", "docker", "demo",
        "docs", "requirements", "Makefile", "LICENSE", "CHANGELOG.md", "SECURITY.md", ".gitignore", ".ci", ".dockerignore",
    }  # fmt: skip
    assert {path.relative_to(ROOT).parts[0] for path in tracked("")} <= allowed


def test_no_file_is_named_for_a_layer() -> None:
    assert [str(path) for path, _ in source() if path.stem in BANNED_NAMES] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_door_plate(room: str) -> None:
    plate = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text(encoding="utf-8")))
    assert plate, f"{room}/__init__.py says nothing"
    assert 3 <= len(plate.splitlines()) <= 80


def test_nothing_is_left_for_later_or_silenced_without_a_reason() -> None:
    marks = re.compile(r"\b(TODO|FIXME)\b|#.*\bXXX\b|# type: ignore(?!\[)|# noqa(?!: [A-Z]+\d+)|NotImplementedError")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked(".py")
        if path.name != "test_tidy.py"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert found == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    pattern = re.compile(r"pytest\.(skip|xfail|importorskip)|mark\.(skip|skipif|xfail)|assert True\b")
    found = [
        str(path.relative_to(ROOT)) for path in tracked(".py") if "tests" in path.parts and path.name != "test_tidy.py"
        and pattern.search(path.read_text(encoding="utf-8"))
    ]  # fmt: skip
    assert found == []


def test_no_code_can_tell_a_test_from_a_person() -> None:
    """Break: `if "pytest" in sys.modules` in a service."""
    pattern = re.compile(r"pytest|PYTEST|\bunittest\b|sys\.modules")
    found = [str(path) for path, _ in source() if pattern.search((ROOT / path).read_text(encoding="utf-8"))]
    assert found == []


def test_assert_guards_nothing_outside_tests() -> None:
    found = [
        f"{path}:{node.lineno}" for path, tree in source() for node in ast.walk(tree)
        if isinstance(node, ast.Assert) and "for the type checker" not in _line(path, node.lineno)
    ]  # fmt: skip
    assert found == []


def _line(path: Path, number: int) -> str:
    return (ROOT / path).read_text(encoding="utf-8").splitlines()[number - 1]


def test_no_float_touches_money() -> None:
    """standard.md L13. Break: `amount / 100` in the ledger."""
    rooms = (
        "wallet/core/money.py",
        "wallet/ledger/",
        "wallet/limits/",
        "cards/authorizations/",
        "cards/issuing/",
        "payments/requests/",
        "payments/topups/",
        "payments/platforms/mandates.py",
        "wallet/activity/",
        "wallet/management/",
        "cards/network/",
    )
    found = []
    for path, tree in source():
        if not str(path).startswith(rooms):
            continue
        for node in ast.walk(tree):
            is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
            is_cast = isinstance(node, ast.Name) and node.id == "float"
            is_division = (
                isinstance(node, ast.BinOp)
                and isinstance(node.op, ast.Div)
                and not isinstance(node.right, ast.Constant | ast.JoinedStr)
            )
            is_halved = (
                isinstance(node, ast.BinOp)
                and isinstance(node.op, ast.Div)
                and isinstance(node.right, ast.Constant)
                and isinstance(node.right.value, int)
            )
            if is_float or is_cast or is_division or is_halved:
                found.append(f"{path}:{node.lineno}")
    assert found == []


def test_no_signal_moves_anything_behind_a_readers_back() -> None:
    pattern = re.compile(r"django\.db\.models\.signals|@receiver\(|\.connect\(.*sender=")
    assert [str(path) for path, _ in source() if pattern.search((ROOT / path).read_text(encoding="utf-8"))] == []


def test_locks_and_code_name_no_host_of_a_registry_and_no_path_of_a_machine() -> None:
    hosts = re.compile(
        r"--(extra-)?index-url|--find-links|file:///|files\.pythonhosted|pypi\.org|/root/|/home/[a-z]|/work/"
    )
    found = [
        str(path.relative_to(ROOT)) for path in tracked(".py", ".txt", ".in", ".toml", ".md", ".sql", ".yaml", "Makefile", "run")
        if path.name != "test_tidy.py" and hosts.search(path.read_text(encoding="utf-8"))
    ]  # fmt: skip
    assert found == []


def test_a_template_names_no_other_origin_and_holds_no_script_or_style() -> None:
    """standard.md P08 and V17: the policy forbids it, and the page would break unseen."""
    pattern = re.compile(
        r"(src|href)=[\"']?(https?:)?//|<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=\"", re.IGNORECASE
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked(".html")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line) and 'type="application/json"' not in line
    ]
    assert found == []


@pytest.mark.parametrize("room", sorted(SQL_PREFIXES))
def test_a_rooms_sql_calls_its_own_and_lower_functions_only(room: str) -> None:
    """Break: call `limits_…` from the ledger's SQL."""
    known = set().union(*SQL_PREFIXES.values()) | {"payments", "requests", "platforms"}
    found = []
    for path in (ROOT / room).glob("sql/*.sql"):
        text = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
        for called in set(re.findall(r"\b([a-z]+)_[a-z_]+\s*\(", text)) & known:
            if called not in SQL_PREFIXES[room]:
                found.append(f"{path.name}: {called}_")
    assert found == []
