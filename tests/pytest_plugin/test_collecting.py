from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.pytest_plugin.suites import ALL, INI, SUITE, write_suite


def collected(result: pytest.RunResult) -> list[str]:
    """The names of the items in the output of `--collect-only -q`."""
    return [each.partition("::")[2] for each in result.outlines if "eval.yaml::" in each]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], ALL),
        (["-k", "own"], ["down"]),
        (["-m", "critical"], ["happy", "down"]),
        (["-m", "hard"], ["down"]),
        (["shop.eval.yaml::flaky"], ["flaky"]),
        (["shop.eval.yaml::[gates]"], ["[gates]"]),
        (["--evalkit-no-suites"], []),
        (["-o", "evalkit_suites=false"], []),
    ],
)
def test_a_suite_gives_an_item_per_scenario_and_one_for_its_gates(
    pytester: pytest.Pytester, arguments: Sequence[str], names: list[str]
) -> None:
    write_suite(pytester)
    result = pytester.runpytest_inprocess("--collect-only", "-q", *arguments)
    assert collected(result) == names
    assert not (pytester.path / "reports").exists()


def test_a_suite_without_gates_has_no_item_for_them(pytester: pytest.Pytester) -> None:
    write_suite(pytester, SUITE.replace("gates: [p90(turn.latency) < 1s]\n", ""))
    assert collected(pytester.runpytest_inprocess("--collect-only", "-q")) == ALL[:-1]


def test_an_item_stands_where_the_yaml_names_it(pytester: pytest.Pytester) -> None:
    write_suite(pytester)
    items, _ = pytester.inline_genitems()
    lines = SUITE.lstrip().splitlines()
    for item in items[:-1]:
        path, line, name = item.reportinfo()
        assert path == pytester.path / "shop.eval.yaml"
        assert line is not None
        assert lines[line].strip().startswith(f"{name}:")
    # What is critical is run first.
    assert [each.nodeid for each in items] == [f"shop.eval.yaml::{name}" for name in ALL]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("gates: [", "gatez: [", ['*shop.eval.yaml:8:1: unknown key "gatez"*', "*did you mean*"]),
        ("shop/fails-once", "shop/fails-onc", ["*mean shop/fails-once?*", "*| *flaky:*"]),
        ("use: shop.yaml", "use: shp.yaml", ["*there is no file*", "*did you mean shop.yaml?*"]),
        ("p90(turn.latency)", "p90(turn.latenzy)", ["*did you mean turn.latency?*"]),
    ],
)
def test_mistakes_are_errors_of_collection_with_their_place(
    pytester: pytest.Pytester, old: str, new: str, told: list[str]
) -> None:
    write_suite(pytester, SUITE.replace(old, new))
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(told)
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*evalkit/*.py*")


def test_options_that_are_wrong_are_told(pytester: pytest.Pytester) -> None:
    write_suite(pytester)
    result = pytester.runpytest_inprocess("--evalkit-workers", "0")
    result.stderr.fnmatch_lines(["*--evalkit-workers*"])
    result = pytester.runpytest_inprocess("-o", "evalkit_seed=x")
    result.stdout.fnmatch_lines(["*evalkit_seed is 'x', which is no whole number*"])


def test_the_options_are_in_the_help(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--help", "-o", SCOPE)
    for option in ("seed=S", "workers=N", "reports=DIR", "no-control", "no-report", "no-suites"):
        result.stdout.fnmatch_lines([f"*--evalkit-{option}*"])


def test_nothing_heavy_is_imported_where_there_is_no_suite(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI)
    pytester.makepyfile(
        test_plain="def test_plain(): pass",
        conftest="""
            import sys

            def pytest_sessionfinish():
                loaded = sorted(each for each in sys.modules if each.startswith("evalkit."))
                print("loaded:", *loaded)
                print("heavy:", *({"pydantic", "yaml", "pandas", "pyarrow"} & set(sys.modules)))
        """,
    )
    others = ("logfire", "pytest_logfire", "langsmith_plugin", "locust")
    blocked = [word for each in others for word in ("-p", f"no:{each}")]
    result = pytester.runpytest_subprocess("--collect-only", "-q", "-s", *blocked)
    plugin = ["evalkit.pytest_plugin", *(f"evalkit.pytest_plugin.{each}" for each in PARTS)]
    result.stdout.fnmatch_lines([f"loaded: {' '.join(plugin)}", "heavy:"])


PARTS = ("hooks", "keys", "options")
SCOPE = "asyncio_default_fixture_loop_scope=function"
