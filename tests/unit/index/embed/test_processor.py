from pathlib import Path

import pytest

from index.embed.processor import may_have_gpu, multiplies_int8_fast, usable_cores


@pytest.mark.parametrize(
    ("cpuinfo", "fast"),
    [
        ("processor\t: 0\nflags\t\t: fpu sse4_2 avx2 avx512f avx512_vnni\n", True),
        ("flags : fpu avx2 avx_vnni", True),
        ("Features\t: fp asimd aes asimddp", True),
        ("flags : fpu avx2 avx512f", False),
        ("model name : avx512_vnni", False),
        ("", False),
    ],
    ids=["AVX-512 VNNI", "AVX-VNNI", "ARM dot product", "no VNNI", "in a name only", "nothing"],
)
def test_int8_is_fast_where_the_flags_say_so(cpuinfo: str, fast: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    assert multiplies_int8_fast(tmp_path / "cpuinfo") is fast


def test_nothing_is_assumed_of_a_machine_that_does_not_tell(tmp_path: Path) -> None:
    assert not multiplies_int8_fast(tmp_path / "missing")
    assert not may_have_gpu(tmp_path / "missing")
    assert usable_cores() >= 1
