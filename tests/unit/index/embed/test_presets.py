import pytest

from index.embed.presets import PRESETS, find_preset, preset_for
from index.errors import EmbeddingError


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_every_preset_is_found_by_each_of_its_names(preset) -> None:
    for name in (
        preset.name,
        preset.hub_id,
        preset.hub_id.rpartition("/")[2],
        preset.hub_id.upper(),
        f" {preset.name} ",
    ):
        assert find_preset(name) is preset


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_presets_are_consistent(preset) -> None:
    assert all(prefix == "" or prefix.endswith(" ") for prefix in (preset.query_prefix, preset.passage_prefix))
    assert ("bge" in preset.name) == (preset.pooling == "cls")
    assert preset.max_tokens in {256, 512, 8192}


def test_names_are_unique() -> None:
    assert len({preset.name for preset in PRESETS} | {preset.hub_id for preset in PRESETS}) == 2 * len(PRESETS)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(EmbeddingError, match=r"'bge-tiny'.*bge-small-en-v1\.5.*minilm"):
        preset_for("bge-tiny")
