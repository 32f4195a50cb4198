"""The one settings file, read top to bottom; every value that differs between machines comes from `wallet.env`."""

from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from kombu import Exchange, Queue
from psycopg.conninfo import conninfo_to_dict

from wallet import checks, env

BASE_DIR = Path(__file__).resolve().parent.parent

# --- What this installation is -------------------------------------------------------------------
try:
    #: `sandbox` plays with test money and test cards; `production` refuses everything that only a sandbox may do.
    MODE = env.choice("MODE", ("sandbox", "production"))
    DATABASE_URL = env.text("DATABASE_URL")
except env.EnvironmentInvalid as missing:
    raise ImproperlyConfigured(str(missing)) from None
SANDBOX = MODE == "sandbox"
DEBUG = False

PORT = env.integer("PORT", 8000)
DEMO_PORT = env.integer("DEMO_PORT", 8001)
#: The wallet's own origin; its host name is the passkeys' relying party (settled.md 20: never the demo's host name).
PUBLIC_URL = env.text("PUBLIC_URL", f"http://localhost:{PORT}" if SANDBOX else "").rstrip("/")
if not PUBLIC_URL:
    raise ImproperlyConfigured("PUBLIC_URL is not set")
#: Where our own worker reaches the web: another name than the public one inside a container network.
INTERNAL_URL = env.text("INTERNAL_URL", PUBLIC_URL).rstrip("/")
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
HTTPS = PUBLIC_URL.startswith("https://")
if not HTTPS and not SANDBOX:
    raise ImproperlyConfigured("PUBLIC_URL must be https in production")
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var")))

#: Which law's limits apply (money.md, settled.md 9).
REGIME = env.choice("REGIME", ("sandbox", "eu-amld5", "eu-amlr"), "sandbox" if SANDBOX else "eu-amld5")
if REGIME == "sandbox" and not SANDBOX:
    raise ImproperlyConfigured("REGIME=sandbox is refused in production")
#: ISO 4217 codes that can be held here (settled.md 23).
CURRENCIES = env.listing("CURRENCIES", "EUR USD GBP CHF JPY KWD" if REGIME == "sandbox" else "EUR")
CARD_NETWORK = env.choice("CARD_NETWORK", ("sandbox", "stripe"), "sandbox" if SANDBOX else "stripe")
TOP_UP_GATEWAY = env.choice("TOP_UP_GATEWAY", ("sandbox", "stripe"), "sandbox" if SANDBOX else "stripe")
#: Who pays what came from other people to a bank account; `none`: it can be spent and not taken out.
PAYOUT_GATEWAY = env.choice("PAYOUT_GATEWAY", ("none", "sandbox"), "sandbox" if SANDBOX else "none")
if not SANDBOX and "sandbox" in {CARD_NETWORK, TOP_UP_GATEWAY, PAYOUT_GATEWAY}:
    raise ImproperlyConfigured("the sandbox card network and gateways are refused in production")
RATE_LIMITS = env.flag("RATE_LIMITS", default=True)
if not RATE_LIMITS and not SANDBOX:
    raise ImproperlyConfigured("RATE_LIMITS=off is refused in production")

#: Routes every outgoing socket through a recording proxy, for tests (settled.md 25).
EGRESS_PROXY = env.text("EGRESS_PROXY", "")
if EGRESS_PROXY and not SANDBOX:
    raise ImproperlyConfigured("EGRESS_PROXY is refused in production")

# --- Secrets (made on first start by the embedded default) ---------------------------------------
SECRET_KEY = env.text("SECRET_KEY", "only-for-checks-that-start-nothing-" + "x" * 32 if SANDBOX else None)
SANDBOX_NETWORK_KEY = env.text("SANDBOX_NETWORK_KEY", "") if SANDBOX else ""
#: Shared by the sandbox gateway, which signs its events, and the inbox, which checks them.
SANDBOX_GATEWAY_SECRET = env.text("SANDBOX_GATEWAY_SECRET", "") if SANDBOX else ""
METRICS_TOKEN = env.text("METRICS_TOKEN", "")

