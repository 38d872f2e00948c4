"""The Procfile is read as it stands."""

import pytest

from dev.procfile import ProcfileError, read_procfile


def test_names_and_lines_are_read_in_order(tmp_path):
    path = tmp_path / "Procfile"
    path.write_text("# what runs\n\nweb: serve --port ${PORT:-8000}\nbeat: tick\n")

    assert list(read_procfile(path).items()) == [("web", "serve --port ${PORT:-8000}"), ("beat", "tick")]


@pytest.mark.parametrize("line", ["web", "web:", "we b: serve", ": serve"])
def test_a_line_that_names_no_process_is_refused_with_its_number(tmp_path, line):
    path = tmp_path / "Procfile"
    path.write_text(f"beat: tick\n{line}\n")

    with pytest.raises(ProcfileError, match="line 2"):
        read_procfile(path)
