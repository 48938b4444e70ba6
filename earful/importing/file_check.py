"""The first reading of a file, before anything is stored: what its rows say together."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from config.errors import InputError
from earful.importing.column_plan import ColumnPlan
from earful.importing.files import FileRow, Table
from earful.importing.row_ids import RowIds, cell_reader
from earful.importing.wishes import Wishes
from storage import fields
from storage.fields import DateOrder, EntryError

_DATES = ("created_at", "edited_at", "owner_replied_at")
_USUAL_MOST = 5.0
# Percents and thumbs are a scale of their own, beside the numbers of a column.
_OWN_SCALES = (1.0, 100.0)
_MANY = 1000
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the rows say together: the scale of plain ratings, the order of dates by field.

    `repeated` are the digests of the keys that more than one row has.
    """

    rows: int
    rating_max: float
    orders: Mapping[str, DateOrder]
    repeated: frozenset[int]


def check_file(
    table: Table, plan: ColumnPlan, ids: RowIds, wishes: Wishes, where: str, progress: Progress
) -> Checked:
    """Read all of a file once; InputError asks for what it does not say itself."""
    cell = cell_reader(plan)
    scale, dates = _Scale(), {name: _Dates() for name in _DATES if name in plan.columns}
    digests, rows = array("Q"), 0
    with closing(iter(table)) as found:
        for row in found:
            rows += 1
            if rows % _MANY == 0:
                progress(table.bytes_read)
            if row.problem:
                continue
            if "rating" in plan.columns and cell(row, "rating_max") in (None, ""):
                scale.see(row, cell(row, "rating"))
            for name, seen in dates.items():
                seen.see(row, cell(row, name))
            try:
                digests.append(ids.key(row).digest)
            except EntryError:
                continue  # it is refused by name when it is read
    orders = {name: seen.order(wishes.dates.order, name, where) for name, seen in dates.items()}
    most = wishes.rating_max or plan.rating_max or scale.most(where)
    return Checked(rows, most, orders, _repeated(digests))


@dataclass(slots=True)
class _Scale:
    """What a column of ratings shows of its scale."""

    ends: Counter[float] = field(default_factory=Counter)
    plain: Counter[float] = field(default_factory=Counter)
    highest: tuple[float, int] = (0.0, 0)

    def see(self, row: FileRow, value: object) -> None:
        try:
            rated = fields.rated(value)
        except EntryError:
            return  # it is counted by name when it is read
        if rated is None:
            return
        if rated.most is not None:
            self.ends[rated.most] += rated.most not in _OWN_SCALES
            return
        if rated.value > self.highest[0]:
            self.highest = (rated.value, row.line)
        if rated.value in self.plain or len(self.plain) < _MANY:
            self.plain[rated.value] += 1

    def most(self, where: str) -> float:
        """Give the end of the scale, or ask for it: 5 of 10 is not 5 of 5."""
        ends = [most for most, rows in self.ends.items() if rows]
        if len(ends) == 1:
            # Some ratings say of how much they are: most of the others must fit.
            fit = sum(rows for value, rows in self.plain.items() if value <= ends[0])
            if 2 * fit >= self.plain.total():
                return ends[0]
        highest, line = self.highest
        if highest <= _USUAL_MOST:
            return _USUAL_MOST
        raise InputError(
            f"{where}: line {line}: the rating {highest:g} is more than 5, and nothing says of "
            "how much: add --rating-max 10, or what the scale goes up to"
        )


@dataclass(slots=True)
class _Dates:
    """What a column of dates shows of the order of its days and months."""

    shown: set[DateOrder] = field(default_factory=set)
    others: bool = False
    doubtful: tuple[int, str] | None = None

    def see(self, row: FileRow, value: object) -> None:
        order = fields.order_shown(value)
        if order is None:
            self.others = self.others or not fields.is_no_moment(value)
        elif order is not DateOrder.EITHER:
            self.shown.add(order)
        elif self.doubtful is None:
            self.doubtful = (row.line, str(value).strip())

    def order(self, wished: DateOrder, name: str, where: str) -> DateOrder:
        """Give the order, or ask for it where one date may be either.

        A column of one form in which some dates leave no doubt is in their order throughout.
        """
        if self.doubtful is None or wished is not DateOrder.EITHER:
            return wished
        if len(self.shown) == 1 and not self.others:
            return next(iter(self.shown))
        line, date = self.doubtful
        raise InputError(
            f"{where}: line {line}: {name} {date!r}: day first or month first? Add --date-format "
            f"{DateOrder.DAY_FIRST} or --date-format {DateOrder.MONTH_FIRST}"
        )


def _repeated(digests: array[int]) -> frozenset[int]:
    """Find the numbers that stand more than once, in the memory of the numbers themselves."""
    import numpy as np

    numbers = np.asarray(digests)
    numbers.sort()
    return frozenset(numbers[1:][numbers[1:] == numbers[:-1]].tolist())
