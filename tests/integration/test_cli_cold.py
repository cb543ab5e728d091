"""What a fresh process loads to decide one ticket: neither torch nor anything that reads sources or speaks HTTP."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.integration

SCRIPT = """
import sys
from api.cli.main import run
code = run(sys.argv[1:])
print(sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(code)
"""
NOT_NEEDED = {
    "torch", "transformers", "sentence_transformers", "onnx", "llama_index", "openai", "httpx", "fastapi", "uvicorn",
    "lxml", "markdown_it", "unstructured", "huggingface_hub", "scipy", "sklearn", "pandas", "charset_normalizer",
    "phonenumbers",
}  # fmt: skip


def test_a_cold_triage_loads_only_what_it_needs(home):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, "--home", str(home), "triage", "--json", "the vpn drops in my hotel"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["citations"][0]["article_id"] == "network/vpn-drops"
    loaded = set(json.loads(done.stderr.splitlines()[-1].replace("'", '"')))
    assert "onnxruntime" in loaded or "torch" in loaded
    assert loaded & NOT_NEEDED == set()