# --- Stripe (docs/stripe.md) ----------------------------------------------------------------------
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY", "")
#: Each verifies: the old one and the new one during a rotation.
STRIPE_WEBHOOK_SECRETS = env.listing("STRIPE_WEBHOOK_SECRETS")
#: Another address than Stripe's own: its double, in the sandbox.
STRIPE_API_BASE = env.text("STRIPE_API_BASE", "").rstrip("/")
#: Shown to browsers, where a card's number is revealed by Stripe's own frame.
STRIPE_PUBLISHABLE_KEY = env.text("STRIPE_PUBLISHABLE_KEY", "")
#: Whom Stripe has as the cardholder in place of each person: the programme, at its address `line; city; code; country`.
STRIPE_ISSUING_NAME = env.text("STRIPE_ISSUING_NAME", "Paravent" if SANDBOX else "")
_ADDRESS = env.text("STRIPE_ISSUING_ADDRESS", "1 Main Street; Paris; 75001; FR" if SANDBOX else "")
STRIPE_ISSUING_ADDRESS = [part.strip() for part in _ADDRESS.split(";")] if _ADDRESS else []
try:
    checks.refuse_stripe_settings(sandbox=SANDBOX, key=STRIPE_SECRET_KEY, base=STRIPE_API_BASE)
    checks.refuse_issuing_settings(address=STRIPE_ISSUING_ADDRESS)
except checks.SettingsRefused as refused:
    raise ImproperlyConfigured(str(refused)) from None

# --- Where the keys are kept (docs/operators.md) --------------------------------------------------
KEY_PROVIDER = env.choice("KEY_PROVIDER", ("file", "environment", "aws-kms"), "file")
KEY_FILE = Path(env.text("KEY_FILE", str(VAR_DIR / "keys" / "kek")))
#: Which keys were destroyed, outside the database: replayed on every database that comes from a backup.
ERASURE_JOURNAL = Path(env.text("ERASURE_JOURNAL", str(VAR_DIR / "erasures.jsonl")))
#: The log's published checkpoints, outside the database: one that does not hold the last of them sends nothing.
CHECKPOINT_FILE = Path(env.text("CHECKPOINT_FILE", str(VAR_DIR / "checkpoints.jsonl")))
#: The log's name, in each checkpoint and proof; it never changes once somebody has one.
LOG_ORIGIN = env.text("LOG_ORIGIN", f"{PUBLIC_URL.partition('://')[2]}/log")
#: Outside witnesses of the log: pairs of a verifier key (C2SP, type 0x04) and the URL that takes checkpoints.
WITNESSES = env.listing("WITNESSES")
#: ARNs of AWS KMS keys: the last wraps, each unwraps; their region stands in them.
KEY_KMS_KEY_ID = env.listing("KEY_KMS_KEY_ID")
#: A private endpoint, under the names that AWS's own tools read.
KEY_KMS_ENDPOINT_URL = env.text("AWS_ENDPOINT_URL_KMS", env.text("AWS_ENDPOINT_URL", ""))
#: The key tables' own database: for the service's role there, and for the role that owns the tables.
KEYS_DATABASE_URL = env.text("KEYS_DATABASE_URL", "")
KEYS_MIGRATION_DATABASE_URL = env.text("KEYS_MIGRATION_DATABASE_URL", "")
try:
    checks.refuse_key_settings(
        sandbox=SANDBOX, provider=KEY_PROVIDER, kms_keys=KEY_KMS_KEY_ID, kms_endpoint=KEY_KMS_ENDPOINT_URL
    )
    checks.refuse_key_databases(
        sandbox=SANDBOX, main=DATABASE_URL, service=KEYS_DATABASE_URL, owner=KEYS_MIGRATION_DATABASE_URL
    )
    checks.refuse_witnesses(WITNESSES, sandbox=SANDBOX)
except checks.SettingsRefused as refused:
    raise ImproperlyConfigured(str(refused)) from None

# --- Database: the application role runs everything, the owner role only migrations --------------


