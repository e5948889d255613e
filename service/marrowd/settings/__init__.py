"""
Configuration: one TOML file, overridden by `MARROWD_SECTION__KEY`, read once and frozen.

Knows the shape of the configuration and where secrets come from. Must not know: what anything is
for. Nothing else in the package reads the environment.
"""

from marrowd.settings.load import load_settings, masked
from marrowd.settings.rotation import Rotation
from marrowd.settings.sections import (
    Auth,
    BasicAuth,
    BearerAuth,
    CustomPolicy,
    Destination,
    HooksSettings,
    HttpSettings,
    Issuer,
    LocalCode,
    LogSettings,
    NoAuth,
    PolicySettings,
    RetentionSettings,
    Settings,
    SmartBackendAuth,
    Source,
    StoreSettings,
    TracingSettings,
)

__all__ = [
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "CustomPolicy",
    "Destination",
    "HooksSettings",
    "HttpSettings",
    "Issuer",
    "LocalCode",
    "LogSettings",
    "NoAuth",
    "PolicySettings",
    "RetentionSettings",
    "Rotation",
    "Settings",
    "SmartBackendAuth",
    "Source",
    "StoreSettings",
    "TracingSettings",
    "load_settings",
    "masked",
]
