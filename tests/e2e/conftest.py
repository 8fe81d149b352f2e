"""The demo as a person starts it, and a Chromium to use it with."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

# What runs without a browser is installed without one. `make test-browser` installs it, and finds
# no test at all, which fails, where it is missing.
collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
PASSWORD = "meridian-demo"


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Demo:
    url: str
    sandbox_url: str
    folder: Path
    process: subprocess.Popen

    @property
    def python(self):
        return [sys.executable, "manage.py"]

    @property
    def environment(self):
        return {
            **plain_environment(),
            "PORT": self.url.rsplit(":", 1)[1],
            "SANDBOX_PORT": self.sandbox_url.rsplit(":", 1)[1],
            "DEMO_DIR": str(self.folder),
        }

    def manage(self, *arguments):
        """Run a management command against the demo's data; what it printed."""
        done = subprocess.run(
            [*self.python, *arguments, "--settings", "sandbox.demo_settings"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return done.stdout

    def logs(self):
        """Everything its processes wrote."""
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("logs/*.log"))


def plain_environment():
    """What a person's shell has; the suite's own settings stand in this process's environment."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ}


def start_demo(folder, port, sandbox_port, **more):
    environment = {**plain_environment(), **more}
    environment |= {"PORT": str(port), "SANDBOX_PORT": str(sandbox_port), "DEMO_DIR": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--settings", "sandbox.demo_settings"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    demo = Demo(f"http://localhost:{port}", f"http://localhost:{sandbox_port}", folder, process)
    for _ in range(600):
        if process.poll() is not None:
            pytest.fail(f"the demo ended: {process.stdout.read()}")
        try:
            urllib.request.urlopen(f"{demo.url}/healthz", timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return demo
    pytest.fail("the demo did not come up in two minutes")


def stop_demo(demo):
    """Ctrl-C; the exit code."""
    demo.process.send_signal(signal.SIGINT)
    demo.process.communicate(timeout=30)
    return demo.process.returncode


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    demo = start_demo(tmp_path_factory.mktemp("demo"), free_port(), free_port())
    yield demo
    assert stop_demo(demo) == 0


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    if not CHROMIUM.exists():
        pytest.fail(f"no Chromium at {CHROMIUM}: install it, or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Call it for a page of a fresh private window; it fails the test on a script or CSP fault."""
    contexts, faults = [], []

    def opened(*, phone=False, scripts=True, dark=False, timezone="Europe/Dublin"):
        size = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
        context = chromium.new_context(
            viewport=size,
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
            timezone_id=timezone,
            has_touch=phone,
            locale="en-GB",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda message: (
                faults.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def sign_in_page(demo, open_page):
    """Call it with an e-mail: a page of somebody signed in, on the calendar."""

    def signed_in(email="amara@finchharbour.example", *, at=demo, **options):
        page = open_page(**options)
        sign_in(at, page, email)
        return page

    return signed_in


def sign_in(demo, page, email):
    page.goto(f"{demo.url}/calendar")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/calendar**")
