"""What `earful.toml` says of a source beside the keys that all sources take."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from config.secret_references import misplaced
from crawler.forbidden import why_forbidden

Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+\.[A-Za-z]{2,}$")]
"""A host name without a scheme, such as "forum.acme.example"."""

_HOST_OPTIONS = frozenset({"site", "sites", "instance", "instances", "forum", "forums", "host"})


class SourceOptions(BaseModel):
    """The settings of one source; a spider describes its own in a subclass."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def target(self) -> str:
        """Name the part of the source that is read; "" for all of it."""
        return ""

    @model_validator(mode="after")
    def _no_forbidden_host(self) -> Self:
        for name in type(self).model_fields:
            given = getattr(self, name)
            values = given if isinstance(given, list | tuple) else [given]
            for value in values:
                # An app's package name looks like a host: those stand in some options only.
                is_host = isinstance(value, str) and ("://" in value or name in _HOST_OPTIONS)
                if is_host and (forbidden := why_forbidden(value)):
                    raise ValueError(f"{name}: {forbidden}")
                if isinstance(value, str) and (wrong := misplaced(value)):
                    raise ValueError(f"{name}: {wrong}")
        return self
