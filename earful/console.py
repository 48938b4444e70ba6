"""What commands show: tables, progress bars and plain lines, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table


class _Results(Console):
    """Leaves it to `cli.main` what a reader does who has what they want, as `| head`."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class _Remarks(Console):
    """Where nobody reads the remarks, the work goes on."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


# Results go to stdout, where scripts read them; progress and remarks go to stderr.
out = _Results(highlight=False, soft_wrap=True)
err = _Remarks(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[tuple[Progress, TaskID]]:
    """Show a bar on stderr while the block runs; nothing where stderr is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
        yield progress, progress.add_task(what, total=total)


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, right: str = "") -> Table:
    """Lay out rows; `right` has an `r` for each column that is flush right (`"lrr"`)."""
    made = Table(box=None, pad_edge=False, header_style="bold", show_header=any(headings))
    for place, heading in enumerate(headings):
        flush = place < len(right) and right[place] == "r"
        made.add_column(heading, justify="right" if flush else "left", overflow="fold")
    for row in rows:
        made.add_row(*("" if cell is None else str(cell) for cell in row))
    return made


def one_line(text: str, width: int) -> str:
    """Fold white space and cut at `width` terminal columns with an ellipsis."""
    folded = " ".join(text.split())
    if cell_len(folded) <= width:
        return folded
    return set_cell_size(folded, width - 1).rstrip() + "…"


def cell(text: str, width: int) -> str:
    """Make of `text` one line that takes `width` terminal columns."""
    return set_cell_size(one_line(text, width), width)
