"""The report of each brand's week, written and handed to those who are to have it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from alerts.decide.local_time import DAY, latest_day, local_moment
from alerts.decide.report_alerts import report_alerts
from alerts.decide.stats import Rate
from alerts.messages.report_notices import ReportNumbers
from config.errors import InputError
from config.settings import Settings
from config.settings.report_section import MAIL
from earful.brand_zones import zone_of
from earful.configured_destinations import way_of_channel
from earful.isolation import Isolation
from earful.policies import Policies
from storage.models.dedupe_keys import report_key
from storage.page_reads.choice import Choice
from storage.page_reads.tallies import Tally, totals
from storage.page_reads.waiting import waiting_cases
from storage.store import Store
from storage.tables.written_files import WrittenFile

REPORTS = "reports"
"""The stage under which failing reports are counted."""

_DAYS = 7
# A report that is later than this is no news any more.
_LATEST = timedelta(days=2)
_KEPT_FOR = timedelta(weeks=5)


def send_reports(store: Store, settings: Settings, now: datetime) -> int:
    """Write each brand's report of the seven days before, where it is due; once for each place.

    Safe to repeat. A week without a mention needs none. Returns how many alerts are new.
    """
    due = settings.report.due_at
    if due is None:
        return 0
    isolation = Isolation(store, REPORTS, now)
    policies = Policies(settings)
    written = 0
    for brand in settings.own_brands:
        zone = zone_of(settings, brand.name)
        weekday, at = due
        today = latest_day(at, zone, now)
        day = today - ((today.weekday() - weekday) % 7) * DAY
        if now - local_moment(day, at, zone) <= _LATEST:
            with isolation.subject(brand.name):
                written += _send(store, policies, brand.name, day, now)
    isolation.keep_only([brand.name for brand in settings.own_brands])
    return written


def send_late_reports(store: Store, settings: Settings, now: datetime) -> int:
    """Write what failed when reports fell due; what fails now waits for the next time."""
    return send_reports(store, settings, now) if store.failures.of(REPORTS) else 0


def _send(store: Store, policies: Policies, brand: str, day: date, now: datetime) -> int:
    settings, last = policies.settings, day - DAY
    missing = [
        to for to in settings.report.to if not store.outbox.knows(report_key(brand, last, to))
    ]
    choice = Choice(brand=brand, first=day - _DAYS * DAY, last=last)
    tally = totals(store.database.connection, choice)
    if not missing or not tally.mentions:
        return 0
    folder = settings.store.path.absolute().parent / "reports"
    _remove_old(store, folder, now)
    file = _write(store, settings, brand, day, folder, now)
    numbers = _numbers(store, brand, choice, tally, now)
    way = way_of_channel(settings)
    alerts = [
        alert
        for to in missing
        for alert in report_alerts(
            numbers, str(file.path), to, policies.of(brand), now,
            by_mail=to.startswith(MAIL) or way(to).startswith(MAIL),
            via=to if to.startswith(MAIL) else None,
        )
    ]  # fmt: skip
    with store.write() as unit:
        unit.written_files.add(file)
        return unit.outbox.add(alerts)


def renew_reports(store: Store, settings: Settings, now: datetime) -> int:
    """Write reports that wait to be sent and whose file is gone; returns how many.

    Forgetting deletes a file that holds what is erased: it goes out as the store is now, or never.
    """
    isolation, renewed = Isolation(store, REPORTS, now), 0
    for written in store.written_files.waiting():
        if written.path.exists() or written.brand is None:
            continue
        if written.since is None or written.until is None:
            continue
        with isolation.subject(written.brand):
            _render(
                store, settings, written.brand, (written.since, written.until), written.path, now
            )
            store.written_files.add(replace(written, at=now))
            renewed += 1
    return renewed


def _write(
    store: Store, settings: Settings, brand: str, day: date, folder: Path, now: datetime
) -> WrittenFile:
    """Write the file that is sent: a PDF where it is wished and Chromium is here, else HTML."""
    from earful.pages.pdf_print import find_browser

    zone = zone_of(settings, brand)
    since, until = (local_moment(one, time(), zone) for one in (day - _DAYS * DAY, day))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    as_pdf = settings.report.format == "pdf"
    if as_pdf:
        try:
            find_browser()
        except InputError:
            as_pdf = False
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in brand).strip("-").lower()
    path = folder / f"earful-report-{name or 'brand'}-{day - DAY}.{'pdf' if as_pdf else 'html'}"
    _render(store, settings, brand, (since, until), path, now)
    return WrittenFile(path=path, kind="report", at=now, brand=brand, since=since, until=until)


def _render(
    store: Store,
    settings: Settings,
    brand: str,
    between: tuple[datetime, datetime],
    path: Path,
    now: datetime,
) -> None:
    """Write a brand's report of some days into a file, as what its name ends with."""
    from earful.pages.pdf_print import print_to_pdf
    from earful.pages.report_page import render_report

    page = render_report(
        store,
        brand,
        *between,
        now,
        zone_of(settings, brand),
        public_url=settings.serve.public_url,
    )
    if path.suffix == ".pdf":
        print_to_pdf(page, path)
    else:
        half = path.with_suffix(".part")
        half.write_text(page, encoding="utf-8")
        half.replace(path)
    # It quotes what customers said.
    with suppress(OSError):
        path.chmod(0o600)


def _numbers(
    store: Store, brand: str, choice: Choice, tally: Tally, now: datetime
) -> ReportNumbers:
    connection = store.database.connection
    earlier = choice.before()
    before = totals(connection, earlier) if earlier else Tally()
    waiting = waiting_cases(connection, replace(choice, first=None, last=None), now)
    first, last = choice.first, choice.last
    assert first is not None
    assert last is not None
    return ReportNumbers(
        brand=brand,
        first=first,
        last=last,
        mentions=tally.mentions,
        rates=_rates(tally),
        before=_rates(before),
        open_cases=len(waiting),
        overdue_cases=sum(bool(row["overdue"]) for row in waiting),
    )


def _rates(tally: Tally) -> dict[str, Rate]:
    return {
        "wow_rate": Rate(tally.delighted, tally.told),
        "complaint_rate": Rate(tally.angry, tally.told),
    }


def _remove_old(store: Store, folder: Path, now: datetime) -> None:
    """Delete what was sent long ago: whom it was for has it, and it quotes customers."""
    old = [
        path
        for path in folder.glob("earful-report-*")
        if path.suffix in (".pdf", ".html")
        and path.stat().st_mtime < (now - _KEPT_FOR).timestamp()
    ]
    for path in old:
        path.unlink(missing_ok=True)
    if old:
        store.written_files.remove(old)