def _database(url: str, *, pooled: bool, more: dict[str, str] | None = None) -> dict[str, object]:
    parts = conninfo_to_dict(url)
    known = {key: str(parts.pop(key, "") or "") for key in ("dbname", "user", "password", "host", "port")}
    options: dict[str, object] = {**(more or {}), **parts, "application_name": "paravent"}
    if pooled:
        options["pool"] = {"min_size": 1, "max_size": env.integer("DATABASE_POOL", 10), "timeout": 5}
    return {
        # PostgreSQL without the second index for LIKE that Django gives each text key: every insert would pay for it.
        "ENGINE": "wallet.core.postgresql",
        "NAME": known["dbname"],
        "USER": known["user"],
        "PASSWORD": known["password"],
        "HOST": known["host"],
        "PORT": known["port"],
        # A pooled connection that the server has dropped (a restart) is replaced before a request uses it.
        "CONN_HEALTH_CHECKS": pooled,
        "OPTIONS": options,
    }


#: A transaction that was forgotten holds up everybody's seal (docs/operators.md): it is ended after five idle minutes.
_ENDS_IDLE = {"options": "-c idle_in_transaction_session_timeout=300000"}
DATABASES = {"default": _database(DATABASE_URL, pooled=env.flag("DATABASE_POOLED", default=True), more=_ENDS_IDLE)}
#: The application role, named in grants.
APP_ROLE = str(DATABASES["default"]["USER"])
if MIGRATION_DATABASE_URL := env.text("MIGRATION_DATABASE_URL", ""):
    DATABASES["owner"] = _database(MIGRATION_DATABASE_URL, pooled=False)
if KEYS_MIGRATION_DATABASE_URL:
    DATABASES["keys"] = _database(KEYS_MIGRATION_DATABASE_URL, pooled=False)
