import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from privacy.crypto.secret import Secret, SecretBytes, SecretExposed

VALUE = "4242-canary-4242"
SECRETS = [Secret(VALUE), SecretBytes(VALUE.encode())]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "expose",
    [
        str, "{}".format, "{!s}".format, lambda s: f"{s:>40}", lambda s: "%s" % s,  # noqa: UP031 - this is what is tested
        json.dumps, pickle.dumps, copy.copy,
        copy.deepcopy, hash, bytes, list, len, iter, lambda s: {s}, lambda s: s + s, lambda s: s.__getstate__(), vars,
    ],
)  # fmt: skip
def test_a_secret_refuses_whatever_would_show_it(secret: Secret | SecretBytes, expose: Callable[[Any], object]):
    """Break: delete `__str__` (or any other refusal) from `_Unprintable`."""
    with pytest.raises(TypeError) as refused:
        expose(secret)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_shows_stars_where_a_traceback_prints_it(secret: Secret | SecretBytes):
    assert repr(secret) == f"{type(secret).__name__}(***)"
    assert "canary" not in repr([secret, {"key": secret}])
    with pytest.raises(TypeError):
        orjson.dumps(secret)
    with pytest.raises(ZeroDivisionError) as failed:
        fail_with(secret)
    shown = "".join(traceback.TracebackException.from_exception(failed.value, capture_locals=True).format())
    assert "kept = " in shown
    assert "canary" not in shown


def fail_with(kept: Secret | SecretBytes) -> float:
    return 1 / 0 if kept else 0


def test_a_secret_that_is_logged_never_reaches_the_log(caplog: pytest.LogCaptureFixture):
    with pytest.raises(SecretExposed):
        logging.getLogger("test").warning("look: %s", Secret(VALUE))
    assert "canary" not in caplog.text


def test_secrets_equal_only_their_own_kind():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != SecretBytes(b"a")
    assert Secret("a") != "a"
    assert Secret(VALUE).reveal() == VALUE
