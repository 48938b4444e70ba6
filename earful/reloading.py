"""A running daemon's config: read anew on SIGHUP, checked, then gone by or refused."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from alerts.decide.own_health import Problem
from alerts.outbox.transport import Transport
from config.errors import ConfigError, EarfulError
from config.settings import Settings
from earful.app import Clock
from earful.failing import Failing
from earful.policies import choose_languages
from earful.problems import config_problem
from earful.watched_config import Config, ConfigFile, changed_sections, mark_of, waits_for_restart
from storage.store import Store

log = logging.getLogger("earful.daemon")

_STAGE = "config"
Follow = Callable[[Store, Settings, Transport, datetime, bool], object]
"""Goes by other settings from the next piece of work on; the last one: whether they differ."""


class Reloading:
    """What the daemon goes by, and the file that says what it should go by."""

    def __init__(
        self,
        settings: Settings,
        file: ConfigFile | None,
        failing: Failing,
        clock: Clock,
        follow: Follow,
    ) -> None:
        self._settings = settings
        self._file = file
        self._failing = failing
        self._clock = clock
        self._follow = follow

    @property
    def path(self) -> Path | None:
        return self._file.path if self._file else None

    def began(self) -> None:
        """Forget what an earlier daemon could not read: this one could."""
        self._failing.worked(_STAGE)

    def reload(self) -> None:
        """Go by the file as it is now, or say why not and go on with the old config."""
        if self._file is None:
            log.info("SIGHUP: this daemon has no config file to read again")
        elif (new := self._read(self._file)) is not None:
            self._failing.carry_out(_STAGE, partial(self._go_by, self._file, new))

    def look(self, store: Store) -> list[Problem]:
        """Look whether the file was changed; SIGHUP alone has it applied."""
        if self._file is None or not self._file.is_touched():
            return []
        new = self._read(self._file)
        choose_languages(self._settings)
        if new is None:
            return []
        running = {"state": "running"}
        found = config_problem(running, store, new.settings, str(self._file.path))
        if found is None:
            self._file.taken()  # it says what it said before
            return []
        return [found]

    def _read(self, file: ConfigFile) -> Config | None:
        """Read and check the file; None where it is refused, which is counted and said."""
        try:
            new = file.read()
        except EarfulError as error:
            choose_languages(self._settings)
            refused = f"{error}: the daemon goes on with the config that it has"
            self._failing.failed(_STAGE, ConfigError(refused))
            return None
        self._failing.worked(_STAGE)
        return new

    def _go_by(self, file: ConfigFile, new: Config) -> None:
        before, now = self._settings, self._clock()
        settings, waiting = waits_for_restart(before, new.settings)
        choose_languages(settings)
        changed = changed_sections(mark_of(before), mark_of(settings))
        with Store.open(settings.store.path) as store:
            self._follow(store, settings, new.transport, now, bool(changed))
        self._settings = settings
        file.taken()
        log.info("reloaded", extra={"changed": changed, "wait_for_restart": waiting})
        if waiting:
            log.warning("what changed in %s waits for a restart", " and ".join(waiting))
