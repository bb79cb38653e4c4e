from pathlib import Path

from erp_sandbox.cloud.messages import Text


def test_the_readme_lists_exactly_the_messages_that_the_stand_in_says(repository: Path) -> None:
    readme = (repository / "src/erp_sandbox/README.md").read_text(encoding="utf-8")
    listed = [line for line in readme.splitlines() if line.startswith("| `") and "/" in line.split("`")[1]]
    said = [f"| `{text.code}` | {text.value[1].replace('{}', '…')} |" for text in Text]
    assert [line for line in listed if line.split("`")[1] in {text.code for text in Text}] == said
    assert len({text.code for text in Text}) == len(Text)
