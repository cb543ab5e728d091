import pytest

from index.embed.late import LateEmbedder
from index.errors import EmbeddingError
from tests.fakes import HashedWordsEmbedder

MODEL = HashedWordsEmbedder(dimension=8)


def test_a_missing_model_is_told_at_every_use_and_used_once_it_is_there():
    tries = []

    def load():
        tries.append(1)
        if len(tries) < 3:
            raise EmbeddingError("No model in '/models'. Put it there.")
        return MODEL

    late = LateEmbedder(MODEL.spec, load)
    assert late.spec == MODEL.spec
    for use in (lambda: late.embed_query("vpn"), lambda: late.count_tokens("vpn")):
        with pytest.raises(EmbeddingError, match="Put it there"):
            use()
    assert (late.embed_query("vpn") == MODEL.embed_query("vpn")).all()
    assert (late.embed_passages(["vpn"]) == MODEL.embed_passages(["vpn"])).all()
    assert late.count_tokens_batch(["vpn drops"]) == [2]
    assert late.count_tokens("vpn") == 1
    assert len(tries) == 3
