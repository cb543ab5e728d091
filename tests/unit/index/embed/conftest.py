import json
from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

SPECIAL = ("pad", "unk", "cls", "sep", "mask")
WORDS = "represent this sentence for searching relevant passages : . vpn drops restart the client printer"
MAX_TOKENS = 64


def make_tokenizer() -> PreTrainedTokenizerFast:
    words = [*(f"[{name.upper()}]" for name in SPECIAL), *WORDS.split()]
    unknown = words[SPECIAL.index("unk")]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token=unknown))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", words.index("[CLS]")), ("[SEP]", words.index("[SEP]"))]
    )
    special = {f"{name}_token": f"[{name.upper()}]" for name in SPECIAL}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=MAX_TOKENS, **special)


def make_model(folder: Path, dimension: int = 384) -> Path:
    """Build a tiny BERT with random weights in the layout in which BGE is shipped."""
    torch.manual_seed(7)
    tokenizer = make_tokenizer()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=dimension,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=MAX_TOKENS,
        initializer_range=0.5,
    )
    BertModel(config).eval().save_pretrained(folder / "raw")
    tokenizer.save_pretrained(folder / "raw")
    modules = [Transformer(str(folder / "raw")), Pooling(dimension, pooling_mode="cls"), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="session")
def bge_like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ships a default prompt of its own, which must not be added to ours."""
    folder = tmp_path_factory.mktemp("bge")
    made = make_model(folder)
    config = made / "config_sentence_transformers.json"
    shipped = {"prompts": {"query": "vpn printer vpn printer ", "document": "printer "}, "default_prompt_name": "query"}
    config.write_text(json.dumps({**json.loads(config.read_text()), **shipped}))
    return made.rename(folder / "bge-small-en-v1.5")
