from django.urls import path

from wallet.users import codes_pages, entrance_pages, settings_pages, stepup_pages

urlpatterns = [
    path("sign-up", entrance_pages.sign_up, name="sign-up"),
    path("sign-up/passkey", entrance_pages.sign_up_passkey, name="sign-up-passkey"),
    path("sign-up/passkey/begin", entrance_pages.sign_up_begin),
    path("sign-up/passkey/finish", entrance_pages.sign_up_finish),
    path("sign-up/password", entrance_pages.sign_up_password, name="sign-up-password"),
    path("sign-up/codes", codes_pages.sign_up_codes, name="sign-up-codes"),
    path("sign-up/second", entrance_pages.sign_up_second, name="sign-up-second"),
    path("sign-in", entrance_pages.sign_in, name="sign-in"),
    path("sign-in/passkey/begin", entrance_pages.sign_in_begin),
    path("sign-in/passkey/finish", entrance_pages.sign_in_finish),
    path("sign-in/password", entrance_pages.sign_in_password, name="sign-in-password"),
    path("sign-out", entrance_pages.sign_out, name="sign-out"),
    path("recover", entrance_pages.recover, name="recover"),
    path("step-up", stepup_pages.page, name="step-up"),
    path("step-up/begin", stepup_pages.begin),
    path("step-up/finish", stepup_pages.finish),
    path("settings", settings_pages.settings, name="settings"),
    path("settings/passkeys", settings_pages.passkeys_page, name="settings-passkeys"),
    path("settings/passkeys/begin", settings_pages.passkey_begin),
    path("settings/passkeys/finish", settings_pages.passkey_finish),
    path("settings/passkeys/<int:number>/name", settings_pages.passkey_rename, name="passkey-rename"),
    path("settings/passkeys/<int:number>/remove", settings_pages.passkey_remove, name="passkey-remove"),
    path("settings/sessions", settings_pages.sessions_page, name="settings-sessions"),
    path("settings/sessions/end", settings_pages.session_end, name="session-end"),
    path("settings/codes", codes_pages.settings_codes, name="settings-codes"),
    path("settings/password", settings_pages.password_page, name="settings-password"),
]
