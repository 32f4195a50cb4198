"""The environment that each process is given: settings and no more than it needs."""

import os
from collections.abc import Mapping

from wallet.embedded.state import StateFolder

#: Stands in `var/env`, so that a shell that has read it can start the system again.
EMBEDDED_MARK = "EMBEDDED_SERVERS"
#: Settings that a person may have given us and that a shell beside must share, each also as `X_FILE`.
SHARED_SETTINGS = frozenset(
    {
        "MODE", "PORT", "DEMO_PORT", "PUBLIC_URL", "VAR_DIR", "DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL",
        "REGIME", "CURRENCIES", "CARD_NETWORK", "TOP_UP_GATEWAY", "PAYOUT_GATEWAY",
        "RATE_LIMITS", "KEY_PROVIDER", "KEY", "SECRET_KEY",
        "KEY_KMS_KEY_ID", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS",
        "KEYS_DATABASE_URL", "KEYS_MIGRATION_DATABASE_URL",
        "ERASURE_JOURNAL",
        "SANDBOX_NETWORK_KEY", "SANDBOX_GATEWAY_SECRET", "METRICS_TOKEN", "STRIPE_SECRET_KEY", "STRIPE_API_BASE",
        "STRIPE_WEBHOOK_SECRETS", "STRIPE_PUBLISHABLE_KEY",
        "STRIPE_ISSUING_NAME", "STRIPE_ISSUING_ADDRESS", "TEST_SEED", "EGRESS_PROXY", "CHECKPOINT_FILE", "LOG_ORIGIN",
        "WITNESSES",
    }
)  # fmt: skip
#: What `make` put there, and what is not for whoever serves requests.
LEFT_OUT = frozenset(
    {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
    | {f"{name}MIGRATION_DATABASE_URL{form}" for name in ("", "KEYS_") for form in ("", "_FILE")}
)
#: Made on first start; passed on as files, so that no listing of processes shows them.
SECRETS = ("SECRET_KEY", "SANDBOX_NETWORK_KEY", "SANDBOX_GATEWAY_SECRET", "METRICS_TOKEN")


def application_environment(state: StateFolder, settings: Mapping[str, str]) -> dict[str, str]:
    """Our own environment with `settings` and secrets filled in, for web, worker and beat.

    Never the owner's password: whoever serves a request cannot alter tables.
    """
    environment = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    for name, value in settings.items():
        environment.pop(f"{name}_FILE", None)
        environment[name] = value
    for name in SECRETS:
        if name not in environment and f"{name}_FILE" not in environment:
            environment[f"{name}_FILE"] = str(state.secret_file(name.lower()))
    if "KEY_FILE" not in environment and environment.get("KEY_PROVIDER", "file") == "file":
        environment["KEY_FILE"] = str(state.key_file())
    return environment


def demo_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """For the demo, which is a stranger: nothing of our own settings."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM") if name in os.environ} | dict(settings)


def for_shells(environment: Mapping[str, str]) -> dict[str, str]:
    """What `var/env` says: the settings, without what every shell has of its own."""
    settings = {name: value for name, value in environment.items() if name.removesuffix("_FILE") in SHARED_SETTINGS}
    return settings | {EMBEDDED_MARK: "on"}