#: Who runs the service in each database that is migrated.
SERVICE_ROLES = {"owner": APP_ROLE, "keys": str(conninfo_to_dict(KEYS_DATABASE_URL).get("user", ""))}
#: Key tables in their own database and nowhere else.
DATABASE_ROUTERS = ["privacy.crypto.routing.KeyRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Cache, broker: a hint, never the truth -------------------------------------------------------
REDIS_URL = env.text("REDIS_URL", "redis://localhost:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.text("CACHE_URL", REDIS_URL),
    }
}
#: Kombu has names of its own for a socket and for the number of a database.
_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=")
CELERY_BROKER_URL = env.text("BROKER_URL", _BROKER_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A worker that dies gives its task back after 8 s instead of 95 s.
    "visibility_timeout": 60,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "work"
#: A worker that is not told otherwise does all of them.
CELERY_TASK_QUEUES = [Queue(name, Exchange(name), routing_key=name) for name in ("work", "calls")]
#: Outbox topics that wait for other people's servers: their queue has a worker of its own, so that nothing waits along.
OUTBOX_QUEUES = {"webhooks.deliver": "calls"}
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "sweep-outbox": {"task": "wallet.core.outbox.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "roll-up-ledger": {"task": "wallet.ledger.roll_up", "schedule": 10.0, "options": {"expires": 10}},
    "attest-ledger": {"task": "wallet.ledger.attest", "schedule": 3600.0, "options": {"expires": 600}},
    "expire-requests": {"task": "payments.requests.expire", "schedule": 10.0, "options": {"expires": 10}},
    "expire-holds": {"task": "cards.authorizations.expire", "schedule": 30.0, "options": {"expires": 30}},
    "poll-top-ups": {"task": "payments.topups.poll", "schedule": 60.0, "options": {"expires": 60}},
    "poll-payouts": {"task": "payments.topups.poll_payouts", "schedule": 300.0, "options": {"expires": 300}},
    "reconcile-yesterday": {"task": "payments.topups.reconcile", "schedule": 3600.0, "options": {"expires": 600}},
    "poll-gateway-events": {"task": "payments.topups.poll_events", "schedule": 300.0, "options": {"expires": 300}},
    "poll-network-events": {"task": "cards.network.poll_events", "schedule": 300.0, "options": {"expires": 300}},
    "compare-cards": {"task": "cards.network.compare", "schedule": 900.0, "options": {"expires": 900}},
    "purge-idempotency": {"task": "wallet.core.idempotency.purge", "schedule": 3600.0, "options": {"expires": 600}},
    "clear-sessions": {"task": "wallet.users.clear_sessions", "schedule": 3600.0, "options": {"expires": 600}},
    "expire-proposals": {"task": "wallet.approvals.expire", "schedule": 3600.0, "options": {"expires": 600}},
    "look-for-the-unusual": {"task": "wallet.monitoring.look", "schedule": 300.0, "options": {"expires": 300}},
    "carry-on-erasing": {"task": "privacy.rights.carry_on", "schedule": 5.0, "options": {"expires": 5}},
    "end-what-law-keeps": {"task": "privacy.rights.end_law", "schedule": 3600.0, "options": {"expires": 600}},
    "purge-outbox": {"task": "wallet.core.outbox.purge", "schedule": 3600.0, "options": {"expires": 600}},
    "forget-events": {"task": "payments.webhooks.forget", "schedule": 3600.0, "options": {"expires": 600}},
    "clear-tokens": {"task": "payments.platforms.clear_tokens", "schedule": 3600.0, "options": {"expires": 600}},
    "expire-exports": {"task": "privacy.rights.expire", "schedule": 3600.0, "options": {"expires": 600}},
    "fold-counts": {"task": "privacy.exposure.fold_counts", "schedule": 3600.0, "options": {"expires": 600}},
    "return-parked": {"task": "wallet.limits.return_parked", "schedule": 3600.0, "options": {"expires": 600}},
}

if WITNESSES:
    # They are other people's servers: their worker is the one that waits for such.
    CELERY_BEAT_SCHEDULE["ask-witnesses"] = {
        "task": "privacy.exposure.ask_witnesses", "schedule": 15.0, "options": {"expires": 15, "queue": "calls"},
    }  # fmt: skip

# --- Applications ---------------------------------------------------------------------------------
INSTALLED_APPS = [
    "wallet",
    "privacy",
    "cards",
    "payments",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "oauth2_provider",
    "rest_framework",
    "drf_spectacular",
    "csp",
]
MIDDLEWARE = [
    "wallet.core.requests.RequestIdMiddleware",
    # Named by string, as the guard below: the log of each platform's own calls.
    "payments.developers.calls.CallLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "wallet.core.policy.PolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Named by string: the floor stays below the gate (settled.md 14).
    "privacy.exposure.egress.EgressMiddleware",
    # Django's, but for the card network.
    "wallet.core.lane.Sessions",
    "wallet.core.lane.Languages",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "wallet.core.lane.Accounts",
    "wallet.core.lane.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "wallet.core.refusals.RefusalMiddleware",
    "wallet.users.sessions.PrivatePagesMiddleware",
    "wallet.users.staff_door.StaffDoorMiddleware",
    "wallet.core.refusals.UnreadableMiddleware",
    "wallet.users.detours.DetourMiddleware",
]
ROOT_URLCONF = "wallet.urls"
WSGI_APPLICATION = "wallet.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
        },
    }
]
APPEND_SLASH = False

# --- Languages and time ---------------------------------------------------------------------------
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["wallet.formats"]
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / app / "locale" for app in ("wallet", "privacy", "cards", "payments")]
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_TZ = True
TIME_ZONE = "UTC"

