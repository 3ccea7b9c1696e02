"""Options that several subcommands share, as settings."""

from __future__ import annotations

import argparse
from typing import Any

from glosswright_server.settings import Settings, merge


def settings_from(options: argparse.Namespace) -> Settings:
    """The defaults with what the command line says."""
    sent: dict[str, dict[str, Any]] = {"model": {}, "endpoint": {}}
    if options.model:
        sent["model"]["name"] = options.model
    if options.endpoint:
        sent["endpoint"]["url"] = options.endpoint
    if options.endpoint_model:
        sent["endpoint"]["model"] = options.endpoint_model
    if options.api_key_env:
        sent["endpoint"]["apiKeyEnv"] = options.api_key_env
    settings, _ = merge(Settings(), sent, allow_restricted=True)
    return settings
