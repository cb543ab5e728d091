"""Real wikis on `php -S`, from Debian's packages as `.ci/system` unpacks them."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
START_TIMEOUT_S = 30.0
USER, PASSWORD = "Runcite", "RunciteTest12345"
_EXTENSIONS = {"intl", "mbstring", "dom", "pdo_sqlite"}


def packages(wiki: str) -> Path:
    """Find the root that a wiki's package is unpacked in, or skip."""
    php = shutil.which("php")
    if php is None:
        pytest.skip("php is not installed: run .ci/system as root")
    loaded = subprocess.run([php, "-m"], check=True, capture_output=True, text=True, timeout=START_TIMEOUT_S).stdout
    missing = _EXTENSIONS - set(loaded.lower().split())
    if missing:
        pytest.skip(f"php lacks {', '.join(sorted(missing))}: run .ci/system as root")
    for root in (Path(os.environ.get("RUNCITE_TEST_WIKIS", ROOT / ".wikis" / "root")), Path("/")):
        if (root / "usr/share" / wiki).is_dir():
            return root
    pytest.skip(f"{wiki} is not unpacked: run .ci/system as root")


@contextmanager
def mediawiki(run: Path) -> Iterator[str]:
    """Install a MediaWiki on SQLite and serve it; gives the address of `api.php`."""
    program = packages("mediawiki") / "usr/share/mediawiki"
    port = free_port()
    data = run / "data"
    data.mkdir(parents=True)
    _php(
        program / "maintenance/install.php",
        *("--dbtype", "sqlite", "--dbpath", data, "--confpath", run, "--scriptpath", ""),
        *("--server", f"http://127.0.0.1:{port}", "--pass", PASSWORD, "Runcite", USER),
    )
    settings = run / "LocalSettings.php"
    highlight = program / "extensions-core/SyntaxHighlight_GeSHi/extension.json"
    with settings.open("a", encoding="utf-8") as file:
        file.write(f"\nwfLoadExtension('SyntaxHighlight_GeSHi', '{highlight}');\n")
        file.write(f"$wgPygmentizePath = '{Path(sys.executable).parent / 'pygmentize'}';\n")
        file.write("$wgUseInstantCommons = false; $wgJobRunRate = 10; $wgMainCacheType = CACHE_NONE;\n")
        file.write(f"$wgEnableUploads = true; $wgUploadDirectory = '{run}/uploads'; $wgUploadPath = '/uploads';\n")
        file.write("$wgFileExtensions = ['png', 'txt', 'pdf', 'docx']; $wgVerifyMimeType = false;\n")
    (run / "uploads").mkdir()
    router = run / "router.php"
    router.write_text(
        "<?php $path = urldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));\n"
        f"if (strpos($path, '/uploads/') !== 0) return false;\nreadfile('{run}' . $path);\n"
    )
    with _serve(program, port, run, router, MW_CONFIG_FILE=str(settings)) as url:
        yield f"{url}/api.php"


@contextmanager
def dokuwiki(run: Path) -> Iterator[str]:
    """Set a DokuWiki up in a folder of its own and serve it; gives the address of `xmlrpc.php`."""
    root = packages("dokuwiki")
    program, var, conf = run / "dokuwiki", run / "var", run / "conf"
    shutil.copytree(root / "usr/share/dokuwiki", program, symlinks=True)
    shutil.copytree(root / "var/lib/dokuwiki", var, symlinks=True)
    shutil.copytree(root / "etc/dokuwiki", conf, symlinks=True)
    moved = {"/etc/dokuwiki": conf, "/var/lib/dokuwiki": var, "/usr/share/dokuwiki": program}
    moved |= {"/usr/share/php": root / "usr/share/php"}
    for folder in (program / "inc", program / "vendor/composer", conf):
        for path in folder.rglob("*.php"):
            if path.is_file() and not path.is_symlink():
                _rewrite(path, moved)
    for name in ("plugins", "tpl"):
        (program / "lib" / name).unlink()
        (program / "lib" / name).symlink_to(var / "lib" / name)
    for name in ("acl.auth.php", "users.auth.php"):
        (conf / name).unlink()
    digest = subprocess.run(
        ["php", "-r", "echo password_hash($argv[1], PASSWORD_BCRYPT);", PASSWORD],
        check=True,
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
    ).stdout
    (conf / "users.auth.php").write_text(
        f"{USER}:{digest}:Runcite:r@example.com:admin,user\nreader:{digest}:Reader:q@example.com:user\n"
    )
    (conf / "acl.auth.php").write_text(
        "# <?php exit()?>\n*\t@ALL\t0\n*\t@user\t1\n*\t@admin\t255\nrunbooks:secret:*\t@user\t0\n"
    )
    (conf / "local.php").write_text(
        "<?php\n$conf['useacl'] = 1; $conf['superuser'] = '@admin'; $conf['authtype'] = 'authplain';\n"
        "$conf['remote'] = 1; $conf['remoteuser'] = ''; $conf['passcrypt'] = 'bcrypt'; $conf['refcheck'] = 0;\n"
    )
    (conf / "mime.local.conf").write_text("md !text/plain\n")
    port = free_port()
    with _serve(program, port, run) as url:
        yield f"{url}/lib/exe/xmlrpc.php"


def free_port() -> int:
    """Ask the system for a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _php(script: Path, *arguments: str | Path) -> None:
    finished = subprocess.run(
        ["php", script, *arguments], capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def _rewrite(path: Path, moved: dict[str, Path]) -> None:
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    pattern = "|".join(re.escape(old) for old in sorted(moved, key=len, reverse=True))
    new = re.sub(pattern, lambda match: str(moved[match[0]]), text)
    if new != text:
        path.write_text(new, encoding="utf-8", errors="surrogateescape")


@contextmanager
def _serve(folder: Path, port: int, run: Path, router: Path | None = None, **environment: str) -> Iterator[str]:
    sessions = run / "sessions"
    sessions.mkdir()
    with (run / "php.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "php",
                "-d",
                f"session.save_path={sessions}",
                "-d",
                "opcache.revalidate_freq=0",
                "-S",
                f"127.0.0.1:{port}",
                "-t",
                str(folder),
                *([str(router)] if router else []),
            ],
            env=os.environ | environment,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
        try:
            _wait(process, port, run)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=START_TIMEOUT_S)


def _wait(process: "subprocess.Popen[bytes]", port: int, run: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, (run / "php.log").read_text()
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=START_TIMEOUT_S, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"php -S did not answer: {(run / 'php.log').read_text()}")
