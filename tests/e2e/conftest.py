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

from tests.e2e.days import MONDAY

# What runs without a browser is installed without one. `make test-browser` installs it, and finds
# no test at all, which fails, where it is missing.
collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
PASSWORD = "meridian-demo"
# How long what happens at all may take, on a machine with much else to do. A test that asserts a
# promised time says that time itself.
PATIENCE = 30_000
# 4 walks as a machine does that is four times as slow.
SLOW = float(os.environ.get("MERIDIAN_E2E_SLOW", "1"))


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
    from playwright.sync_api import expect, sync_playwright

    if not CHROMIUM.exists():
        pytest.fail(f"no Chromium at {CHROMIUM}: install it, or set CHROMIUM")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        yield browser
        browser.close()


def page_in(context):
    """A page that waits with patience."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    if SLOW > 1:
        tools = context.new_cdp_session(page)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOW})
    return page


@pytest.fixture
def open_page(chromium):
    """Call it for a page of a fresh private window; it fails the test on a script or CSP fault.

    `session` is what `session_of` gave: a window in which somebody is signed in.
    """
    contexts, faults = [], []

    def opened(*, phone=False, scripts=True, dark=False, timezone="Europe/Dublin", session=None):
        size = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
        context = chromium.new_context(
            viewport=size,
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
            timezone_id=timezone,
            has_touch=phone,
            locale="en-GB",
            storage_state=session,
        )
        contexts.append(context)
        page = page_in(context)
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


@pytest.fixture(scope="session")
def session_of(chromium):
    """Call it with a demo and an e-mail: somebody's session, begun with the password once.

    Thirty sign-ins a minute from one address are all that is let in, so on a quick machine walks
    that each sign in are refused by turns.
    """
    kept = {}

    def session(demo, email):
        if (demo.url, email) not in kept:
            context = chromium.new_context(locale="en-GB")
            sign_in(demo, page_in(context), email)
            kept[demo.url, email] = context.storage_state()
            context.close()
        return kept[demo.url, email]

    return session


@pytest.fixture
def page_of(demo, open_page, session_of):
    """Call it with an e-mail: a page of somebody signed in, which has gone nowhere yet."""

    def opened(email="amara@finchharbour.example", *, at=demo, **options):
        return open_page(session=session_of(at, email), **options)

    return opened


@pytest.fixture
def sign_in_page(demo, page_of):
    """The same, on the week that the demo began in."""

    def signed_in(email="amara@finchharbour.example", *, at=demo, **options):
        page = page_of(email, at=at, **options)
        # Walks of one person share a session, and it remembers the view that was looked at last.
        page.goto(f"{at.url}/calendar?view=week&date={MONDAY}")
        return page

    return signed_in


def sign_in(demo, page, email):
    page.goto(f"{demo.url}/calendar")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    # The whole address: that of the form ends in `?next=/calendar`.
    page.wait_for_url(f"{demo.url}/calendar**")
