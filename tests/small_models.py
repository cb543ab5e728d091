"""Tiny models with random weights, made in the layout in which real ones are shipped."""

import json
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

SPECIAL = ("pad", "unk", "cls", "sep", "mask")
WORDS = "query passage represent this sentence for searching relevant passages : . vpn drops restart the client printer"
MAX_TOKENS = 64
DIMENSION = 384
KINDS = {"bert": (BertConfig, BertModel), "xlm-roberta": (XLMRobertaConfig, XLMRobertaModel)}


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


def make_model(folder: Path, pooling: str, kind: str = "bert", **shape: object) -> Path:
    """Build a tiny encoder; `kind` is `bert`, as BGE and E5 are, or `xlm-roberta`, as the multilingual E5 are."""
    torch.manual_seed(7)
    tokenizer = make_tokenizer()
    config_type, model_type = KINDS[kind]
    config = config_type(
        **{
            "vocab_size": len(tokenizer),
            "hidden_size": DIMENSION,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 16,
            "max_position_embeddings": MAX_TOKENS + (2 if kind == "xlm-roberta" else 0),
            "initializer_range": 0.08,
            "pad_token_id": 0,
            **shape,
        }
    )
    model_type(config).eval().save_pretrained(folder / "raw")
    tokenizer.save_pretrained(folder / "raw")
    modules = [Transformer(str(folder / "raw")), Pooling(DIMENSION, pooling_mode=pooling), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "model"))
    return folder / "model"


def ship_prompts(folder: Path, **shipped: object) -> None:
    """Write prompts into a model's own configuration."""
    config = folder / "config_sentence_transformers.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), **shipped}))
