"""The scopes of features, for readers of a published version."""

from engine.features.scopes import SCOPES, Scope

__all__ = ["SCOPES", "Scope"]
