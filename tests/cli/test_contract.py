import pytest

from evalkit.cli import main
from tests.services.openapi.documents import CHARGES


@pytest.fixture
def versions(tmp_path):
    def write(new):
        (tmp_path / "old.yaml").write_text(CHARGES)
        (tmp_path / "new.yaml").write_text(new)
        return str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")

    return write


def test_breaking_changes_are_named_and_fail(versions, capsys):
    old, new = versions(CHARGES.replace("maximum: 100", "maximum: 50, default: 5"))
    assert main(["contract", "diff", old, new]) == 1
    assert capsys.readouterr().out == (
        "breaking    GET /charges query.limit: maximum was 100, is 50\n\n1 breaking, 0 compatible\n"
    )


def test_compatible_changes_pass_and_can_be_left_out(versions, capsys):
    old, new = versions(CHARGES.replace("maximum: 100", "maximum: 500"))
    assert main(["contract", "diff", old, new, "--breaking"]) == 0
    assert capsys.readouterr().out == "\n0 breaking, 1 compatible\n"


def test_no_change_passes(versions, capsys):
    old, new = versions(CHARGES)
    assert main(["contract", "diff", old, new]) == 0
    assert "no change" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["openapi: 2", "[", "", "\x00"])
def test_what_is_no_contract_is_an_error_with_its_place(versions, capsys, text):
    old, new = versions(text)
    assert main(["contract", "diff", old, new]) == 2
    assert "new.yaml:1:" in capsys.readouterr().err


def test_an_action_is_needed(capsys):
    assert main(["contract"]) == 2
    assert "ACTION" in capsys.readouterr().err
