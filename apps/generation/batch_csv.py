"""The CSV of a batch, read and written: text in, text out, and a clear refusal of what cannot be read."""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO, TextIOWrapper
from typing import BinaryIO, NamedTuple, Protocol

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import DomainError
from apps.core.text import plain, storable
from apps.generation.prompts import Field, PromptTemplate

ROWS_MAX = 10_000
COLUMNS_MAX = 50
HEADER_CHARACTERS_MAX = 120
DELIMITERS = (",", ";", "\t")
# Excel takes a file without it for one in its own old encoding.
BYTE_ORDER_MARK = "\ufeff"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
PEEK_BYTES = 1024
SAVE_AS = gettext_lazy("Save it as “CSV UTF-8” (in Excel: File, Save as) and upload that.")
# How files begin that people take for a CSV.
OTHER_KINDS: dict[bytes, str | Promise] = {
    b"PK\x03\x04": gettext_lazy("This is a workbook of Excel or another office program, not a CSV."),
    b"\xd0\xcf\x11\xe0": gettext_lazy("This is an old workbook of Excel, not a CSV."),
    b"%pdf": gettext_lazy("This is a PDF, not a CSV."),
    b"<!doctype": gettext_lazy("This is a web page, not a CSV."),
    b"<html": gettext_lazy("This is a web page, not a CSV."),
    b"<?xml": gettext_lazy("This is an XML file, not a CSV."),
    b"{": gettext_lazy("This is a JSON file, not a CSV."),
}


class CsvError(DomainError):
    """The file cannot be read as a CSV for this template; the sentence says where and what to do."""

    code = "csv_unreadable"
    status = 422


class Reader(Protocol):
    """What csv.reader returns: it has read so many lines."""

    line_num: int

    def __next__(self) -> list[str]: ...


class Line(NamedTuple):
    """A row of the file: the line that it begins on, a cell for each column, and what is wrong with its form."""

    line: int
    cells: list[str]
    problem: str


@dataclass(frozen=True)
class Sheet:
    """A CSV whose header was understood; `positions` tells the column of each field."""

    columns: list[str]
    positions: dict[str, int]
    delimiter: str
    lines: Iterator[Line]

    @property
    def unused(self) -> list[str]:
        """The columns that belong to no field."""
        used = set(self.positions.values())
        return [column for place, column in enumerate(self.columns) if place not in used]


@contextmanager
def opened(file: BinaryIO, *, fields: Sequence[Field]) -> Iterator[Sheet]:
    """Read the header of a CSV; its lines are read as they are asked for, so that a large file takes no memory.

    The header names each field by its name or label, in any order; other columns are kept as they are. Raises CsvError,
    also while lines are read.
    """
    encoding = _encoding_of(file)
    delimiter = max(DELIMITERS, key=lambda one: _fit(file, encoding=encoding, delimiter=one, fields=fields))
    with _text(file, encoding=encoding) as text:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        columns = _columns(reader)
        yield Sheet(columns, _positions(columns, fields), delimiter, _lines(reader, width=len(columns)))


def encode(rows: Iterable[Sequence[str]], *, delimiter: str = ",") -> str:
    """Write rows as CSV: each cell in quotes, and none that a spreadsheet takes for a formula."""
    text = StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(
        [[plain(cell) for cell in row] for row in rows]
    )
    return text.getvalue()


def sample(template: PromptTemplate) -> str:
    """Return a CSV for a template to fill in: its labels, and one row that works."""
    example = [field.example or (field.choices[0] if field.choices else field.placeholder) for field in template.fields]
    return BYTE_ORDER_MARK + encode([[field.label for field in template.fields], example])


def _encoding_of(file: BinaryIO) -> str:
    file.seek(0)
    start = file.read(PEEK_BYTES)
    kind = start.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for mark, sentence in OTHER_KINDS.items():
        if kind.startswith(mark.lower()):
            raise CsvError(f"{sentence} {SAVE_AS}")
    if not start:
        raise CsvError(_("This file is empty."))
    if start.startswith(UTF_16):
        return "utf-16"
    _require_utf_8(file)
    return "utf-8-sig"


def _require_utf_8(file: BinaryIO) -> None:
    file.seek(0)
    for number, line in enumerate(file, 1):
        if b"\0" in line:
            found = _("Line %(line)d has a NUL character: this is no text in UTF-8.") % {"line": number}
            raise CsvError(f"{found} {SAVE_AS}")
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            known = {"line": number, "byte": f"0x{line[error.start]:02X}", "place": number_format(error.start + 1)}
            found = _("Line %(line)d is not in UTF-8: byte %(place)s is %(byte)s.") % known
            raise CsvError(f"{found} {SAVE_AS}") from error


