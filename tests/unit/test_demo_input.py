import datetime as dt
import shutil
from pathlib import Path

import pytest

import erp_sandbox
from erp_facade.demo import EXIT_INPUT, run_demo
from erp_facade.demo.probing import matching_places
from erp_facade.demo.run import InputError, load_input

_DATA = Path(erp_sandbox.__file__).parent / "data"
_TODAY = dt.date(2026, 3, 10)
_HEADER = "id,backend,operation,plant,product,cause,value,expected_class\n"


def test_the_problems_of_the_data_and_of_the_divergences_are_told_together(tmp_path: Path) -> None:
    data = shutil.copytree(_DATA, tmp_path / "data")
    (data / "plants.csv").write_text("plant,time_zone\nHAM1,Mars/Olympus\n")
    seeds = tmp_path / "seeds.csv"
    seeds.write_text(_HEADER + "D1,Cloud,PRICING,*,1001,price,,MISMATCH\n")
    with pytest.raises(InputError) as caught:
        load_input(data, seeds, _TODAY, stays=False)
    assert caught.value.problems == (
        "plants.csv:2: time_zone 'Mars/Olympus' is not an IANA time zone",
        f"{seeds}: line 2: backend 'Cloud' is unknown; known are legacy, cloud",
    )


def test_a_file_that_is_not_there_is_named_and_nothing_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = tmp_path / "absent.csv"
    code = run_demo(data=None, divergences=absent, exit_after=True, as_json=True, today=_TODAY)
    told = capsys.readouterr()
    assert (code, told.out) == (EXIT_INPUT, "")
    assert f"{absent}: cannot be read: No such file or directory" in told.err


def test_an_empty_file_seeds_nothing_although_the_folder_has_one_of_its_own(tmp_path: Path) -> None:
    data = shutil.copytree(_DATA, tmp_path / "data")
    (data / "divergences.csv").write_text(_HEADER + "D1,cloud,PRICING,*,1001,price,,MISMATCH\n")
    empty = tmp_path / "empty.csv"
    empty.touch()
    beside = load_input(data, None, _TODAY, stays=False)
    assert [seed.seed_id for seed in beside.seeds or ()] == ["D1"]
    assert load_input(data, empty, _TODAY, stays=False).seeds == ()


def test_a_divergence_is_looked_for_only_where_the_data_have_its_product(tmp_path: Path) -> None:
    seeds = tmp_path / "seeds.csv"
    rows = ["D1,cloud,PRICING,HAM1,*", "D2,cloud,PRICING,*,1002", "D3,cloud,PRICING,HAM1,1002", "D4,cloud,PRICING,*,9"]
    seeds.write_text(_HEADER + "".join(f"{row},price,,MISMATCH\n" for row in rows))
    given = load_input(None, seeds, _TODAY, stays=False)
    everywhere, one_product, wrong_plant, no_product = (matching_places(s, given.master) for s in given.seeds or ())
    assert {plant for plant, _ in everywhere} == {"HAM1"}
    assert one_product == [("OSA1", "1002")]
    assert wrong_plant == no_product == []
