"""The CSV of a batch: what is read, what is refused and how it is said, and what is written."""

import codecs
import csv
import io
import zipfile

import pytest

from apps.generation import batch_csv, prompts
from apps.generation.batch_csv import ROWS_MAX, CsvError
from apps.generation.batch_rules import RowError, RowRules
from tests.generation.runs import TEXT

TEMPLATE = prompts.get_file("summary")
ROW = f'"{TEXT}",Bullet points'


def read(content: bytes) -> tuple[list[str], dict[str, int], list[batch_csv.Line]]:
    with batch_csv.opened(io.BytesIO(content), fields=TEMPLATE.fields) as sheet:
        return sheet.columns, sheet.positions, list(sheet.lines)


def workbook() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()


READ = {
    "plain": f"text,format\n{ROW}\n".encode(),
    "labels in another order": f'Format,Text to summarize\nBullet points,"{TEXT}"\n'.encode(),
    "names in capitals with spaces": f" TEXT , Format \n{ROW}\n".encode(),
    "byte order mark": codecs.BOM_UTF8 + f"text,format\n{ROW}\n".encode(),
    "semicolons": f'text;format\n"{TEXT}";Bullet points\n'.encode(),
    "tabs": f"text\tformat\n{TEXT}\tBullet points\n".encode(),
    "utf-16 little": f"text,format\n{ROW}\n".encode("utf-16"),
    "utf-16 big": codecs.BOM_UTF16_BE + f"text,format\n{ROW}\n".encode("utf-16-be"),
    "lines of windows": f"text,format\r\n{ROW}\r\n".encode(),
    "lines of an old mac": f"text,format\r{ROW}\r".encode(),
    "no line end at the end": f"text,format\n{ROW}".encode(),
    "empty lines, and empty cells of a spreadsheet": f"text,format,,\n\n{ROW},,\n,,,\n".encode(),
    "another column in between": f'text,sku,format\n"{TEXT}",A-7,Bullet points\n'.encode(),
    "a semicolon in the header of a file with commas": f'text,"a; b",format\n"{TEXT}",x,Bullet points\n'.encode(),
}


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_a_file_is_read_however_it_was_written(content):
    _columns, positions, lines = read(content)

    [line] = lines
    rules = RowRules(template=TEMPLATE, positions=positions)
    assert rules.inputs_of(line.cells) == {"text": TEXT, "format": "Bullet points"}
    assert line.problem == ""


REFUSED = {
    "empty": (b"", "This file is empty"),
    "only a mark": (codecs.BOM_UTF8, "first line is empty"),
    "blank": (b"\n\n", "first line is empty"),
    "latin-1": (f"text,format\nCaf\xe9 {TEXT},x\n".encode("latin-1"), "Line 2 is not in UTF-8: byte 4 is 0xE9"),
    "utf-16 without a mark": (f"text,format\n{ROW}\n".encode("utf-16-le"), "Line 1 has a NUL character"),
    "nul": (b"text,format\nabc\x00def,x\n", "Line 2 has a NUL character"),
    "half of a utf-16 character": (f"text,format\n{ROW}\n".encode("utf-16")[:-1], "it is not in UTF-16"),
    "workbook": (workbook(), "workbook of Excel"),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old workbook"),
    "pdf": (b"%PDF-1.7\n", "This is a PDF"),
    "html": (b"  <!DOCTYPE html>\n<html><body>text,format</body></html>", "This is a web page"),
    "json": (b'{"text": "x"}', "This is a JSON file"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(64), "Line 1 is not in UTF-8"),
    "two columns of one name": (f"text,Text,format\nx,{ROW}\n".encode(), "same name: “Text”"),
    "a column is missing": (f"text\n{TEXT}\n".encode(), "no column “Format”"),
    "no header": (f"{ROW}\n".encode(), "no column “Format”, “Text to summarize”"),
    "prose": (b"Dear team, here is what we agreed on. " * 20, "no column “Format”, “Text to summarize”"),
    "a page of prose": (b"here is what we agreed on " * 20, "does not look like names of columns"),
    "a quote that never ends": (f'text,format\n{ROW}\n"{TEXT},Bullet points\n'.encode(), "line 3 cannot be read"),
    "a quote within": (f'text,format\n"He said "no" to it",x\n{ROW}\n'.encode(), "line 2 cannot be read"),
    "a cell of a megabyte": (
        f'text,format\n"{"a" * 1_000_000}",x\n'.encode(),
        "line 2 has a cell of more than 131,072",
    ),
    "too many rows": (b"text,format\n" + b"a,b\n" * (ROWS_MAX + 1), "more than 10,000 rows"),
}


@pytest.mark.parametrize(("content", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_the_place_and_the_way_on(content, said):
    with pytest.raises(CsvError) as refused:
        read(content)

    assert said in str(refused.value)
    assert refused.value.status == 422


def test_lines_are_counted_as_an_editor_counts_them():
    _columns, _positions, lines = read(f'text,format\n"one\ntwo\nthree",x\n\n{ROW}\n'.encode())

    assert [line.line for line in lines] == [2, 6]


def test_a_row_with_more_cells_than_the_header_says_so_and_one_with_fewer_has_empty_ones():
    _columns, _positions, lines = read(b"text,format,id\na,b,c,d\na\n")

    assert lines[0].problem.startswith("This row has 4 cells, the header has 3")
    assert (lines[1].cells, lines[1].problem) == (["a", "", ""], "")


def test_columns_that_no_field_uses_are_named():
    with batch_csv.opened(io.BytesIO(READ["another column in between"]), fields=TEMPLATE.fields) as sheet:
        assert sheet.unused == ["sku"]


ROWS = {
    "too few words": (["one two", "Bullet points"], "“Text to summarize”: Please write at least 20 words."),
    "too many characters": (["letters " * 1_900, "Bullet points"], "at most 12000 characters"),
    "no text": (["", "Bullet points"], "“Text to summarize”: This field is required."),
    "an unknown choice": ([TEXT, "Poem"], "“Format”: Select a valid choice. Poem"),
    "all of it": (["", "Poem"], "required. “Format”"),
}


@pytest.mark.parametrize(("cells", "said"), ROWS.values(), ids=ROWS)
def test_a_row_is_held_to_the_rules_of_the_composer(cells, said):
    with pytest.raises(RowError) as refused:
        RowRules(template=TEMPLATE, positions={"text": 0, "format": 1}).inputs_of(cells)

    assert said in str(refused.value)


def test_a_choice_is_found_in_small_letters_too():
    rules = RowRules(template=TEMPLATE, positions={"text": 0, "format": 1})

    assert rules.inputs_of([TEXT, " bullet POINTS "])["format"] == "Bullet points"


@pytest.mark.parametrize("template", prompts.list_files(), ids=lambda template: template.slug)
def test_the_sample_of_a_template_can_be_uploaded(template):
    content = batch_csv.sample(template).encode()

    with batch_csv.opened(io.BytesIO(content), fields=template.fields) as sheet:
        [line] = sheet.lines
        inputs = RowRules(template=template, positions=sheet.positions).inputs_of(line.cells)
    assert inputs == template.example


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_that_is_written_is_a_formula(start):
    written = batch_csv.encode([[f"{start}HYPERLINK(1)", "plain;=1+1"]], delimiter=";")

    assert next(csv.reader(io.StringIO(written, newline=""), delimiter=";")) == [f"'{start}HYPERLINK(1)", "plain;=1+1"]