@contextmanager
def _text(file: BinaryIO, *, encoding: str) -> Iterator[TextIOWrapper]:
    file.seek(0)
    text = TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield text
    finally:
        # The file is the caller's: it stays open.
        text.detach()


def _fit(file: BinaryIO, *, encoding: str, delimiter: str, fields: Sequence[Field]) -> tuple[int, int]:
    """Return how many fields, and how many columns, a header has if this were the delimiter."""
    with _text(file, encoding=encoding) as text:
        try:
            header = next(csv.reader(text, delimiter=delimiter, strict=True), [])
        except (csv.Error, UnicodeDecodeError):
            return 0, 0
    names = [_plain_name(column) for column in header]
    return sum(1 for field in fields if _place(field, names) is not None), len(header)


def _columns(reader: Iterator[list[str]]) -> list[str]:
    try:
        header = next(reader, [])
    except (csv.Error, UnicodeDecodeError) as error:
        raise CsvError(f"{_('The header, the first line, cannot be read.')} {SAVE_AS}") from error
    columns = [" ".join(storable(column).split()) for column in header]
    while columns and not columns[-1]:
        columns.pop()
    if not columns:
        raise CsvError(_("The first line is empty. It has to name the columns."))
    if len(columns) > COLUMNS_MAX or any(len(column) > HEADER_CHARACTERS_MAX for column in columns):
        raise CsvError(_("The first line does not look like names of columns. Put them there, as in the sample."))
    return columns


def _positions(columns: list[str], fields: Sequence[Field]) -> dict[str, int]:
    names = [_plain_name(column) for column in columns]
    places = {field.name: _place(field, names) for field in fields}
    missing = [field.label for field in fields if places[field.name] is None]
    if missing:
        raise CsvError(
            _("The first line has no column %(names)s. Name the columns as in the sample.") % _named(missing)
        )
    twice = {columns[place] for place, name in enumerate(names) if name and name in names[:place]}
    if twice:
        raise CsvError(_("Two columns have the same name: %(names)s. Rename or remove one.") % _named(twice))
    return {name: place for name, place in places.items() if place is not None}


def _place(field: Field, names: list[str]) -> int | None:
    known = {_plain_name(field.name), _plain_name(field.label)}
    return next((place for place, name in enumerate(names) if name in known), None)


def _plain_name(column: str) -> str:
    return " ".join(column.replace("_", " ").split()).casefold()


def _named(names: Iterable[str]) -> dict[str, str]:
    return {"names": ", ".join(f"“{name}”" for name in sorted(names))}


def _lines(reader: Reader, *, width: int) -> Iterator[Line]:
    line, count = reader.line_num, 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError) as error:
            raise CsvError(_broken(error, line=line + 1)) from error
        begins, line = line + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > ROWS_MAX:
            most = number_format(ROWS_MAX, force_grouping=True)
            raise CsvError(_("This file has more than %(most)s rows. Split it into several files.") % {"most": most})
        yield Line(begins, _fitted(cells, width=width), _ragged(cells, width=width))


def _fitted(cells: list[str], *, width: int) -> list[str]:
    return [storable(cell) for cell in cells[:width]] + [""] * (width - len(cells))


def _ragged(cells: list[str], *, width: int) -> str:
    """Say that a row has more cells than the header; cells that are missing at its end are empty ones."""
    if not any(cell.strip() for cell in cells[width:]):
        return ""
    return _("This row has %(cells)d cells, the header has %(width)d. Put texts with a delimiter in quotes.") % {
        "cells": len(cells),
        "width": width,
    }


def _broken(error: csv.Error | UnicodeDecodeError, *, line: int) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"{_('Line %(line)d cannot be read: it is not in UTF-16.') % {'line': line}} {SAVE_AS}"
    if "field limit" in str(error):
        most = number_format(csv.field_size_limit(), force_grouping=True)
        found = _(
            "The row on line %(line)d has a cell of more than %(most)s characters. A closing quote may be missing."
        )
        return found % {"line": line, "most": most}
    found = _("The row on line %(line)d cannot be read: a quote is missing. A quote within a text is written twice.")
    return found % {"line": line}
