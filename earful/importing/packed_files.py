"""The bytes of a file as they come, out of gzip or a zip too, and how far they are read."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from config.errors import InputError

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
# What a Mac and Windows put into a zip beside the file that was meant.
_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_HEAD = 1 << 16


@dataclass(slots=True)
class PackedFile:
    """A file whose bytes can be read again and again, unpacked.

    `size` and `bytes_read` are of the file as it lies on the disk, packed or not.
    """

    path: Path
    packing: str = ""
    member: str = ""
    size: int = 0
    _file: IO[bytes] | None = field(default=None, repr=False)

    @property
    def bytes_read(self) -> int:
        if self._file is None:
            return 0
        return self.size if self._file.closed else min(self._file.tell(), self.size)

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Open the unpacked bytes; what keeps them from being read becomes an InputError."""
        try:
            with self.path.open("rb") as file:
                self._file = file
                if self.packing == "gzip":
                    with gzip.GzipFile(fileobj=file) as unpacked:
                        yield cast(IO[bytes], unpacked)
                elif self.packing == "zip":
                    with zipfile.ZipFile(file) as archive, archive.open(self.member) as unpacked:
                        yield unpacked
                else:
                    yield file
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            raise InputError(
                f"{self.path}: the {self.packing or 'packed'} file is damaged or cut off "
                f"({error}): fetch it again"
            ) from error
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error.strerror or error}") from error

    def head(self) -> bytes:
        """Read the first 64 KiB, unpacked."""
        with self.opened() as file:
            return file.read(_HEAD)


def packed_file(path: Path) -> PackedFile:
    """Find out how a file is packed; InputError where there is none, or nothing in it."""
    if path.is_dir():
        raise InputError(f"{path}: a folder: name the file in it")
    plain = PackedFile(path)
    try:
        plain.size = path.stat().st_size
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    start = plain.head()[:4]
    if start.startswith(GZIP):
        return PackedFile(path, "gzip", size=plain.size)
    if start == ZIP:
        return _zipped(plain)
    if not start:
        raise InputError(f"{path}: the file is empty")
    return plain


def _zipped(plain: PackedFile) -> PackedFile:
    """Find the one table in a zip; a workbook of Excel is a zip itself, and stays as it is."""
    try:
        with zipfile.ZipFile(plain.path) as archive:
            members = [
                one
                for one in archive.infolist()
                if not one.is_dir() and not any(name in one.filename for name in _LITTER)
            ]
    except zipfile.BadZipFile as error:
        raise InputError(
            f"{plain.path}: the zip file is damaged or cut off ({error}): fetch it again"
        ) from error
    names = [one.filename for one in members]
    if "[Content_Types].xml" in names:
        return plain
    if {"mimetype", "content.xml"}.issubset(names):
        raise InputError(f"{plain.path}: a sheet of LibreOffice: save it as .xlsx or CSV in UTF-8")
    if len(members) != 1:
        listed = ", ".join(names[:5]) or "nothing"
        raise InputError(
            f"{plain.path}: the zip holds {len(names)} files ({listed}): unpack it and name one"
        )
    if members[0].flag_bits & 1:
        raise InputError(f"{plain.path}: the zip asks for a password: unpack it first")
    return PackedFile(plain.path, "zip", names[0], plain.size)
