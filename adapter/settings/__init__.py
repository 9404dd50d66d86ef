"""Settings of one node: a TOML file, then the environment; every fault at once, nothing half-applied.

A value of the file can be replaced from the environment: ELSHI_SERVER__PORT=8080 for [server] port. A password is never
a plain default: it is given as `password` or, better, as `password_file`, a file with the secret on one line; both at
once are refused, and from the environment either replaces both. White space around a text is dropped. Paths are
relative to the folder of the settings file, which `{folder}` names in the storage URL. Durations are numbers under a key
that ends with `_seconds`.

What contradicts is refused at start with both values named: a lease shorter than one try, a plain-text address in
production, anchors of a sandbox in production.
"""

from adapter.settings.alarms import AlarmSettings
from adapter.settings.file import load_settings, settings_from
from adapter.settings.keys import KeySettings, KeysSettings
from adapter.settings.trust_services import RevocationSettings, TimeStampSettings
from adapter.settings.values import (
    BodySettings,
    DeliverySettings,
    KnownBody,
    Profile,
    RulesSettings,
    ServerSettings,
    Settings,
    TrustSettings,
)

__all__ = [
    "AlarmSettings",
    "BodySettings",
    "DeliverySettings",
    "KeySettings",
    "KeysSettings",
    "KnownBody",
    "Profile",
    "RevocationSettings",
    "RulesSettings",
    "ServerSettings",
    "Settings",
    "TimeStampSettings",
    "TrustSettings",
    "load_settings",
    "settings_from",
]