# --- Browser: cookies, headers, static files ------------------------------------------------------
ALLOWED_HOSTS = [PUBLIC_HOST, "localhost", "127.0.0.1", "[::1]"] if SANDBOX else [PUBLIC_HOST]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
_HOST_PREFIX = "__Host-" if HTTPS else ""
#: Keys hashed, both ends judged by the database's clock, listed and ended by their holder.
SESSION_ENGINE = "wallet.users.sessions"
SESSION_COOKIE_NAME = f"{_HOST_PREFIX}session"
CSRF_COOKIE_NAME = f"{_HOST_PREFIX}csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 30 * 60
SESSION_SAVE_EVERY_REQUEST = True
#: Seconds from sign-in to the end of a session, however busy (standard.md P09).
SESSION_ABSOLUTE_AGE = 12 * 3600
SECURE_SSL_REDIRECT = False  # the proxy's work; a redirect here would answer health checks with 301
BEHIND_PROXY = env.flag("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS and BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 2 * 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Not "no-referrer": with it browsers send `Origin: null` on our own forms, and the CSRF check must refuse them.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_HOSTED_PAGES = [STRIPE_API_BASE or "https://checkout.stripe.com"] if TOP_UP_GATEWAY == "stripe" else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        # Sending the form that asks for a top-up leads to the gateway's page.
        "form-action": ["'self'", *_HOSTED_PAGES],
        "manifest-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing is uploaded
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100

# --- People: passkeys first, no e-mail asked ------------------------------------------------------
AUTH_USER_MODEL = "wallet.Holder"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
#: Tells a person that the staff looks at their data; named by string: the floor stays below the gate.
STAFF_LOOKS = "privacy.exposure.staff.disclose_to_staff"
#: Places for hashing passwords in the whole installation: one worker always stays free (settled.md 4).
PASSWORD_SLOTS = max(1, env.integer("WEB_WORKERS", 2) - 1)
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

# --- OAuth 2.0, RFC 9700 profile ------------------------------------------------------------------
OAUTH2_PROVIDER_APPLICATION_MODEL = "payments.Platform"
#: Redirects over http exist in the sandbox only, and `payments.platforms.redirects` keeps them to loopback.
_HTTP_REDIRECTS = ["http"] if SANDBOX else []
OAUTH2_PROVIDER: dict[str, object] = {
    "SCOPES": {
        "chat": "Suggestions, payment requests, splits, checkouts, webhook endpoints",
        "link": "A handle on the person, and nothing else about them",
        "payments:pay": "One-tap payments inside the person's mandate",
        "wallet:read": "Read the wallet (first-party clients only)",
        "wallet:write": "Change the wallet (first-party clients only)",
    },
    "SCOPES_BACKEND_CLASS": "payments.platforms.scopes.KindScopes",
    "OAUTH2_SERVER_CLASS": "payments.platforms.server.AuthorizationServer",
    "OAUTH2_VALIDATOR_CLASS": "payments.platforms.validator.Validator",
    "OIDC_ISS_ENDPOINT": PUBLIC_URL,
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", *_HTTP_REDIRECTS],
    "ALLOW_URI_WILDCARDS": False,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 5 * 60,
    #: Idle lifetime; the validator adds the absolute one of 90 days.
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 24 * 3600,
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ROTATE_REFRESH_TOKEN": True,
    "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OAUTH2_GRANT_TYPES_SUPPORTED": ["authorization_code", "client_credentials", "refresh_token"],
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    #: Off in the sandbox alone, where a platform on this machine is redirected to over http (settled.md 20).
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": not SANDBOX,
}
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "oauth2_provider.AccessToken"  # noqa: S105 - a model's name
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "oauth2_provider.RefreshToken"  # noqa: S105 - a model's name
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "oauth2_provider.IDToken"  # noqa: S105 - a model's name
OAUTH2_PROVIDER_GRANT_MODEL = "payments.AuthorizationCode"

# --- HTTP API -------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["wallet.core.bodies.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["wallet.core.bodies.StrictJSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "payments.platforms.authentication.BearerAuthentication",
        "payments.platforms.authentication.HolderSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "EXCEPTION_HANDLER": "wallet.core.problems.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Paravent",
    "DESCRIPTION": "The platform API and the holder API of a self-hosted prepaid card wallet.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": True,
    "SCHEMA_PATH_PREFIX": "/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # Enums stand where they are used: several rooms have a `status` of their own.
    "POSTPROCESSING_HOOKS": [],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
}

# --- Logs: structured, ids yes, values no ----------------------------------------------------------
LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
LOGGING_CONFIG = "wallet.core.logs.configure"
LOGGING = {"level": LOG_LEVEL}
DEFAULT_EXCEPTION_REPORTER = "wallet.core.reports.FrameReporter"
