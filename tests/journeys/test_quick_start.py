"""The quick start of docs/platforms.md, followed to the letter on a running system."""

import re
import subprocess

from tests.support.system import ROOT, System, plain_environment

_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def script() -> str:
    """All blocks in their order, as one types them into one shell."""
    text = (ROOT / "docs/platforms.md").read_text(encoding="utf-8")
    start = text.index("## Quick start")
    blocks = _BLOCK.findall(text[start : text.index("\n## ", start)])
    assert [kind for kind, _block in blocks] == ["sh", "sh", "sh", "python"]
    typed = [block if kind == "sh" else f".venv/bin/python - <<'EOF'\n{block}EOF\n" for kind, block in blocks]
    return "set -euo pipefail\n" + "\n".join(typed)


def test_the_quick_start_works_as_written(system: System) -> None:
    """Break: any name, path or member in the page."""
    done = subprocess.run(
        ["bash", "-c", script()], cwd=ROOT, timeout=240, capture_output=True, text=True, check=False,
        env={**plain_environment(), "VAR_DIR": str(system.var), "WALLET": system.api},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert '"intent":"request_money"' in said[0]
    assert '"status":"paid"' in done.stdout
    assert said[-2].endswith("paid")
    assert said[-1] == "payment_request.paid paid"
