"""The configuration: every problem at once, unknown keys refused, paths from the file's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from erp_facade.backends import build_backends, read_table
from erp_facade.settings import SettingsError, load_settings, settings_from

MINIMAL = {
    "business_units": {"NW": {"currencies": ["USD"], "plants": {"EU01": {"time_zone": "Europe/Berlin"}}}},
    "backends": {"old": {"adapter": "memory"}},
}


def test_the_minimal_configuration_listens_on_loopback_only(tmp_path: Path) -> None:
    settings = settings_from(MINIMAL, base=tmp_path)
    assert settings.listen.grpc == "127.0.0.1:50051"
    assert settings.store.url == "sqlite:///var/erp-facade.db"


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    content = {
        **MINIMAL,
        "colour": "blue",
        "limits": {"concurrent_calls": 0},
        "business_units": {"NW": {"currencies": [], "plants": {"EU01": {"time_zone": "Mars/Olympus"}}}},
    }
    with pytest.raises(SettingsError) as raised:
        settings_from(content, base=tmp_path)
    text = "\n".join(raised.value.problems)
    for place in ("colour", "limits.concurrent_calls", "business_units.NW.currencies", "Mars/Olympus"):
        assert place in text


def test_without_tokens_only_loopback_may_listen(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="only loopback may listen"):
        settings_from({**MINIMAL, "listen": {"http": "0.0.0.0:8080"}}, base=tmp_path)


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_FACADE_LISTEN__GRPC", "127.0.0.1:1")
    settings = settings_from(MINIMAL, base=tmp_path)
    assert (settings.listen.grpc, settings.listen.http) == ("127.0.0.1:1", "127.0.0.1:8080")


def test_relative_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    content = {**MINIMAL, "store": {"url": "sqlite:///data/f.db"}, "routes_file": "routes.yaml"}
    settings = settings_from(content, base=tmp_path)
    assert settings.store.url == f"sqlite:///{tmp_path}/data/f.db"
    assert settings.routes_file == tmp_path / "routes.yaml"


def test_a_file_that_is_missing_or_no_yaml_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [", encoding="utf-8")
    with pytest.raises(SettingsError, match="is not YAML"):
        load_settings(broken)


def test_an_unknown_adapter_is_named_together_with_those_installed(tmp_path: Path) -> None:
    settings = settings_from({**MINIMAL, "backends": {"old": {"adapter": "abacus"}}}, base=tmp_path)
    with pytest.raises(SettingsError, match=r"no adapter abacus; there are .*memory"):
        build_backends(settings)


def test_problems_of_an_adapters_own_settings_carry_their_place(tmp_path: Path) -> None:
    settings = settings_from({**MINIMAL, "backends": {"new": {"adapter": "s4hana"}}}, base=tmp_path)
    with pytest.raises(SettingsError, match=r"backends\.new\.settings\.base_url"):
        build_backends(settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("key,erp_key\nA,1\nA,2\n", "line 3: A stands there twice"),
        ("key,erp_key\nA,\n", "line 2: key and erp_key must not be empty"),
        ("ours,theirs\nA,1\n", "must have the columns key and erp_key"),
    ],
)
def test_a_cross_reference_table_with_a_mistake_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "customers.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_table(path)


@pytest.mark.parametrize("url", ["postgresql://u:secret@db/x", "sqlite://", "sqlite:///:memory:", "no url at all"])
def test_a_store_that_is_no_file_is_refused_without_repeating_its_url(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="must be a file") as raised:
        settings_from({**MINIMAL, "store": {"url": url}}, base=tmp_path)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("address", ["127.0.0.1:99999", "127.0.0.1", ":8080", "localhost:http"])
def test_an_address_without_host_or_usable_port_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingsError, match=r"listen\.http"):
        settings_from({**MINIMAL, "listen": {"http": address}}, base=tmp_path)


def test_a_deployment_key_that_could_be_guessed_is_refused_without_repeating_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="deployment_key") as raised:
        settings_from({**MINIMAL, "deployment_key": "hunter2"}, base=tmp_path)
    assert "hunter2" not in str(raised.value)


def test_two_clients_cannot_have_one_token(tmp_path: Path) -> None:
    tokens = [{"client": name, "sha256": "0" * 64} for name in ("crm", "shop")]
    with pytest.raises(SettingsError, match="crm and shop have the same token"):
        settings_from({**MINIMAL, "tokens": tokens}, base=tmp_path)
